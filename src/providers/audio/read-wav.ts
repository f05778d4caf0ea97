import { AudioError } from './audio.ts'
import { monoBlocks } from './decode-wav.ts'
import type { ByteSource } from './decoded.ts'
import { toInt16 } from './to-int16.ts'
import { isWav, wavFormat } from './wav-format.ts'

/** A whole WAV file in memory as mono samples of 16 bits; undefined for anything else and for one that lacks a part. */
export function readWav(bytes: Uint8Array): { samples: Int16Array<ArrayBuffer>; sampleRate: number } | undefined {
  const source: ByteSource = { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) }
  try {
    if (!isWav(source)) return undefined
    const format = wavFormat(source)
    if (format.claimedBytes !== undefined && format.claimedBytes > format.dataBytes) return undefined
    const samples = new Int16Array(Math.floor(format.dataBytes / format.frameBytes))
    let at = 0
    for (const block of monoBlocks(source, format)) {
      samples.set(toInt16(block), at)
      at += block.length
    }
    return { samples, sampleRate: format.sampleRate }
  } catch (error) {
    if (error instanceof AudioError) return undefined
    throw error
  }
}
