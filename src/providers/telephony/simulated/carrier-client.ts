import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Logger } from '../../../platform/logger.ts'
import {
  type ActiveCall,
  type CallEvent,
  type CallReport,
  type CommandResult,
  checkIds,
  type DialResult,
  type Listener,
  type Listening,
  type Rehearsal,
  type Telephony,
  TelephonyUnavailableError,
} from '../telephony.ts'
import { EventOrder } from './order.ts'
import { type CarrierFacts, fromWire, REPLACED } from './wire.ts'

export interface CarrierClientOptions {
  /** Where the carrier listens, as it says itself. */
  url: string
  logger?: Pick<Logger, 'error' | 'warn'>
  /** Real milliseconds, whatever the carrier's clock. */
  requestTimeoutMs?: number
}

const REQUEST_TIMEOUT_MS = 5_000
/** What a request may take longer than its deadline to be refused, real milliseconds. */
const GRACE_MS = 1_000
const RETRY_AFTER_MS = 1_000
const FIRST_BACKOFF_MS = 50
const LONGEST_BACKOFF_MS = 2_000

/** The simulated carrier in a process of its own (`startCarrier`), behind the port. */
export function carrierClient({ url, logger, requestTimeoutMs = REQUEST_TIMEOUT_MS }: CarrierClientOptions): Telephony {
  const base = url.replace(/\/$/, '')
  const holder = randomUUID()
  const listenings = new Set<Listening>()
  let closed = false

  function send(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${base}${path}`, {
      method,
      signal: AbortSignal.timeout(requestTimeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
  }

  async function json<Value>(response: Response): Promise<Value> {
    const text = await response.text()
    if (!response.ok) throw new Error(`the carrier answered ${response.status}: ${text}`)
    return fromWire<Value>(text)
  }

  /** For what may be asked again at any time. */
  async function ask<Value>(method: string, path: string, body?: unknown): Promise<Value> {
    try {
      return await json<Value>(await send(method, path, body))
    } catch (error) {
      throw new TelephonyUnavailableError(`the carrier at ${base} does not answer: ${reasonOf(error)}`, {
        cause: error,
      })
    }
  }

  const telephony: Telephony = {
    async capabilities() {
      const { lines, speed } = await ask<CarrierFacts>('GET', '/carrier')
      return { lines, remembers: true, dialSettlesWithinMs: (requestTimeoutMs + GRACE_MS) * speed }
    },

    listen(seat: string, listener: Listener) {
      const order = new EventOrder(listener, logger)
      const gone = new AbortController()
      const address = `${base.replace(/^http/, 'ws')}/events?${new URLSearchParams({ seat, holder })}`
      let socket: WebSocket | undefined

      /** Resolves with the close code. */
      const connect = (onOpen: () => void) =>
        new Promise<number>((resolve) => {
          const current = new WebSocket(address)
          socket = current
          current.on('open', onOpen)
          current.on('message', (data) => {
            const { n, event } = fromWire<{ n: number; event: CallEvent }>(data.toString())
            // A number means something on its own connection only: a carrier begun anew counts from the start.
            order.add(event, () => {
              if (current.readyState === WebSocket.OPEN) current.send(String(n))
            })
          })
          // `close` follows.
          current.on('error', () => {})
          current.on('close', resolve)
        })

      async function follow(onFirst: () => void): Promise<void> {
        let backoff = FIRST_BACKOFF_MS
        while (!gone.signal.aborted) {
          let stood = false
          const code = await connect(() => {
            stood = true
            backoff = FIRST_BACKOFF_MS
            listener.connected?.()
            onFirst()
          })
          if (gone.signal.aborted) return
          if (code === REPLACED) {
            order.stop()
            listener.replaced?.()
            return
          }
          if (stood) {
            logger?.warn({ carrier: base, seat }, 'the connection to the carrier is gone')
            listener.disconnected?.()
          }
          await sleep(backoff, undefined, { signal: gone.signal }).catch(() => {})
          backoff = Math.min(2 * backoff, LONGEST_BACKOFF_MS)
        }
      }

      return new Promise<Listening>((resolve, reject) => {
        const listening: Listening = {
          async close() {
            gone.abort()
            order.stop()
            listenings.delete(listening)
            socket?.terminate()
            reject(new TelephonyUnavailableError('closed before there was a connection'))
            await order.idle()
          },
        }
        listenings.add(listening)
        if (closed) void listening.close()
        void follow(() => resolve(listening))
      })
    },

    async dial(request): Promise<DialResult> {
      checkIds(request.callId)
      try {
        return await json(await send('POST', '/calls', { dial: request, deadline: Date.now() + requestTimeoutMs }))
      } catch (error) {
        const detail = reasonOf(error)
        // Nobody was there to take the request. Any other failure may have happened after it was taken.
        if (detail === 'ECONNREFUSED') {
          return { outcome: 'refused', reason: 'provider_fault', detail, retryAfterMs: RETRY_AFTER_MS }
        }
        return { outcome: 'unknown', detail }
      }
    },

    async command(callId, command): Promise<CommandResult> {
      checkIds(callId, command.id)
      try {
        return await json(await send('POST', `/calls/${callId}/commands`, command))
      } catch (error) {
        return { outcome: 'unknown', detail: reasonOf(error) }
      }
    },

    reconcile: (callIds) => ask<CallReport[]>('POST', '/reports', callIds),

    active: () => ask<ActiveCall[]>('GET', '/calls'),

    async recording(callId, commandId) {
      checkIds(callId, commandId)
      try {
        const response = await send('GET', `/recordings/${callId}/${commandId}`)
        return response.status === 404 ? undefined : new Uint8Array(await response.arrayBuffer())
      } catch (error) {
        throw new TelephonyUnavailableError(`the carrier at ${base} does not answer: ${reasonOf(error)}`, {
          cause: error,
        })
      }
    },

    async discardRecording(callId, commandId) {
      checkIds(callId, commandId)
      try {
        await send('DELETE', `/recordings/${callId}/${commandId}`)
      } catch (error) {
        throw new TelephonyUnavailableError(`the carrier at ${base} does not answer: ${reasonOf(error)}`, {
          cause: error,
        })
      }
    },

    async rehearsal(numbers) {
      const { people, lines, counts } = await ask<Pick<Rehearsal, 'people' | 'lines'> & { counts: number[] }>(
        'POST',
        '/counts',
        numbers,
      )
      const byNumber = new Map(numbers.map((number, n) => [number, counts[n] ?? 0]))
      return { people, lines, calledBefore: (number) => byNumber.get(number) ?? 0 }
    },

    async close() {
      closed = true
      await Promise.all([...listenings].map((listening) => listening.close()))
    },
  }
  return telephony
}

/** The system's code where there is one, else the message. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : message
}
