import type { Shelf, Take } from './shelf.ts'

/** What browsers record, the best for speech first: Opus in WebM everywhere but on Apple's, where it is MP4. */
const MEDIA_TYPES = ['audio/webm;codecs=opus', 'audio/mp4;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus']
/** Opus carries speech well at this. */
const BITS_PER_SECOND = 32_000
/** How often what was recorded is put on the shelf: what a crash may cost. */
const PIECE_MS = 1_000
/** How often loudness is measured and shown. */
export const TICK_MS = 50
/** Below this nothing is being said. */
const QUIET = 0.02

/** Why nothing can be recorded. */
export type Obstacle = 'refused' | 'absent' | 'busy' | 'unsupported'

export class NoMicrophone extends Error {
  readonly obstacle: Obstacle

  constructor(obstacle: Obstacle) {
    super(obstacle)
    this.obstacle = obstacle
  }
}

export function canRecord(): boolean {
  return typeof MediaRecorder === 'function' && navigator.mediaDevices !== undefined && mediaType() !== undefined
}

function mediaType(): string | undefined {
  return MEDIA_TYPES.find((type) => MediaRecorder.isTypeSupported(type))
}

export interface Listener {
  /** Some times a second while recording. */
  tick: () => void
  /** It stopped by itself: at the longest, or because the microphone went away. */
  ended: (why: 'longest' | 'microphone') => void
}

/** One recording while it is made. */
export class Recorder {
  readonly take: Take
  readonly #shelf: Shelf
  readonly #stream: MediaStream
  readonly #recorder: MediaRecorder
  readonly #context: AudioContext
  readonly #analyser: AnalyserNode
  readonly #samples: Float32Array<ArrayBuffer>
  readonly #pieces: Blob[] = []
  readonly #timer: ReturnType<typeof setInterval>
  readonly #longest: number
  readonly #listener: Listener
  #shelved: Promise<unknown> = Promise.resolve()
  #hasRoom = true
  #runningSince: number | undefined
  #quietSince = 0

  /**
   * Asks for the microphone and begins. `longest`: seconds. Undefined, with the microphone off, when it `isWanted` no
   * more once it is there: people may think about it for long. Throws NoMicrophone, and nothing else.
   */
  static async start(
    shelf: Shelf,
    key: string,
    longest: number,
    listener: Listener,
    isWanted: () => boolean,
  ): Promise<Recorder | undefined> {
    if (!canRecord()) throw new NoMicrophone('unsupported')
    let stream: MediaStream
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      })
    } catch (error) {
      throw new NoMicrophone(obstacleOf(error))
    }
    if (!isWanted()) {
      switchOff(stream)
      return undefined
    }
    try {
      return new Recorder(shelf, key, longest, listener, stream)
    } catch {
      switchOff(stream)
      throw new NoMicrophone('busy')
    }
  }

  private constructor(shelf: Shelf, key: string, longest: number, listener: Listener, stream: MediaStream) {
    const type = mediaType()!
    const extension = type.includes('webm') ? 'webm' : type.includes('ogg') ? 'ogg' : 'm4a'
    this.take = {
      key,
      kind: 'recording',
      name: `recording.${extension}`,
      mediaType: type,
      seconds: 0,
      peaks: [],
      whole: false,
      at: Date.now(),
    }
    this.#shelf = shelf
    this.#longest = longest
    this.#listener = listener
    this.#stream = stream
    this.#context = new AudioContext()
    this.#analyser = this.#context.createAnalyser()
    this.#samples = new Float32Array(this.#analyser.fftSize)
    this.#context.createMediaStreamSource(stream).connect(this.#analyser)
    this.#recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: BITS_PER_SECOND })
    this.#recorder.ondataavailable = ({ data }) => this.#keep(data)
    stream.getAudioTracks()[0]!.onended = () => listener.ended('microphone')
    this.#recorder.start(PIECE_MS)
    this.#runningSince = performance.now()
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    addEventListener('pagehide', this.#hide)
  }

  get isPaused(): boolean {
    return this.#runningSince === undefined
  }

  /** Without pauses. */
  get seconds(): number {
    return this.take.seconds + this.#runningSeconds()
  }

  /** How long nothing has been heard. */
  get quietSeconds(): number {
    return this.seconds - this.#quietSince
  }

  /** What there is so far. */
  get soFar(): Blob {
    return new Blob(this.#pieces, { type: this.take.mediaType })
  }

  pause(): void {
    if (this.isPaused) return
    this.#recorder.pause()
    this.take.seconds = this.seconds
    this.#runningSince = undefined
  }

  resume(): void {
    if (!this.isPaused) return
    this.#recorder.resume()
    this.#runningSince = performance.now()
    this.#quietSince = this.take.seconds
  }

  /** Ends it. The take is whole when this resolves, and on the shelf if there was room. */
  async stop(): Promise<{ take: Take; blob: Blob }> {
    this.take.seconds = this.seconds
    this.#runningSince = undefined
    await new Promise<void>((resolve) => {
      this.#recorder.onstop = () => resolve()
      if (this.#recorder.state === 'inactive') resolve()
      else this.#recorder.stop()
    })
    this.#release()
    await this.#shelved
    const blob = this.soFar
    this.take.whole = true
    this.take.size = blob.size
    await this.#shelf.putTake(this.take)
    return { take: this.take, blob }
  }

  /** Ends it and keeps nothing. */
  async discard(): Promise<void> {
    this.#recorder.ondataavailable = null
    if (this.#recorder.state !== 'inactive') this.#recorder.stop()
    this.#release()
    await this.#shelved
    await this.#shelf.removeTake(this.take.key)
  }

  /** The page is going away: what was said in this second is kept, too, if there is time. */
  readonly #hide = () => {
    if (this.#recorder.state !== 'inactive') this.#recorder.requestData()
  }

  #release(): void {
    clearInterval(this.#timer)
    removeEventListener('pagehide', this.#hide)
    switchOff(this.#stream)
    void this.#context.close()
  }

  #keep(data: Blob): void {
    if (data.size === 0) return
    const number = this.#pieces.push(data) - 1
    // A full disk must not end the recording: the rest of it is in memory only.
    if (!this.#hasRoom) return
    const kept = this.#shelf.putPiece({ ...this.take, seconds: this.seconds }, number, data).then((isKept) => {
      this.#hasRoom &&= isKept
    })
    this.#shelved = Promise.all([this.#shelved, kept])
  }

  #tick(): void {
    if (this.isPaused) return
    this.#analyser.getFloatTimeDomainData(this.#samples)
    let sum = 0
    for (const sample of this.#samples) sum += sample * sample
    const loudness = Math.sqrt(sum / this.#samples.length)
    if (loudness > QUIET) this.#quietSince = this.seconds
    this.take.peaks.push(Math.round(Math.min(1, Math.sqrt(loudness * 2)) * 100) / 100)
    if (this.seconds >= this.#longest) this.#listener.ended('longest')
    else this.#listener.tick()
  }

  #runningSeconds(): number {
    return this.#runningSince === undefined ? 0 : (performance.now() - this.#runningSince) / 1_000
  }
}

function switchOff(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

function obstacleOf(error: unknown): Obstacle {
  switch ((error as DOMException).name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused'
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'absent'
    default:
      return 'busy'
  }
}
