import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readWav, trimmed } from './audio.ts'

const run = promisify(execFile)

/** A text spoken by espeak-ng, without silence at its ends. */
export async function speak(text: string, voice = 'en-us'): Promise<Int16Array> {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-speech-'))
  try {
    const [words, spoken, resampled] = ['words.txt', 'spoken.wav', 'resampled.wav'].map((name) =>
      join(folder, name),
    ) as [string, string, string]
    await writeFile(words, text)
    await run('espeak-ng', ['-v', voice, '-s', '150', '-f', words, '-w', spoken])
    await run('sox', [
      spoken,
      '-r',
      '8000',
      '-c',
      '1',
      '-b',
      '16',
      '-e',
      'signed-integer',
      resampled,
      'gain',
      '-n',
      '-6',
    ])
    return trimmed(readWav(await readFile(resampled)))
  } finally {
    await rm(folder, { recursive: true })
  }
}
