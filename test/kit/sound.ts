import { createMp3Encoder } from 'wasm-media-encoders'
import { makeWav, sine } from '../../src/providers/audio/test-wav.ts'

/** A tone that can be heard, as a WAV file: 8 kHz, 16 bits, mono. */
export function toneWav(seconds = 0.25): Buffer {
  return Buffer.from(makeWav(sine(440, 8_000, seconds)))
}

/** The same as an MP3 file at 24 kHz. */
export async function toneMp3(seconds = 0.25): Promise<Buffer> {
  const encoder = await createMp3Encoder()
  encoder.configure({ sampleRate: 24_000, channels: 1, bitrate: 32 })
  const samples = sine(440, 24_000, seconds)
  // What is returned is overwritten by the next call.
  return Buffer.concat([encoder.encode([samples]).slice(), encoder.finalize().slice()])
}
