import {
  ADTS,
  FLAC,
  Input,
  type InputAudioTrack,
  type InputFormat,
  Logging,
  MATROSKA,
  MP3,
  MP4,
  OGG,
  QTFF,
  WEBM,
} from 'mediabunny'
import { AudioError, type AudioFacts } from './audio.ts'
import { checkBoxes } from './check-boxes.ts'
import { decodeMp3 } from './decode-mp3.ts'
import { decodeOpus } from './decode-opus.ts'
import { decodeWav } from './decode-wav.ts'
import { decodeWithFfmpeg, type Ffmpeg, ffmpegCanDecode } from './decode-with-ffmpeg.ts'
import { type ByteSource, type Decoded, MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE } from './decoded.ts'
import { watchedSource } from './watched-source.ts'
import { isWav } from './wav-format.ts'

Logging.level = 0

const CONTAINERS = new Map<InputFormat, AudioFacts['container']>([
  [MP4, 'mp4'],
  [QTFF, 'mp4'],
  [WEBM, 'webm'],
  [MATROSKA, 'webm'],
  [OGG, 'ogg'],
  [FLAC, 'flac'],
  [MP3, 'mp3'],
  [ADTS, 'adts'],
])

/** How files begin that we would know if they went on. */
const BEGINNINGS = [/^....ftyp/s, /^.E\xdf\xa3/s, /^OggS/, /^ID3/, /^fLaC/, /^RIFF....(WAVE)?$/s]

/** Says what a file is, by its content, and opens it. Throws AudioError. `dispose` is to be called in any case. */
export async function openAudio(
  source: ByteSource,
  ffmpeg: Ffmpeg | undefined,
  options: { partial: boolean },
): Promise<Decoded & { dispose(): void }> {
  if (source.size === 0) throw new AudioError('empty', 'the file has no bytes')
  if (isWav(source)) return { ...decodeWav(source, options), dispose() {} }
  checkBoxes(source)
  const input = new Input({
    formats: [...CONTAINERS.keys()],
    source: watchedSource(source),
  })
  const dispose = () => input.dispose()
  try {
    return { ...(await openTrack(source, input, ffmpeg)), dispose }
  } catch (error) {
    dispose()
    throw error
  }
}

async function openTrack(source: ByteSource, input: Input, ffmpeg: Ffmpeg | undefined): Promise<Decoded> {
  const container = CONTAINERS.get(await formatOf(source, input))
  const track = await guarded('the header cannot be read', () => input.getPrimaryAudioTrack())
  if (!track || !container) throw new AudioError('not_audio', 'there is no sound in the file')
  const codec = await guarded('the codec cannot be told', () => track.getCodec())
  const facts = await guarded('the header cannot be read', () => factsOf(track))
  if (codec === 'mp3' && container === 'mp3') return decodeMp3(source, facts)
  if (codec === 'opus') return decodeOpus(track, { container, ...facts })
  if (codec && ffmpeg && ffmpegCanDecode(codec)) return decodeWithFfmpeg(ffmpeg, { container, codec, ...facts })
  const name = codec ?? 'an unknown codec'
  const why = codec && ffmpegCanDecode(codec) ? 'needs ffmpeg, which this server does not have' : 'is not supported'
  throw new AudioError('unsupported_codec', `${name} in ${container} ${why}`)
}

async function formatOf(source: ByteSource, input: Input): Promise<InputFormat> {
  try {
    return await input.getFormat()
  } catch (cause) {
    if (cause instanceof AudioError) throw cause
    const head = String.fromCharCode(...source.read(0, 12))
    if (BEGINNINGS.some((beginning) => beginning.test(head))) {
      throw new AudioError('truncated', 'the file ends in its header', { cause })
    }
    throw new AudioError('not_audio', 'the file is of no kind of audio that is known', { cause })
  }
}

async function factsOf(track: InputAudioTrack) {
  const sampleRate = await track.getSampleRate()
  const channels = await track.getNumberOfChannels()
  const claimedSeconds = (await track.getDurationFromMetadata()) ?? undefined
  if (!(channels >= 1 && channels <= MAX_CHANNELS)) throw new AudioError('hostile', `a file with ${channels} channels`)
  if (!(sampleRate >= MIN_SAMPLE_RATE && sampleRate <= MAX_SAMPLE_RATE)) {
    throw new AudioError('hostile', `a file with ${sampleRate} samples per second`)
  }
  return { sampleRate, channels, claimedSeconds }
}

/** A demuxer gives up where bytes are missing or do not make sense; which of the two, it does not say. */
export async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof AudioError) throw cause
    throw new AudioError('truncated', `${what}: ${(cause as Error).message}`, { cause })
  }
}
