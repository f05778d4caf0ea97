import { Agent } from 'undici'
import { patientConnector } from './connector.ts'

export interface AriOptions {
  /** Of Asterisk's HTTP server, with its prefix where http.conf has one. */
  url: string
  user: string
  password: string
  /** For one request, from the queue of connections to the last byte. */
  requestTimeoutMs: number
}

type Fields = Readonly<Record<string, unknown>>

export interface AriAnswer {
  status: number
  /** As it came: JSON, or a recording. */
  bytes: Buffer
}

/** Nobody answered, or not in time. */
export class AriUnreachableError extends Error {
  override readonly name = 'AriUnreachableError'
  /** Surely nothing has reached Asterisk. */
  readonly unsent: boolean

  constructor(message: string, unsent: boolean, options: ErrorOptions) {
    super(message, options)
    this.unsent = unsent
  }
}

/** Below the `sessionlimit` of http.conf, which is 100 unless somebody changes it, also with three processes of ours. */
const CONNECTIONS = 24
/** Asterisk closes idle connections after 15 s (`session_keep_alive`). */
const KEEP_ALIVE_MS = 8_000

/** The Asterisk REST Interface: requests. Events come over `ari-events.ts`. */
export class AriClient {
  /** For messages. */
  readonly origin: string
  readonly authorization: string
  readonly #base: string
  readonly #timeoutMs: number
  readonly #agent: Agent

  constructor({ url, user, password, requestTimeoutMs }: AriOptions) {
    const { origin, pathname } = new URL(url)
    this.origin = origin
    this.#base = `${pathname.replace(/\/$/, '')}/ari`
    this.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    this.#timeoutMs = requestTimeoutMs
    this.#agent = new Agent({
      connections: CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: patientConnector(requestTimeoutMs),
    })
  }

  /** Where an application's events are. */
  eventsUrl(app: string): string {
    return `${this.origin.replace(/^http/, 'ws')}${this.#base}/events?${new URLSearchParams({ app })}`
  }

  /** Any status is an answer. Rejects with AriUnreachableError. */
  async request(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: Fields): Promise<AriAnswer> {
    const signal = AbortSignal.timeout(this.#timeoutMs)
    try {
      const { statusCode, body: answer } = await this.#agent.request({
        origin: this.origin,
        path: `${this.#base}${path}`,
        method,
        headers: { authorization: this.authorization, ...(body && { 'content-type': 'application/json' }) },
        body: body ? JSON.stringify(body) : null,
        signal,
        // One deadline covers everything.
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      return { status: statusCode, bytes: Buffer.from(await answer.arrayBuffer()) }
    } catch (error) {
      const { code, message } = error as Error & { code?: string }
      const reason = signal.aborted ? `no answer within ${this.#timeoutMs} ms` : (code ?? message)
      throw new AriUnreachableError(reason, !signal.aborted && UNSENT.has(code ?? ''), { cause: error })
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

/** Failures before there was a connection. */
const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

export function jsonOf<Value>({ bytes }: AriAnswer): Value {
  return JSON.parse(bytes.toString()) as Value
}

/** What Asterisk says about a refusal, for a log. */
export function complaintOf({ status, bytes }: AriAnswer): string {
  let text = bytes.toString()
  try {
    const { message, error } = JSON.parse(text) as { message?: string; error?: string }
    text = message ?? error ?? text
  } catch {
    // Asterisk's HTTP server itself answers in HTML.
  }
  return `Asterisk answered ${status}: ${text.slice(0, 200)}`
}
