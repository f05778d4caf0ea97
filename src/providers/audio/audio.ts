/** Bytes of a recording or an upload; their name and declared type are not asked for. */
export type AudioSource = Uint8Array | AsyncIterable<Uint8Array>

/**
 * What can be made. All are mono.
 * - `mp3`: 48 kbit/s at 24 kHz or less, for browsers
 * - `wav8k`: 16-bit WAV at 8 kHz, for telephones
 * - `wav16k`: 16-bit WAV at 16 kHz, for transcription
 */
export const AUDIO_TARGETS = ['mp3', 'wav8k', 'wav16k'] as const
export type AudioTarget = (typeof AUDIO_TARGETS)[number]

/** What a file is, by its content. */
export interface AudioFacts {
  container: 'wav' | 'mp3' | 'ogg' | 'webm' | 'mp4' | 'adts' | 'flac'
  codec: 'pcm' | 'alaw' | 'ulaw' | 'mp3' | 'opus' | 'aac' | 'vorbis' | 'flac'
  /** Of what was decoded, not of what a header says. */
  durationMs: number
  /** In Hz, of the decoded sound. */
  sampleRate: number
  channels: number
  /** The loudest sample of the channels' mean, from 0 to 1 and above when it is clipped. */
  peak: number
  /** Nothing can be heard in it. */
  silent: boolean
}

export interface Converted<Target extends AudioTarget = AudioTarget> {
  facts: AudioFacts
  files: Record<Target, Uint8Array<ArrayBuffer>>
  /** The loudest sample of each of WAVEFORM_POINTS equal stretches of time, from 0 to 255. */
  waveform: Uint8Array<ArrayBuffer>
}

export const WAVEFORM_POINTS = 200

export interface AudioOptions {
  signal?: AbortSignal
  /** Takes what is there of a file that still grows: that its end is missing is no fault. Default false. */
  partial?: boolean
}

export interface Audio {
  /** Decodes all of it to tell what it is. Rejects with AudioError, or with the signal's reason. */
  inspect(source: AudioSource, options?: AudioOptions): Promise<AudioFacts>
  /** Makes the targets, the facts and the waveform in one go. Rejects as `inspect` and with the source's error. */
  convert<Target extends AudioTarget>(
    source: AudioSource,
    targets: readonly Target[],
    options?: AudioOptions,
  ): Promise<Converted<Target>>
  /** Ends what is under way. */
  close(): Promise<void>
}

/**
 * - `empty`: no bytes, or no sound in them; silence is sound
 * - `not_audio`: nothing that is known
 * - `unsupported_codec`: known, but it cannot be decoded here; `codec` says what
 * - `truncated`: a part is missing
 * - `hostile`: its headers contradict each other or themselves
 * - `too_large`, `too_long`: more bytes or more time than allowed
 * - `unavailable`: too much is being converted already; try later
 * - `failed`: it should have worked, or it took too long
 */
export type AudioRefusal =
  | 'empty'
  | 'not_audio'
  | 'unsupported_codec'
  | 'truncated'
  | 'hostile'
  | 'too_large'
  | 'too_long'
  | 'unavailable'
  | 'failed'

export class AudioError extends Error {
  override readonly name = 'AudioError'
  readonly refusal: AudioRefusal

  constructor(refusal: AudioRefusal, message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.refusal = refusal
  }

  /** Whether the same file may be converted later. */
  get retryable(): boolean {
    return this.refusal === 'unavailable' || this.refusal === 'failed'
  }
}
