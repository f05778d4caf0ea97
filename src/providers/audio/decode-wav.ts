import { AudioError } from './audio.ts'
import type { ByteSource, Decoded } from './decoded.ts'
import { type WavFormat, wavFormat } from './wav-format.ts'

const FRAMES_PER_BLOCK = 16_384

export function decodeWav(source: ByteSource, { partial }: { partial: boolean }): Decoded {
  const format = wavFormat(source)
  const { codec, sampleRate, channels, dataBytes, claimedBytes } = format
  if (!partial && claimedBytes !== undefined && claimedBytes > dataBytes) {
    throw new AudioError('truncated', `the WAV file has ${dataBytes} of the ${claimedBytes} bytes that it promises`)
  }
  return { container: 'wav', codec, sampleRate, channels, blocks: blocksOf(source, format) }
}

async function* blocksOf(source: ByteSource, format: WavFormat): AsyncGenerator<Float32Array> {
  for (const block of monoBlocks(source, format)) yield block
}

/** The mean of the channels, block by block. */
export function* monoBlocks(source: ByteSource, format: WavFormat): Generator<Float32Array> {
  const { channels, frameBytes, dataStart, dataBytes, sampleAt } = format
  const frames = Math.floor(dataBytes / frameBytes)
  const sampleBytes = frameBytes / channels
  for (let first = 0; first < frames; first += FRAMES_PER_BLOCK) {
    const wanted = Math.min(FRAMES_PER_BLOCK, frames - first)
    const bytes = source.read(dataStart + first * frameBytes, wanted * frameBytes)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const block = new Float32Array(Math.floor(bytes.length / frameBytes))
    for (let n = 0; n < block.length; n++) {
      let sum = 0
      for (let channel = 0; channel < channels; channel++) sum += sampleAt(view, n * frameBytes + channel * sampleBytes)
      block[n] = sum / channels
    }
    yield block
  }
}
