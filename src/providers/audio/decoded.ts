import type { AudioFacts } from './audio.ts'

/** Bytes that can be read anywhere. */
export interface ByteSource {
  readonly size: number
  /** Fewer than `length` only at the end. What is returned may be overwritten by the next call. */
  read(at: number, length: number): Uint8Array
}

/** An opened file: what it says it is, and its sound. */
export interface Decoded {
  container: AudioFacts['container']
  codec: AudioFacts['codec']
  sampleRate: number
  channels: number
  /** What a header says, when one does. */
  claimedSeconds?: number | undefined
  /** The channels' mean, from -1 to 1, in blocks of any length. Iterated once; throws AudioError. */
  blocks: AsyncIterable<Float32Array>
}

/** Highest sample rate that any converter has. */
export const MAX_SAMPLE_RATE = 768_000
export const MIN_SAMPLE_RATE = 1_000
export const MAX_CHANNELS = 32

/** The mean of channels. */
export function mixDown(channels: readonly Float32Array[], length: number): Float32Array {
  const [first] = channels
  if (channels.length === 1 && first) return first.length === length ? first : first.subarray(0, length)
  const mixed = new Float32Array(length)
  for (const channel of channels) for (let n = 0; n < length; n++) mixed[n]! += channel[n]! / channels.length
  return mixed
}
