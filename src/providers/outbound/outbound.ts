import { Agent } from 'undici'
import manifest from '../../../package.json' with { type: 'json' }
import type { AllowRule } from '../../platform/address-rules.ts'
import { guardedConnector, type Resolve } from './connector.ts'
import { DeadlineError, exchange } from './exchange.ts'
import { type Failure, OutboundFailure } from './failure.ts'
import { redirectTarget } from './redirect.ts'
import { resolveNames } from './resolve-name.ts'
import { storableText } from './storable-text.ts'

export interface OutboundRequest {
  /** Absolute, http or https. Credentials in it are not sent. */
  url: string
  /** Sent on every hop of a redirect, also to another host. `user-agent` and `accept-encoding` have defaults. */
  headers: Record<string, string>
  body: string
  /** Makes post reject with the signal's reason. */
  signal?: AbortSignal
  httpsOnly?: boolean
}

export type OutboundAnswer =
  | {
      outcome: 'answered'
      /** Never 3xx. */
      status: number
      /** Names in lower case. */
      headers: Record<string, string>
      /** The beginning of the body as text without NUL, not decompressed. */
      body: string
      /** Whether there was more. */
      truncated: boolean
      durationMs: number
    }
  | {
      outcome: 'failed'
      failure: Failure
      /** One line for an operator. */
      message: string
      durationMs: number
      /** Of the answer that had begun, or of the redirect that was not followed. */
      status?: number
    }

export interface Outbound {
  /**
   * Posts to an address that somebody outside chose. Never rejects for what the other side does or fails to do, only
   * with the reason of an aborted `signal` and for requests that are not HTTP, such as a header with a line break.
   */
  post(request: OutboundRequest): Promise<OutboundAnswer>
  /** Waits for the posts under way and closes all connections. */
  close(): Promise<void>
}

export interface OutboundOptions {
  /** What the guard lets through besides public addresses. */
  allow: readonly AllowRule[]
  /** For a whole post: name look-up, connection, TLS, redirects and the answer. */
  timeoutMs: number
  /** Of an answer's body. Default 4096. */
  maxBodyBytes?: number
  /** Default 3. */
  maxRedirects?: number
  /** Default: the machine's name servers, and its hosts file for what they do not know. */
  resolve?: Resolve
  /** Sockets to one origin. Posts beyond wait for one, within their own deadline. Default 50. */
  connectionsPerOrigin?: number
}

const MAX_CONNECTIONS = 50
/** Short: a server that closes an idle connection just when it is used again costs an attempt. */
const KEEP_ALIVE_MS = 1_000

/** A sender that reaches public addresses and those that `allow` lets through, judged whenever it connects. */
export function createOutbound(options: OutboundOptions): Outbound {
  const { allow, timeoutMs, maxBodyBytes = 4096, maxRedirects = 3 } = options
  const resolve: Resolve = options.resolve ?? resolveNames()
  const agent = new Agent({
    connect: guardedConnector({ allow, resolve, timeoutMs }),
    connections: options.connectionsPerOrigin ?? MAX_CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
  })
  const underWay = new Set<Promise<unknown>>()
  let closed = false

  async function follow(request: OutboundRequest, signal: AbortSignal) {
    const message = { headers: withDefaults(request.headers), body: request.body }
    let url = webUrl(request)
    for (let hop = 0; ; hop++) {
      const answer = await exchange(agent, url, message, { signal, maxBodyBytes }).catch((error) => {
        throw hop > 0 && error instanceof OutboundFailure
          ? new OutboundFailure(error.failure, `after a redirect: ${error.message}`, error.status)
          : error
      })
      if (answer.status < 300 || answer.status > 399) return answer
      url = redirectTarget(url, answer, maxRedirects - hop)
    }
  }

  async function post(request: OutboundRequest): Promise<OutboundAnswer> {
    request.signal?.throwIfAborted()
    const started = performance.now()
    const durationMs = () => Math.round(performance.now() - started)
    const stop = new AbortController()
    const deadline = setTimeout(() => stop.abort(new DeadlineError(timeoutMs)), timeoutMs)
    const onAbort = () => stop.abort(request.signal?.reason)
    request.signal?.addEventListener('abort', onAbort)
    try {
      const { status, headers, body, truncated } = await follow(request, stop.signal)
      const text = storableText(body, truncated)
      return { outcome: 'answered', status, headers, body: text, truncated, durationMs: durationMs() }
    } catch (error) {
      if (!(error instanceof OutboundFailure)) throw error
      const { failure, message, status } = error
      return { outcome: 'failed', failure, message, durationMs: durationMs(), ...(status && { status }) }
    } finally {
      clearTimeout(deadline)
      request.signal?.removeEventListener('abort', onAbort)
    }
  }

  return {
    async post(request) {
      if (closed) throw new Error('The sender is closed')
      const posting = post(request)
      underWay.add(posting)
      return posting.finally(() => underWay.delete(posting))
    },
    async close() {
      closed = true
      await Promise.allSettled(underWay)
      await agent.destroy()
    },
  }
}

function webUrl({ url, httpsOnly = false }: OutboundRequest): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') {
    throw new OutboundFailure('blocked', 'the address is not an http or https URL')
  }
  if (httpsOnly && parsed.protocol === 'http:') {
    throw new OutboundFailure('blocked', `${parsed.host} is to be called by https only`)
  }
  return parsed
}

function withDefaults(headers: Record<string, string>): Record<string, string> {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const defaults = { 'user-agent': `Saygraph/${manifest.version}`, 'accept-encoding': 'identity' }
  return { ...Object.fromEntries(Object.entries(defaults).filter(([name]) => !given.has(name))), ...headers }
}
