import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createWorkerPool, WorkerError } from '../../platform/worker-pool.ts'
import {
  type Audio,
  AudioError,
  type AudioOptions,
  type AudioSource,
  type AudioTarget,
  type Converted,
} from './audio.ts'
import type { AudioJob, AudioResult } from './audio-worker.ts'

export interface AudioThreadsOptions {
  /** Threads, and files that are converted at once. */
  workers: number
  /** For one file, once its bytes are here. */
  timeoutMs: number
  maxDurationMs: number
  maxBytes: number
  /** The program that decodes what only it can, by name or path; used when it runs. Absent: do without. */
  ffmpeg?: string | undefined
  /** Files that may be under way, beyond which more are refused. Default 100. */
  maxWaiting?: number
}

/** Of a thread: what it keeps for an hour of sound lies outside, in buffers. */
const MAX_HEAP_MB = 256

/**
 * Decodes and encodes in threads of this process, with mediabunny, libopus, mpg123 and LAME in WebAssembly; AAC, Vorbis
 * and FLAC with ffmpeg where it is installed. Bytes wait on the disk of this machine and are read there piece by piece,
 * so what is in memory grows with the results only (8 kHz WAV: 1 MB a minute), never with the upload.
 */
export function audioThreads(options: AudioThreadsOptions): Audio {
  const { workers, timeoutMs, maxDurationMs, maxBytes, maxWaiting = 100 } = options
  const pool = createWorkerPool<AudioJob, AudioResult>({
    url: new URL('./audio-worker.ts', import.meta.url),
    size: workers,
    timeoutMs,
    maxHeapMb: MAX_HEAP_MB,
  })
  let folder: Promise<string> | undefined
  let ffmpeg: Promise<string | undefined> | undefined
  let underWay = 0
  let closed = false

  async function run(
    source: AudioSource,
    targets: readonly AudioTarget[],
    { signal, partial = false }: AudioOptions = {},
  ) {
    signal?.throwIfAborted()
    if (closed) throw new AudioError('unavailable', 'audio was closed')
    if (underWay >= workers + maxWaiting) throw new AudioError('unavailable', `${underWay} files are being converted`)
    underWay++
    folder ??= mkdtemp(join(tmpdir(), 'saygraph-audio-'))
    ffmpeg ??= findFfmpeg(options.ffmpeg)
    const path = join(await folder, randomUUID())
    try {
      await spool(source, path, maxBytes, signal)
      const job = { path, targets, partial, maxDurationMs, timeoutMs, ffmpeg: await ffmpeg }
      const result = await pool.run(job, { signal })
      if ('refused' in result) throw new AudioError(result.refused, result.message)
      return result
    } catch (error) {
      throw error instanceof WorkerError ? asAudioError(error) : error
    } finally {
      underWay--
      await rm(path, { force: true })
    }
  }

  return {
    async inspect(source, options) {
      return (await run(source, [], options)).facts
    },
    async convert<Target extends AudioTarget>(source: AudioSource, targets: readonly Target[], options?: AudioOptions) {
      return (await run(source, targets, options)) as Converted<Target>
    },
    async close() {
      closed = true
      await pool.close()
      if (folder) await rm(await folder, { recursive: true, force: true })
    },
  }
}

/** Writes all bytes to a new file. Rejects with AudioError `too_large`, the source's error or the signal's reason. */
async function spool(
  source: AudioSource,
  path: string,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const chunks = source instanceof Uint8Array ? [source] : source
  await pipeline(
    Readable.from(limited(chunks, maxBytes), { objectMode: true }),
    createWriteStream(path, { flags: 'wx', mode: 0o600 }),
    { ...(signal && { signal }) },
  ).catch((error) => {
    signal?.throwIfAborted()
    throw error
  })
}

async function* limited(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > maxBytes) throw new AudioError('too_large', `the file has more than ${maxBytes} bytes`)
    if (chunk.length > 0) yield chunk
  }
}

/** The program when it can be run. */
function findFfmpeg(program: string | undefined): Promise<string | undefined> {
  if (program === undefined) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    execFile(program, ['-hide_banner', '-version'], { timeout: 10_000 }, (error) =>
      resolve(error ? undefined : program),
    )
  })
}

function asAudioError(cause: WorkerError): AudioError {
  const refusal = cause.failure === 'overloaded' || cause.failure === 'closed' ? 'unavailable' : 'failed'
  return new AudioError(refusal, cause.message, { cause })
}
