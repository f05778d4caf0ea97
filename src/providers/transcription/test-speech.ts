import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readWav } from '../audio/read-wav.ts'
import { encodeWav } from '../audio/wav.ts'

/** Whether this machine can speak and listen: Debian's flite, pocketsphinx and pocketsphinx-en-us. */
export const canHear = ['flite', 'pocketsphinx_continuous'].every(
  (program) => spawnSync(program, ['-help'], { stdio: 'ignore' }).error === undefined,
)

/** Speech as 16-bit WAV at 16 kHz, made by flite, which pocketsphinx understands best. */
export function speak(text: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'saygraph-flite-'))
  try {
    const path = join(folder, 'speech.wav')
    spawnSync('flite', ['-voice', 'slt', '-t', text, '-o', path], { stdio: 'ignore' })
    return readFileSync(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Speech-like sound of no words, for engines that only count. */
export function tone(seconds: number, rate = 16_000): Uint8Array {
  const samples = Int16Array.from(
    { length: seconds * rate },
    (_, n) => 9_000 * Math.sin((2 * Math.PI * 220 * n) / rate),
  )
  return encodeWav(samples, rate)
}

/** Recordings one after the other, with silence between. */
export function withPauses(recordings: readonly Uint8Array[], pauseSeconds: number): Uint8Array {
  const pieces = recordings.map((each) => readWav(each)!)
  const rate = pieces[0]!.sampleRate
  const pause = Math.round(pauseSeconds * rate)
  const samples = new Int16Array(pieces.reduce((sum, piece) => sum + piece.samples.length + pause, 0))
  let at = 0
  for (const piece of pieces) {
    samples.set(piece.samples, at)
    at += piece.samples.length + pause
  }
  return encodeWav(samples, rate)
}
