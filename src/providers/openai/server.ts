import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, type FormData } from 'undici'
import { oneLine } from '../sending/index.ts'
import { OpenAiFailure } from './failure.ts'

/** What every adapter is told of its server. */
export interface OpenAiOptions {
  /** Of the server, without a path. */
  url: string
  /** Sent as a bearer token. */
  apiKey?: string | undefined
  /** For one piece of work: all its requests, their tries and the waiting between them. */
  timeoutMs: number
  /** In all, of one request. Default 4. */
  tries?: number
  /** Before the second try; doubled before each further one, with a random half taken off. Default 500. */
  retryMs?: number
}

export interface OpenAiRequest {
  /** `/v1/audio/speech` */
  path: string
  /** JSON as a string, or a form. */
  body: string | FormData
  /** That the answer may have. */
  maxBytes: number
}

/** Resolves with the body of a 200. Rejects with OpenAiFailure, or with the reason of the signal of `begin`. */
export type Post = (request: OpenAiRequest) => Promise<Buffer>

export interface OpenAiServer {
  /** Begins a piece of work: what is posted by what it returns has `timeoutMs` from now, together. */
  begin(signal?: AbortSignal): Post
  /** Aborts with an OpenAiFailure (`closed`), for whatever else waits. */
  readonly closing: AbortSignal
  /** Ends what is under way. */
  close(): Promise<void>
}

/** Of an error's body, for the message. */
const MAX_ERROR_BYTES = 500

/**
 * A server with OpenAI's protocol. Tries again after 429, 5xx and broken connections, when `Retry-After` has passed if
 * that names seconds; a server that wants more than `maxDelayMs` is given up at once.
 */
export function openAiServer(options: OpenAiOptions & { maxDelayMs: number }): OpenAiServer {
  const { apiKey, timeoutMs, tries = 4, retryMs = 500, maxDelayMs } = options
  const agent = new Agent({ allowH2: false })
  const { origin } = new URL(options.url)
  const closing = new AbortController()

  async function attempt({ path, body, maxBytes }: OpenAiRequest, signal: AbortSignal): Promise<Buffer> {
    const answer = await agent.request({
      origin,
      path,
      method: 'POST',
      headers: {
        // undici names the type of a form, which knows its boundary.
        ...(typeof body === 'string' && { 'content-type': 'application/json' }),
        ...(apiKey && { authorization: `Bearer ${apiKey}` }),
      },
      body,
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
    const { statusCode: status, headers } = answer
    const most = status === 200 ? maxBytes : MAX_ERROR_BYTES
    const bytes = await readUntil(answer.body, most)
    if (status !== 200) {
      // Of a body that was cut, a character that lost its end is left out.
      const text = new TextDecoder().decode(bytes.subarray(0, most), { stream: true })
      const message = `the server answered ${status}: ${oneLine(text)}`
      throw new OpenAiFailure('refused', message, { status, retryAfter: headers['retry-after'] })
    }
    if (bytes.length <= most) return bytes
    throw new OpenAiFailure('too_long', `the server answered with more than ${most} bytes`)
  }

  async function withRetries(request: OpenAiRequest, signal: AbortSignal): Promise<Buffer> {
    for (let n = 1; ; n++) {
      try {
        return await attempt(request, signal)
      } catch (error) {
        if (signal.aborted) throw error
        const failure = error instanceof OpenAiFailure ? error : unreachable(error as Error)
        const longest = Math.min(retryMs * 2 ** (n - 1), maxDelayMs)
        const delay = failure.retryAfterMs ?? longest / 2 + (Math.random() * longest) / 2
        if (!failure.retryable || n >= tries || delay > maxDelayMs) throw failure
        await sleep(delay, undefined, { signal })
      }
    }
  }

  return {
    begin(given) {
      const deadline = AbortSignal.timeout(timeoutMs)
      const signal = AbortSignal.any([...(given ? [given] : []), closing.signal, deadline])
      return async (request) => {
        try {
          return await withRetries(request, signal)
        } catch (error) {
          given?.throwIfAborted()
          closing.signal.throwIfAborted()
          if (!deadline.aborted || error instanceof OpenAiFailure) throw error
          throw new OpenAiFailure('late', `${origin} took longer than ${timeoutMs} ms`, { cause: error })
        }
      }
    },
    closing: closing.signal,
    async close() {
      closing.abort(new OpenAiFailure('closed', `what was asked of ${origin} was ended`))
      await agent.destroy()
    },
  }
}

function unreachable(error: Error): OpenAiFailure {
  return new OpenAiFailure('unreachable', `the server did not answer: ${oneLine(error.message)}`, { cause: error })
}

/** All of it, or more than `most`: what is beyond costs the connection instead of being read. */
async function readUntil(body: AsyncIterable<Buffer>, most: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of body) {
    pieces.push(piece)
    length += piece.length
    if (length > most) break
  }
  return Buffer.concat(pieces)
}
