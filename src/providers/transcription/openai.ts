import { FormData } from 'undici'
import { z } from 'zod'
import { createTurns } from '../../platform/turns.ts'
import { OpenAiFailure, type OpenAiOptions, openAiServer, type Post } from '../openai/index.ts'
import { heard } from './heard.ts'
import { languageCode, primaryLanguage } from './language-code.ts'
import { type Transcribed, type Transcription, TranscriptionError, type TranscriptionRequest } from './transcription.ts'

/** A piece of work is one recording, once it has its turn. */
export interface OpenAiTranscriptionOptions extends OpenAiOptions {
  model: string
  /** BCP 47: what is spoken where nobody says. Absent: the server finds out. */
  language?: string | undefined
  /** Recordings that are sent at once; others wait. */
  workers: number
}

/** What a server answers to a recording that it does not want, or not in this form. */
const OF_THE_RECORDING = new Set([400, 413, 415, 422])
/** What servers say of a language that they do not know: OpenAI's names the parameter. */
const UNKNOWN_LANGUAGE = /\blanguage\b/i

type Format = 'verbose_json' | 'json'

const MAX_DELAY_MS = 30_000
/** An hour of speech with its segments is less than one. */
const MAX_ANSWER_BYTES = 20_000_000

const answerSchema = z.object({
  text: z.string(),
  language: z.string().nullish().catch(null),
  segments: z
    .array(z.object({ start: z.number(), end: z.number(), text: z.string(), avg_logprob: z.number().nullish() }))
    .nullish()
    // What a server adds in a way of its own is passed over.
    .catch(null),
})

/**
 * A server with OpenAI's `POST /v1/audio/transcriptions`, asked for `verbose_json`, or for `json` once it has refused
 * that, as newer models do. Waits half a minute for the next try at most. Tested against a server of our own that speaks
 * this protocol; it has not met OpenAI's.
 */
export function openAiTranscription(options: OpenAiTranscriptionOptions): Transcription {
  const { model } = options
  const server = openAiServer({ ...options, maxDelayMs: MAX_DELAY_MS })
  const turns = createTurns(options.workers)
  let format: Format = 'verbose_json'

  function send(post: Post, { wav, language }: TranscriptionRequest, asked: Format): Promise<Buffer> {
    const form = new FormData()
    form.set('file', new Blob([wav as Uint8Array<ArrayBuffer>], { type: 'audio/wav' }), 'recording.wav')
    form.set('model', model)
    form.set('response_format', asked)
    const spoken = language ?? options.language
    if (spoken !== undefined) form.set('language', primaryLanguage(spoken))
    return post({ path: '/v1/audio/transcriptions', body: form, maxBytes: MAX_ANSWER_BYTES })
  }

  /** What is asked in a language that the server does not know is refused for that, and not for the recording. */
  function refusal(error: OpenAiFailure, { language }: TranscriptionRequest): TranscriptionError {
    const isUnknown = (error.status === 400 || error.status === 422) && UNKNOWN_LANGUAGE.test(error.message)
    if (!isUnknown || language === null) return transcriptionError(error, isUnknown && options.language !== undefined)
    return new TranscriptionError('unsupported_language', error.message, { cause: error })
  }

  async function transcribed(request: TranscriptionRequest): Promise<Transcribed> {
    const post = server.begin(request.signal)
    // Another recording may find out meanwhile that the server wants json.
    const asked = format
    const bytes = await send(post, request, asked).catch((error: unknown) => {
      if (asked === 'json' || !refusesFormat(error)) throw error
      format = 'json'
      return send(post, request, format)
    })
    return read(bytes.toString())
  }

  return {
    method: model,
    isAvailable: true,
    isDraft: false,
    isLive: true,
    async transcribe(request) {
      const given = request.signal ? [request.signal] : []
      try {
        return await turns.take(() => transcribed(request), AbortSignal.any([...given, server.closing]))
      } catch (error) {
        throw error instanceof OpenAiFailure ? refusal(error, request) : error
      }
    },
    close: () => server.close(),
  }
}

function refusesFormat(error: unknown): boolean {
  return error instanceof OpenAiFailure && error.status === 400 && /response_format|verbose_json/.test(error.message)
}

/** `ofOperator`: it is what this server is set to that was refused. */
function transcriptionError(
  { fault, status, message, retryable, cause }: OpenAiFailure,
  ofOperator: boolean,
): TranscriptionError {
  if (fault === 'closed') return new TranscriptionError('unavailable', 'transcription was closed', { retryable })
  // It is not the recording's fault that the server is away, busy, somewhere else, or does not know us or the model.
  const isRefused = status === undefined ? fault !== 'unreachable' : OF_THE_RECORDING.has(status) && !ofOperator
  return new TranscriptionError(isRefused ? 'failed' : 'unavailable', message, { retryable, cause })
}

function read(text: string): Transcribed {
  const answer = answerSchema.safeParse(parsed(text))
  if (!answer.success) throw new TranscriptionError('failed', 'the server did not answer with a transcript')
  const { language, segments } = answer.data
  return heard({
    text: answer.data.text,
    language: language == null ? null : languageCode(language),
    confidence: segments ? confidenceOf(segments) : null,
    segments:
      segments?.map(({ start, end, text: said }) => ({
        startMs: Math.round(start * 1_000),
        endMs: Math.round(end * 1_000),
        text: said.trim(),
      })) ?? null,
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The mean probability of a word piece, weighed by time; null where a segment does not say. */
function confidenceOf(segments: readonly { start: number; end: number; avg_logprob?: number | null | undefined }[]) {
  let seconds = 0
  let sum = 0
  for (const { start, end, avg_logprob: mean } of segments) {
    if (mean == null) return null
    seconds += end - start
    sum += (end - start) * Math.exp(mean)
  }
  return seconds > 0 ? sum / seconds : null
}
