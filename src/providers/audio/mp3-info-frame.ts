/** What the frames of MPEG-2 and 2.5, layer III, mono hold; the rates that `sinks.ts` uses are all of these. */
const SAMPLES_PER_FRAME = 576
const HEADER_BYTES = 4
const SIDE_INFO_BYTES = 9
/** Samples that LAME puts before the first one; decoders know their own delay. */
const ENCODER_DELAY = 576
const HAS_FRAMES_AND_BYTES = 3
const ENCODER = 'LAME3.100'
/** Between the encoder's name and the delay: tag revision and method, low-pass, gain, flags, bit rate. */
const SKIPPED_BYTES = 12
/** Of the tag after the delay: gain, preset, length and checksums; all zero, which is "not said". */
const REST_BYTES = 12

/** Frames in a stream of one bit rate, each of `frameBytes` but for a byte of padding. */
function countFrames(frames: Uint8Array, frameBytes: number): number {
  let count = 0
  for (let at = 0; at < frames.length; count++) at += frameBytes + ((frames[at + 2]! >> 1) & 1)
  return count
}

/**
 * The frame that goes before an encoder's frames and says how many there are and which of their samples were not in what
 * was encoded (the "Info" frame of Xing and LAME), so that players and decoders give back `samples` samples, and not up to
 * a tenth of a second more. `frames` are mono, of one bit rate, from 8 to 24 kHz.
 */
export function mp3InfoFrame(
  frames: Uint8Array,
  { samples, sampleRate, kilobits }: { samples: number; sampleRate: number; kilobits: number },
): Uint8Array<ArrayBuffer> {
  const frameBytes = Math.floor(((SAMPLES_PER_FRAME / 8) * kilobits * 1_000) / sampleRate)
  const count = countFrames(frames, frameBytes)
  const padding = Math.max(0, count * SAMPLES_PER_FRAME - ENCODER_DELAY - samples)
  const info = new Uint8Array(frameBytes)
  const view = new DataView(info.buffer)
  info.set(frames.subarray(0, HEADER_BYTES))
  info[2]! &= ~2 // this frame has no byte of padding
  let at = HEADER_BYTES + SIDE_INFO_BYTES
  const text = (word: string) => {
    for (const letter of word) info[at++] = letter.charCodeAt(0)
  }
  text('Info')
  for (const value of [HAS_FRAMES_AND_BYTES, count, frameBytes + frames.length]) {
    view.setUint32(at, value)
    at += 4
  }
  text(ENCODER)
  at += SKIPPED_BYTES
  view.setUint16(at, (ENCODER_DELAY << 4) | (padding >> 8))
  info[at + 2] = padding & 255
  if (at + 3 + REST_BYTES > frameBytes) throw new Error(`a frame of ${frameBytes} bytes does not hold the tag`)
  return info
}
