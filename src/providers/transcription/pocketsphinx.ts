import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTurns } from '../../platform/turns.ts'
import { encodeWav } from '../audio/wav.ts'
import { heard } from './heard.ts'
import { primaryLanguage } from './language-code.ts'
import { type Segment, type Transcribed, type Transcription, TranscriptionError } from './transcription.ts'

export interface PocketsphinxOptions {
  /** By name or path. Default `pocketsphinx_continuous`, of Debian's packages pocketsphinx and pocketsphinx-en-us. */
  program?: string
  /** For one recording, once it has its turn. */
  timeoutMs: number
  /** Recordings that are listened to at once, each in a process of its own; others wait. */
  workers: number
}

/** The one model that Debian has. */
const LANGUAGE = 'en'
const MAX_OUTPUT_BYTES = 10_000_000
const SAMPLE_RATE = 16_000
const WORD = /^(\S+) (\d+\.\d+) (\d+\.\d+) (\d+\.\d+)$/
/** Silence, noises, and the beginning and end of an utterance. */
const FILLER = /^(<.*>|\[.*\]|\+\+.*\+\+)$/

/**
 * CMU's pocketsphinx as Debian packages it, in a child process without a shell. English only, without punctuation, and
 * a third to a half of the words of human speech are wrong: drafts. About 0.4 s to start and a third of the
 * recording's length.
 */
export function pocketsphinx(options: PocketsphinxOptions): Transcription {
  const { program = 'pocketsphinx_continuous', timeoutMs, workers } = options
  const turns = createTurns(workers)
  const closing = new AbortController()
  let folder: Promise<string> | undefined

  async function listen(wav: Uint8Array, given: AbortSignal | undefined): Promise<Transcribed> {
    const deadline = AbortSignal.timeout(timeoutMs)
    const signal = AbortSignal.any([deadline, closing.signal, ...(given ? [given] : [])])
    folder ??= mkdtemp(join(tmpdir(), 'saygraph-transcription-'))
    const path = join(await folder, `${randomUUID()}.wav`)
    try {
      await writeFile(path, wav, { flag: 'wx', mode: 0o600, signal })
      return read(await output(program, path, signal))
    } catch (error) {
      if (!deadline.aborted || given?.aborted || closing.signal.aborted) throw error
      throw new TranscriptionError('failed', `${program} took longer than ${timeoutMs} ms`, { cause: error })
    } finally {
      await rm(path, { force: true })
    }
  }

  return {
    method: 'pocketsphinx',
    isAvailable: true,
    isDraft: true,
    isLive: true,
    async transcribe({ wav, language, signal }) {
      signal?.throwIfAborted()
      if (language !== null && primaryLanguage(language) !== LANGUAGE) {
        throw new TranscriptionError('unsupported_language', `pocketsphinx knows no ${language}, only English`)
      }
      try {
        const stop = AbortSignal.any([closing.signal, ...(signal ? [signal] : [])])
        return await turns.take(() => listen(wav, signal), stop)
      } catch (error) {
        signal?.throwIfAborted()
        if (!closing.signal.aborted) throw error
        throw new TranscriptionError('unavailable', 'transcription was closed', { retryable: true })
      }
    },
    async close() {
      closing.abort()
      if (folder) await rm(await folder, { recursive: true, force: true })
    },
  }
}

/** Rejects with a reason for whoever set it up when the program or its model is not there. */
export async function checkPocketsphinx(options: PocketsphinxOptions): Promise<void> {
  const engine = pocketsphinx(options)
  try {
    await engine.transcribe({ wav: encodeWav(new Int16Array(SAMPLE_RATE / 2), SAMPLE_RATE), language: null })
  } catch (cause) {
    const message = `${(cause as Error).message}. Install Debian's packages pocketsphinx and pocketsphinx-en-us, or set TRANSCRIPTION to something else.`
    throw new Error(message, { cause })
  } finally {
    await engine.close()
  }
}

function output(program: string, path: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    // It is told to be silent about itself, and ended the hard way: it has nothing to put away.
    const args = ['-infile', path, '-time', 'yes', '-logfn', '/dev/null']
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
      signal,
      killSignal: 'SIGKILL',
    })
    const pieces: Buffer[] = []
    let length = 0
    child.stdout.on('data', (piece: Buffer) => {
      length += piece.length
      if (length > MAX_OUTPUT_BYTES) child.kill('SIGKILL')
      else pieces.push(piece)
    })
    child.once('error', (cause: NodeJS.ErrnoException) => {
      if (signal.aborted) return
      const what = cause.code === 'ENOENT' ? 'is not installed' : `cannot be run: ${cause.message}`
      reject(new TranscriptionError('unavailable', `${program} ${what}`, { cause }))
    })
    // Only when it is gone, so that nothing of it outlives the answer.
    child.once('close', (code, killedBy) => {
      if (signal.aborted) reject(signal.reason)
      else if (code === 0) resolve(Buffer.concat(pieces).toString())
      else reject(new TranscriptionError('failed', `${program} ended with ${code ?? killedBy}`))
    })
  })
}

/** One line for each utterance, followed by one for each of its words with their seconds and probability. */
function read(text: string): Transcribed {
  const segments: Segment[] = []
  let utterance: Segment | undefined
  let words = 0
  let sum = 0
  for (const line of text.split('\n')) {
    const [, word = '', start, end, probability] = WORD.exec(line) ?? []
    if (word === '') {
      utterance = { startMs: -1, endMs: 0, text: withoutFillers(line) }
    } else if (utterance && utterance.text !== '' && !FILLER.test(word)) {
      if (utterance.startMs < 0) {
        utterance.startMs = Math.round(Number(start) * 1_000)
        segments.push(utterance)
      }
      utterance.endMs = Math.round(Number(end) * 1_000)
      words++
      sum += Number(probability)
    }
  }
  return heard({
    text: segments.map((segment) => segment.text).join('\n'),
    language: LANGUAGE,
    confidence: words > 0 ? sum / words : null,
    segments,
  })
}

function withoutFillers(utterance: string): string {
  return utterance
    .split(/\s+/)
    .filter((word) => word !== '' && !FILLER.test(word))
    .join(' ')
}
