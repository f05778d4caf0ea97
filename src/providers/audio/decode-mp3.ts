import { MPEGDecoder } from 'mpg123-decoder'
import { AudioError } from './audio.ts'
import { bearComplaints } from './bear-complaints.ts'
import { type ByteSource, type Decoded, mixDown } from './decoded.ts'

const BLOCK_BYTES = 65_536
const ID3_HEADER_BYTES = 10
/** Where a first frame tells how many follow it. */
const FRAME_HEAD_BYTES = 200
/** Samples of the frames that were not in what was encoded, before and behind it, and that are not given back. */
const MAX_UNPLAYED = 2_304

/** MP3 from its first frame on. */
export function decodeMp3(
  source: ByteSource,
  facts: { sampleRate: number; channels: number; claimedSeconds: number | undefined },
): Decoded {
  const start = afterId3(source)
  const { sampleRate, claimedSeconds = 0 } = facts
  const leastSeconds = Math.max(0, claimedSeconds - MAX_UNPLAYED / sampleRate)
  return {
    container: 'mp3',
    codec: 'mp3',
    sampleRate,
    channels: facts.channels,
    // Without a count of frames it is only guessed, from the size.
    claimedSeconds: countsFrames(source, start) ? leastSeconds : undefined,
    blocks: blocksOf(source, start, sampleRate),
  }
}

async function* blocksOf(source: ByteSource, start: number, sampleRate: number): AsyncGenerator<Float32Array> {
  // Never freed: its memory is its own and goes with it.
  const decoder = new MPEGDecoder()
  await decoder.ready
  for (let at = start; at < source.size; at += BLOCK_BYTES) {
    const decoded = bearComplaints(() => decoder.decode(source.read(at, BLOCK_BYTES)))
    const { channelData, samplesDecoded } = decoded
    if (samplesDecoded === 0) continue
    if (decoded.sampleRate !== sampleRate) {
      throw new AudioError('hostile', `the MP3 file changes from ${sampleRate} to ${decoded.sampleRate} Hz`)
    }
    yield mixDown(channelData, samplesDecoded)
  }
}

/** Where the frames begin: tags may hold pictures of many megabytes. */
function afterId3(source: ByteSource): number {
  let at = 0
  for (;;) {
    const head = source.read(at, ID3_HEADER_BYTES)
    if (head.length < ID3_HEADER_BYTES || String.fromCharCode(...head.subarray(0, 3)) !== 'ID3') return at
    const size = head.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 127), 0)
    at += ID3_HEADER_BYTES + size
  }
}

function countsFrames(source: ByteSource, start: number): boolean {
  return /Xing|Info/.test(String.fromCharCode(...source.read(start, FRAME_HEAD_BYTES)))
}
