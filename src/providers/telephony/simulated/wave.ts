import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const RATE = 8_000
const HEADER = 44
const TONE_AMPLITUDE = 8_000

/**
 * A recording of a person who speaks for `speaksMs` and then is silent: 8 kHz mono 16-bit WAV. The voice is a tone whose
 * pitch depends on the number, so that a test can tell whose recording it has.
 */
export function recordedVoice(number: string, durationMs: number, speaksMs: number): Uint8Array {
  const samples = Math.round((durationMs * RATE) / 1_000)
  const spoken = Math.min(samples, Math.round((speaksMs * RATE) / 1_000))
  const bytes = Buffer.alloc(HEADER + 2 * samples)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(36 + 2 * samples, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(1, 22)
  bytes.writeUInt32LE(RATE, 24)
  bytes.writeUInt32LE(2 * RATE, 28)
  bytes.writeUInt16LE(2, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36)
  bytes.writeUInt32LE(2 * samples, 40)
  const step = (2 * Math.PI * pitchOf(number)) / RATE
  for (let n = 0; n < spoken; n++) bytes.writeInt16LE(Math.round(TONE_AMPLITUDE * Math.sin(n * step)), HEADER + 2 * n)
  return bytes
}

/** Hertz, from 200 to 999, by the last digits of the number. */
export function pitchOf(number: string): number {
  return 200 + (Number(number.slice(-4)) % 800)
}

/** How long an 8 kHz mono 16-bit WAV file plays, in milliseconds; undefined when it cannot be read or is none. */
export function waveDuration(path: string): number | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    const head = Buffer.alloc(HEADER)
    if (readSync(file, head, 0, HEADER, 0) < HEADER || head.toString('latin1', 8, 12) !== 'WAVE') return undefined
    return Math.round(((fstatSync(file).size - HEADER) / (2 * RATE)) * 1_000)
  } finally {
    closeSync(file)
  }
}
