import { createRequire } from 'node:module'
import { createWorkerPool, WorkerError } from '../../platform/worker-pool.ts'
import type { EspeakJob, EspeakResult, EspeakWorkerData } from './espeak-worker.ts'
import { checkRequest, checkSpoken, type Speech, SpeechError, VOICES, type VoiceCode } from './speech.ts'

export interface EspeakOptions {
  /** Threads; one takes about 100 MB once it has spoken. */
  workers: number
  /** For one text, the start of the thread included. */
  timeoutMs: number
  /** The package that speaks. Default `@echogarden/espeak-ng-emscripten`. */
  module?: string
}

/** eSpeak's names, which it does not check itself: an unknown variant is silently left out. */
const ESPEAK_VOICES: Readonly<Record<VoiceCode, string>> = {
  en: 'en-us',
  'en-male': 'en-us',
  'en-female': 'en-us+f3',
  fi: 'fi',
  'fi-male': 'fi',
  'fi-female': 'fi+f2',
}

/**
 * eSpeak NG in threads of this process, 22,050 Hz. The package is GPL-3 and optional: it is loaded when it is first
 * needed; where it is not installed there are no voices, and every request is refused as `unavailable`.
 */
export function espeakSpeech({
  workers,
  timeoutMs,
  module = '@echogarden/espeak-ng-emscripten',
}: EspeakOptions): Speech {
  const pool = createWorkerPool<EspeakJob, EspeakResult>({
    url: new URL('./espeak-worker.ts', import.meta.url),
    size: workers,
    timeoutMs,
    workerData: { module } satisfies EspeakWorkerData,
  })
  const installed = isInstalled(module)
  return {
    voices: () => (installed ? VOICES : []),
    async synthesize(request) {
      const { text, voice } = checkRequest(request)
      const result = await pool
        .run({ text, voice: ESPEAK_VOICES[voice] }, { signal: request.signal })
        .catch((error) => {
          throw error instanceof WorkerError ? asSpeechError(error) : error
        })
      if ('refused' in result) throw new SpeechError(result.refused, result.message)
      return checkSpoken(result)
    },
    close: () => pool.close(),
  }
}

function isInstalled(module: string): boolean {
  try {
    createRequire(import.meta.url).resolve(module)
    return true
  } catch (error) {
    // Anything else, such as a package that does not let itself be required, means that it is there.
    return (error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND'
  }
}

function asSpeechError(cause: WorkerError): SpeechError {
  const { failure, message } = cause
  const refusal = failure === 'overloaded' || failure === 'closed' ? 'unavailable' : 'failed'
  return new SpeechError(refusal, message, { retryable: failure !== 'threw', cause })
}
