import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { serveJobs } from '../../platform/serve-jobs.ts'
import { AudioError, type AudioFacts, type AudioRefusal, type AudioTarget } from './audio.ts'
import type { ByteSource, Decoded } from './decoded.ts'
import { createMeter } from './measure.ts'
import { openAudio } from './open-audio.ts'
import { createSink } from './sinks.ts'

export interface AudioJob {
  path: string
  targets: readonly AudioTarget[]
  /** Of a file that still grows; see AudioOptions. */
  partial: boolean
  maxDurationMs: number
  timeoutMs: number
  /** The program, when it is there. */
  ffmpeg: string | undefined
}

export type AudioResult =
  | {
      facts: AudioFacts
      files: Partial<Record<AudioTarget, Uint8Array<ArrayBuffer>>>
      waveform: Uint8Array<ArrayBuffer>
    }
  | { refused: AudioRefusal; message: string }

/** In which every format has said what it is. */
const BEGINNING_BYTES = 4_096
/** By how much a file may be shorter than it says: encoders count what they pad. */
const TOLERATED_SECONDS = 0.15
const TOLERATED_PART = 0.02

serveJobs<AudioJob, AudioResult>(async (job) => {
  const file = openSync(job.path, 'r')
  try {
    const result = await convert(job, sourceOf(file))
    return { result, transfer: Object.values(result.files).map(({ buffer }) => buffer) }
  } catch (error) {
    if (!(error instanceof AudioError)) throw error
    return { result: { refused: error.refusal, message: error.message } }
  } finally {
    closeSync(file)
  }
})

function sourceOf(file: number): ByteSource {
  const { size } = fstatSync(file)
  return {
    size,
    read(at, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)))
      let filled = 0
      while (filled < bytes.length) {
        const got = readSync(file, bytes, filled, bytes.length - filled, at + filled)
        if (got === 0) break
        filled += got
      }
      return bytes.subarray(0, filled)
    },
  }
}

async function convert({ path, targets, partial, maxDurationMs, timeoutMs, ffmpeg }: AudioJob, source: ByteSource) {
  const program = ffmpeg === undefined ? undefined : { program: ffmpeg, path, maxDurationMs, timeoutMs }
  const decoded = await openAudio(source, program, { partial }).catch((error) => {
    throw partial && isTooEarly(error, source) ? new AudioError('truncated', 'its beginning is not here yet') : error
  })
  try {
    const { container, codec, sampleRate, channels } = decoded
    const meter = createMeter(sampleRate)
    const sinks = await Promise.all(
      targets.map(async (target) => [target, await createSink(target, sampleRate)] as const),
    )
    for await (const block of partial ? whatIsThere(decoded.blocks) : decoded.blocks) {
      meter.push(block)
      if (meter.samples() > (maxDurationMs / 1_000) * sampleRate) {
        throw new AudioError('too_long', `the recording is longer than ${maxDurationMs / 1_000} seconds`)
      }
      for (const [, sink] of sinks) sink.push(block)
    }
    checkWhole(partial ? {} : decoded, meter.samples() / sampleRate)
    const { waveform, ...measured } = meter.end()
    const files = Object.fromEntries(sinks.map(([target, sink]) => [target, sink.end()]))
    return { facts: { container, codec, sampleRate, channels, ...measured }, files, waveform }
  } finally {
    decoded.dispose()
  }
}

/** Of a file that still grows so little may be there that nobody can tell what it will be. */
function isTooEarly(error: unknown, { size }: ByteSource): boolean {
  return error instanceof AudioError && error.refusal === 'not_audio' && size < BEGINNING_BYTES
}

async function* whatIsThere(blocks: Decoded['blocks']): Decoded['blocks'] {
  try {
    yield* blocks
  } catch (error) {
    if (!(error instanceof AudioError) || error.refusal !== 'truncated') throw error
  }
}

function checkWhole({ claimedSeconds = 0 }: Pick<Decoded, 'claimedSeconds'>, seconds: number): void {
  if (claimedSeconds - seconds > TOLERATED_SECONDS + claimedSeconds * TOLERATED_PART) {
    const [has, promised] = [seconds, claimedSeconds].map((value) => value.toFixed(2))
    throw new AudioError('truncated', `the file has ${has} of the ${promised} seconds that it promises`)
  }
  if (seconds === 0) throw new AudioError('empty', 'the file has no sound')
}
