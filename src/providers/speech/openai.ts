import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'
import { readWav } from '../audio/read-wav.ts'
import { checkRequest, checkSpoken, type Speech, SpeechError, type Spoken, VOICES, type VoiceCode } from './speech.ts'

export interface OpenAiSpeechOptions {
  /** Of the server, without a path. */
  url: string
  /** Sent as a bearer token. */
  apiKey?: string | undefined
  model: string
  /** The server's names of voices by our codes. Default: `nova` for women, `onyx` for men. */
  voices?: Readonly<Partial<Record<string, string>>>
  /** For one text, all tries included. */
  timeoutMs: number
  /** In all. Default 4. */
  tries?: number
  /** Before the second try; doubled before each further one, with a random half taken off. Default 500. */
  retryMs?: number
}

const MAX_DELAY_MS = 10_000
/** Half an hour of 24 kHz. */
const MAX_AUDIO_BYTES = 90_000_000
/** Of an error's body, for the message. */
const MAX_ERROR_BYTES = 500

/**
 * A server with OpenAI's `POST /v1/audio/speech`, asked for WAV. Tries again after 429, 5xx and broken connections, for
 * as long as `Retry-After` says when that is at most ten seconds. Tested against a server of our own that speaks this
 * protocol; it has not met OpenAI's.
 */
export function openAiSpeech(options: OpenAiSpeechOptions): Speech {
  const { model, timeoutMs, apiKey, tries = 4, retryMs = 500 } = options
  const agent = new Agent({ allowH2: false })
  const { origin } = new URL(options.url)
  const closing = new AbortController()

  async function attempt(input: string, voice: string, signal: AbortSignal): Promise<Spoken | Refused> {
    const { statusCode, headers, body } = await agent.request({
      origin,
      path: '/v1/audio/speech',
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) },
      body: JSON.stringify({ model, input, voice, response_format: 'wav' }),
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
    const failed = statusCode !== 200
    const pieces: Buffer[] = []
    let length = 0
    for await (const piece of body as AsyncIterable<Buffer>) {
      pieces.push(piece)
      length += piece.length
      if (length > (failed ? MAX_ERROR_BYTES : MAX_AUDIO_BYTES)) break
    }
    const bytes = Buffer.concat(pieces)
    if (failed) return new Refused(statusCode, headers['retry-after'], bytes.subarray(0, MAX_ERROR_BYTES).toString())
    if (length > MAX_AUDIO_BYTES)
      throw new SpeechError('failed', `the server answered with more than ${MAX_AUDIO_BYTES} bytes`)
    const spoken = readWav(bytes)
    if (!spoken) throw new SpeechError('failed', 'the server did not answer with a WAV file of PCM')
    return checkSpoken(spoken)
  }

  async function withRetries(input: string, voice: string, signal: AbortSignal): Promise<Spoken> {
    for (let n = 1; ; n++) {
      const outcome = await attempt(input, voice, signal).catch((error: unknown) => {
        if (error instanceof SpeechError || signal.aborted) throw error
        return new Refused(undefined, undefined, (error as Error).message)
      })
      if (!(outcome instanceof Refused)) return outcome
      const longest = Math.min(retryMs * 2 ** (n - 1), MAX_DELAY_MS)
      const delay = outcome.retryAfterMs ?? longest / 2 + (Math.random() * longest) / 2
      if (!outcome.retryable || n >= tries || delay > MAX_DELAY_MS) throw outcome.error()
      await sleep(delay, undefined, { signal })
    }
  }

  return {
    voices: () => VOICES,
    async synthesize(request) {
      const { text, voice } = checkRequest(request)
      request.signal?.throwIfAborted()
      const deadline = AbortSignal.timeout(timeoutMs)
      const signals = [deadline, closing.signal, ...(request.signal ? [request.signal] : [])]
      try {
        return await withRetries(text, voiceName(options, voice), AbortSignal.any(signals))
      } catch (error) {
        request.signal?.throwIfAborted()
        if (closing.signal.aborted) throw new SpeechError('unavailable', 'speech was closed', { retryable: true })
        if (!deadline.aborted || error instanceof SpeechError) throw error
        throw new SpeechError('failed', `${origin} took longer than ${timeoutMs} ms`, { retryable: true, cause: error })
      }
    },
    async close() {
      closing.abort()
      await agent.destroy()
    },
  }
}

/** An answer without speech in it, or none. */
class Refused {
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
  readonly text: string

  constructor(status: number | undefined, retryAfter: string | string[] | undefined, text: string) {
    this.status = status
    this.text = text
    this.retryAfterMs =
      typeof retryAfter === 'string' && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : undefined
  }

  get retryable(): boolean {
    return this.status === undefined || this.status === 429 || this.status >= 500
  }

  error(): SpeechError {
    const { status, text, retryable } = this
    const what = status === undefined ? 'the server did not answer' : `the server answered ${status}`
    return new SpeechError('failed', `${what}: ${text.replace(/\s+/g, ' ').trim()}`, { retryable })
  }
}

function voiceName({ voices }: OpenAiSpeechOptions, code: VoiceCode): string {
  const gender = VOICES.find((voice) => voice.code === code)?.gender
  return voices?.[code] ?? (gender === 'female' ? 'nova' : 'onyx')
}
