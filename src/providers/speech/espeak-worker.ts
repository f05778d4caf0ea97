import { workerData } from 'node:worker_threads'
import type load from '@echogarden/espeak-ng-emscripten'
import { serveJobs } from '../../platform/serve-jobs.ts'

export interface EspeakJob {
  /** Clean, not yet SSML. */
  text: string
  /** eSpeak's own name of a voice. */
  voice: string
}

export type EspeakResult =
  | { samples: Int16Array<ArrayBuffer>; sampleRate: number }
  | { refused: 'unavailable' | 'failed'; message: string }

export interface EspeakWorkerData {
  /** The package to load. */
  module: string
}

/** More than any allowed text takes. */
const MAX_SECONDS = 1_800

type Engine = InstanceType<Awaited<ReturnType<typeof load>>['eSpeakNGWorker']>
let starting: Promise<Engine> | undefined

async function startEngine(): Promise<Engine> {
  const { module } = workerData as EspeakWorkerData
  const loaded = (await import(module)) as { default: typeof load }
  const { eSpeakNGWorker } = await loaded.default({ print() {}, printErr() {} })
  return new eSpeakNGWorker()
}

serveJobs<EspeakJob, EspeakResult>(async ({ text, voice }) => {
  let engine: Engine
  try {
    starting ??= startEngine()
    engine = await starting
  } catch (error) {
    starting = undefined
    return { result: { refused: 'unavailable', message: (error as Error).message } }
  }
  if (engine.set_voice(voice) !== 0) return { result: { refused: 'failed', message: `no voice ${voice} in eSpeak` } }
  const sampleRate = engine.get_samplerate()
  const pieces: Int16Array[] = []
  let length = 0
  engine.synthesize(asSsml(text), (piece) => {
    if (piece) pieces.push(piece)
    length += piece?.length ?? 0
    return length > MAX_SECONDS * sampleRate
  })
  const samples = new Int16Array(length)
  let at = 0
  for (const piece of pieces) {
    samples.set(piece, at)
    at += piece.length
  }
  return { result: { samples, sampleRate }, transfer: [samples.buffer] }
})

/** eSpeak reads markup, and phonemes between double brackets. */
function asSsml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('[[', '[ [')
}
