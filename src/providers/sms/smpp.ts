import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pdu } from 'smpp'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import { gate, oncePerId, oneLine } from '../sending/index.ts'
import { type Delivered, eventOf, type ReceiptIds } from './smpp-deliver.ts'
import { type LongMessages, submitsOf } from './smpp-message.ts'
import { BindError, openSession, type SmppSession } from './smpp-session.ts'
import { refusalOf, statusName } from './smpp-status.ts'
import { objectionTo, refused, type Sms, type SmsListener, type SmsResult, type SmsSender } from './sms.ts'

export interface SmppOptions {
  host: string
  port: number
  /** TLS from the first octet; the certificate must be the host's. */
  tls?: boolean
  systemId: string
  password: string
  systemType?: string
  /** `submit_sm` without an answer at one time. Default 10. */
  window?: number
  /** Default `udh`. */
  longMessages?: LongMessages
  /** Default `same`. */
  receiptIds?: ReceiptIds
  /** For a connection with its bind, and how long a message waits for one. Default 10000. */
  connectMs?: number
  /** For an answer. Default 30000. */
  responseMs?: number
  /** Between two `enquire_link`. Default 30000. */
  enquireMs?: number
  /** Between attempts to connect: doubled from `firstMs` up to `mostMs`, of which a random half. Default 1 s, 60 s. */
  reconnect?: { firstMs: number; mostMs: number }
  /** Before a throttled part of a message that has begun is tried again, doubled each time. Default 500. */
  throttledMs?: number
}

const PART_ATTEMPTS = 6
type PartResult = { kind: 'accepted'; providerId: string } | (SmsResult & { outcome: 'refused' | 'unknown' })

/**
 * An SMSC over SMPP 3.4, bound as a transceiver for as long as this lives. Connects at once and again whenever the
 * session ends. The parts of a message go one after the other, so that one that is refused at its first part was not
 * sent at all; when a later part fails, the outcome is unknown, and the message torn.
 */
export function smppSms(options: SmppOptions, { clock, logger }: { clock: Clock; logger?: Logger }): SmsSender {
  const { receiptIds = 'same', longMessages = 'udh', throttledMs = 500, connectMs = 10_000 } = options
  const { firstMs, mostMs } = options.reconnect ?? { firstMs: 1_000, mostMs: 60_000 }
  const listeners = new Set<SmsListener>()
  const once = oncePerId<SmsResult>()
  const underWay = new Set<Promise<SmsResult>>()
  const window = gate(options.window ?? 10)
  const stop = new AbortController()
  let session: SmppSession | undefined
  let problem: Error | undefined
  let news = Promise.withResolvers<void>()
  let reference = randomInt(256)
  let closing: Promise<void> | undefined

  function tellNews(): void {
    news.resolve()
    news = Promise.withResolvers<void>()
  }

  async function onDeliver(pdu: Pdu, octets: Buffer): Promise<void> {
    const event = eventOf(pdu as Delivered, octets, { at: clock.now(), receiptIds })
    if (event === undefined) logger?.warn({ octets: octets.length }, 'The SMSC sent a receipt that says nothing')
    if (event === undefined || event === 'pending') return
    if (listeners.size === 0) throw new Error('nobody listens')
    for (const listener of listeners) await listener(event)
  }

  async function stayConnected(): Promise<void> {
    let failures = 0
    while (!stop.signal.aborted) {
      try {
        session = await openSession(
          {
            host: options.host,
            port: options.port,
            tls: options.tls ?? false,
            systemId: options.systemId,
            password: options.password,
            systemType: options.systemType ?? '',
            connectMs,
            responseMs: options.responseMs ?? 30_000,
            enquireMs: options.enquireMs ?? 30_000,
          },
          onDeliver,
          stop.signal,
        )
        problem = undefined
        failures = 0
        tellNews()
        problem = new Error(await session.closed)
      } catch (error) {
        problem = error as Error
      }
      session = undefined
      tellNews()
      if (stop.signal.aborted) return
      logger?.warn({ problem: problem.message }, 'No session with the SMSC')
      const longest = Math.min(mostMs, firstMs * 2 ** Math.min(failures++, 30))
      await delay(longest * (0.5 + Math.random() / 2), undefined, { signal: stop.signal }).catch(() => {})
    }
  }

  /** The session, or why there is none by the time of `deadline`. */
  async function bound(deadline: AbortSignal): Promise<SmppSession | (SmsResult & { outcome: 'refused' })> {
    while (!session) {
      if (problem instanceof BindError) {
        // Whatever the status says elsewhere, here it is not about the message.
        const isBusy = ['unreachable', 'throttled'].includes(refusalOf(problem.status))
        return refused(isBusy ? 'unreachable' : 'account', problem.message)
      }
      if (deadline.aborted || closing) return refused('unreachable', problem?.message ?? 'no session with the SMSC yet')
      await Promise.race([news.promise, aborted(deadline)])
    }
    return session
  }

  async function submit(fields: Record<string, unknown>): Promise<PartResult> {
    const stopWaiting = new AbortController()
    const timer = setTimeout(() => stopWaiting.abort(), connectMs)
    try {
      for (;;) {
        const ready = await bound(stopWaiting.signal)
        if ('outcome' in ready) return ready
        const answer = await ready.submit(fields)
        if (answer.kind === 'answered') {
          if (answer.status === 0) return { kind: 'accepted', providerId: answer.messageId }
          return refused(refusalOf(answer.status), `the SMSC answered ${statusName(answer.status)}`)
        }
        if (answer.kind === 'unanswered') {
          return { outcome: 'unknown', providerIds: [], message: oneLine(answer.why) }
        }
        // It ended just now, and what ended it has yet to be told.
        if (session === ready) await Promise.race([news.promise, aborted(stopWaiting.signal)])
        if (session === ready) return refused('unreachable', answer.why)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Patient with a message that has begun: giving it up would leave a torso on the phone. */
  async function submitPart(fields: Record<string, unknown>, isFirst: boolean): Promise<PartResult> {
    for (let attempt = 1; ; attempt++) {
      const result = await window(() => submit(fields))
      const throttled = 'outcome' in result && result.outcome === 'refused' && result.reason === 'throttled'
      if (!throttled || isFirst || attempt === PART_ATTEMPTS) return result
      await delay(throttledMs * 2 ** (attempt - 1))
    }
  }

  async function deliver(sms: Sms): Promise<SmsResult> {
    reference = (reference + 1) % 256
    const submits = submitsOf(sms, reference, longMessages)
    const providerIds: string[] = []
    for (const [index, fields] of submits.entries()) {
      const result = await submitPart(fields, index === 0)
      if (!('outcome' in result)) {
        if (result.providerId) providerIds.push(result.providerId)
        continue
      }
      if (index === 0) return result
      const message = `${index} of ${submits.length} parts were accepted, then: ${result.message}`
      return { outcome: 'unknown', providerIds, message: oneLine(message), torn: true }
    }
    return { outcome: 'accepted', providerIds }
  }

  const connecting = stayConnected()

  return {
    sendsOnce: false,
    async send(sms) {
      if (closing) throw new Error('The SMS sender is closed')
      const objection = objectionTo(sms)
      if (objection) return objection
      const sending = once(sms.id, () => deliver(sms))
      underWay.add(sending)
      return sending.finally(() => underWay.delete(sending))
    },
    onEvent(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    close() {
      closing ??= (async () => {
        // Lets go who waits for a session that is not there.
        tellNews()
        await Promise.allSettled(underWay)
        stop.abort()
        await session?.unbind()
        await connecting
      })()
      return closing
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
