import { createMp3Encoder } from 'wasm-media-encoders'
import type { AudioTarget } from './audio.ts'
import { mp3InfoFrame } from './mp3-info-frame.ts'
import { createResampler } from './resampler.ts'
import { toInt16 } from './to-int16.ts'
import { wavHeader } from './wav.ts'

/** Makes one file of what passes. */
export interface Sink {
  push(block: Float32Array): void
  end(): Uint8Array<ArrayBuffer>
}

const MP3_KILOBITS = 48
/** Rates at which speech loses nothing, and which MP3 has. */
const MP3_RATES = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000]

export async function createSink(target: AudioTarget, sampleRate: number): Promise<Sink> {
  switch (target) {
    case 'mp3':
      return mp3Sink(sampleRate)
    case 'wav8k':
      return wavSink(sampleRate, 8_000)
    case 'wav16k':
      return wavSink(sampleRate, 16_000)
  }
}

function wavSink(from: number, to: number): Sink {
  const resampler = createResampler(from, to)
  const pieces: Int16Array<ArrayBuffer>[] = []
  return {
    push: (block) => void pieces.push(toInt16(resampler.push(block))),
    end() {
      pieces.push(toInt16(resampler.end()))
      const bytes = pieces.map((piece) => new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength))
      return joined([
        wavHeader(
          bytes.reduce((sum, { length }) => sum + length, 0),
          to,
        ),
        ...bytes,
      ])
    },
  }
}

async function mp3Sink(from: number): Promise<Sink> {
  const to = MP3_RATES.includes(from) ? from : from === 44_100 ? 22_050 : 24_000
  const resampler = createResampler(from, to)
  const encoder = await createMp3Encoder()
  encoder.configure({ sampleRate: to as 24_000, channels: 1, bitrate: MP3_KILOBITS })
  const pieces: Uint8Array[] = []
  let samples = 0
  // What the encoder returns is its own and is overwritten by the next call.
  const encode = (block: Float32Array) => {
    samples += block.length
    if (block.length > 0) pieces.push(encoder.encode([block]).slice())
  }
  return {
    push: (block) => encode(resampler.push(block)),
    end() {
      encode(resampler.end())
      pieces.push(encoder.finalize().slice())
      const frames = joined(pieces)
      if (frames.length === 0) return frames
      return joined([mp3InfoFrame(frames, { samples, sampleRate: to, kilobits: MP3_KILOBITS }), frames])
    },
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
