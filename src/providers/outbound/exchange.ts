import type { Agent, Dispatcher } from 'undici'
import { failureOf, OutboundFailure } from './failure.ts'

/** An answer as it came, redirects included. */
export interface RawAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
  truncated: boolean
}

/** The reason with which a signal says that the time is over. */
export class DeadlineError extends Error {
  readonly timeoutMs: number

  constructor(timeoutMs: number) {
    super()
    this.timeoutMs = timeoutMs
  }
}

/**
 * Posts once and reads at most `maxBodyBytes` of what comes back; what is beyond costs the connection instead of being
 * read. Rejects with an OutboundFailure, or with the signal's reason unless that is a DeadlineError.
 */
export function exchange(
  agent: Agent,
  url: URL,
  request: { headers: Record<string, string>; body: string },
  { signal, maxBodyBytes }: { signal: AbortSignal; maxBodyBytes: number },
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined
    let answer: { status: number; headers: Record<string, string> } | undefined
    const chunks: Buffer[] = []
    let size = 0

    const finish = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const answered = (truncated: boolean) =>
      finish(() => resolve({ ...answer!, body: Buffer.concat(chunks).subarray(0, maxBodyBytes), truncated }))
    const onAbort = () => {
      const { reason } = signal
      const sent = controller !== undefined
      finish(() => reject(reason instanceof DeadlineError ? late(reason, url.host, sent, answer?.status) : reason))
      controller?.abort(new Error('aborted'))
    }

    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    const options: Dispatcher.DispatchOptions = {
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      ...request,
      // One deadline covers everything; undici's own would only blur it.
      headersTimeout: 0,
      bodyTimeout: 0,
    }
    agent.dispatch(options, {
      onRequestStart(started) {
        controller = started
        // It waited for a connection for longer than its caller did.
        if (signal.aborted) started.abort(new Error('aborted'))
      },
      onResponseStart(_, status, headers) {
        // 1xx only announces the answer.
        if (status >= 200) answer = { status, headers: flat(headers) }
      },
      onResponseData(running, chunk) {
        // A copy, since a chunk may be a view of a far larger buffer.
        if (size <= maxBodyBytes) chunks.push(Buffer.from(chunk.subarray(0, maxBodyBytes - size)))
        size += chunk.length
        if (size <= maxBodyBytes) return
        answered(true)
        running.abort(new Error('enough'))
      },
      onResponseEnd() {
        answered(false)
      },
      onResponseError(_, error) {
        finish(() => reject(failureOf(error, url.host, answer?.status)))
      },
    })
  })
}

function late({ timeoutMs }: DeadlineError, host: string, sent: boolean, status?: number): OutboundFailure {
  const time = `within ${timeoutMs / 1000} s`
  if (status !== undefined)
    return new OutboundFailure('timeout', `the answer of ${host} was not complete ${time}`, status)
  return new OutboundFailure('timeout', sent ? `no answer from ${host} ${time}` : `no connection to ${host} ${time}`)
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value = '']) => [name, typeof value === 'string' ? value : value.join(', ')]),
  )
}
