import { connect, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Pdu } from 'smpp'
import { decodePdu, encodePdu, frameReader, messageOctets } from './smpp-frames.ts'
import { statusName } from './smpp-status.ts'

export interface SessionOptions {
  host: string
  port: number
  tls: boolean
  systemId: string
  password: string
  systemType: string
  /** For the connection and the bind together. */
  connectMs: number
  /** For the answer to anything that is sent. */
  responseMs: number
  /** Between two `enquire_link`; one that is not answered ends the session. */
  enquireMs: number
}

/** What became of a request. */
export type Answer =
  | { kind: 'answered'; status: number; messageId: string }
  /** Never written: the session was over. */
  | { kind: 'unsent'; why: string }
  /** Written, but the session ended or the time passed without an answer. */
  | { kind: 'unanswered'; why: string }

export interface SmppSession {
  /** Sends a `submit_sm`. Never rejects. */
  submit(fields: Record<string, unknown>): Promise<Answer>
  /** Finishes what came in, unbinds and closes. */
  unbind(): Promise<void>
  /** Resolves with the reason when the session is over. Never rejects. */
  readonly closed: Promise<string>
}

/** The SMSC did not let us in. */
export class BindError extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the SMSC refused the bind with ${statusName(status)}`)
    this.status = status
  }
}

const BIND_VERSION = 0x34
const LAST_SEQUENCE = 0x7fff_ffff
const ESME_RINVCMDID = 0x03
const ESME_RX_T_APPN = 0x64
const UNBIND_MS = 2_000

/**
 * One connection, bound as a transceiver. `onDeliver` gets what the SMSC delivers; it is acknowledged when that
 * resolves, and asked for again later when it rejects. Rejects with a BindError, when there is no connection, and when
 * `signal` is aborted before the session stands.
 */
export async function openSession(
  options: SessionOptions,
  onDeliver: (pdu: Pdu, octets: Buffer) => Promise<void>,
  signal: AbortSignal,
): Promise<SmppSession> {
  const { host, port, responseMs } = options
  const waiting = new Map<number, (answer: Answer) => void>()
  const delivering = new Set<Promise<void>>()
  const { promise: closed, resolve: tellClosed } = Promise.withResolvers<string>()
  let sequence = 0
  let over: string | undefined
  let leaving = false
  let enquiry: NodeJS.Timeout | undefined

  const socket = options.tls
    ? // Said aloud: NODE_TLS_REJECT_UNAUTHORIZED=0 must not reach this far.
      connectTls({ host, port, rejectUnauthorized: true, ...(!isIP(host) && { servername: host }) })
    : connect({ host, port })
  socket.setNoDelay(true)

  function end(why: string): void {
    if (over !== undefined) return
    over = why
    clearInterval(enquiry)
    for (const settle of waiting.values()) settle({ kind: 'unanswered', why })
    socket.destroy()
    tellClosed(why)
  }

  function request(command: string, fields: Record<string, unknown>, timeoutMs: number): Promise<Answer> {
    if (over !== undefined) return Promise.resolve({ kind: 'unsent', why: over })
    sequence = (sequence % LAST_SEQUENCE) + 1
    const number = sequence
    return new Promise((resolve) => {
      const settle = (answer: Answer) => {
        clearTimeout(timer)
        waiting.delete(number)
        resolve(answer)
      }
      const late = () => settle({ kind: 'unanswered', why: `no answer to ${command} within ${timeoutMs / 1000} s` })
      const timer = setTimeout(late, timeoutMs)
      waiting.set(number, settle)
      socket.write(encodePdu(command, { ...fields, sequence_number: number }))
    })
  }

  const respond = (pdu: Pdu, fields: Record<string, unknown> = {}) => {
    if (over === undefined && !socket.writableEnded) socket.write(pdu.response(fields).toBuffer())
  }

  async function deliver(pdu: Pdu, octets: Buffer): Promise<void> {
    try {
      await onDeliver(pdu, octets)
      respond(pdu)
    } catch {
      respond(pdu, { command_status: ESME_RX_T_APPN })
    }
  }

  function receive(frame: Buffer): void {
    const pdu = decodePdu(frame)
    if (pdu.isResponse()) {
      const messageId = typeof pdu.message_id === 'string' ? pdu.message_id : ''
      waiting.get(pdu.sequence_number)?.({ kind: 'answered', status: pdu.command_status, messageId })
    } else if (pdu.command === 'deliver_sm' || pdu.command === 'data_sm') {
      const delivery = deliver(pdu, messageOctets(frame, pdu.command))
      delivering.add(delivery)
      delivery.finally(() => delivering.delete(delivery))
    } else if (pdu.command === 'unbind') {
      leaving = true
      socket.end(pdu.response().toBuffer(), () => end('the SMSC unbound'))
    } else if (pdu.command === 'enquire_link') {
      respond(pdu)
    } else if (pdu.command !== 'alert_notification') {
      const { sequence_number } = pdu
      socket.write(encodePdu('generic_nack', { command_status: ESME_RINVCMDID, sequence_number }))
    }
  }

  const read = frameReader(receive)
  socket.on('data', (chunk) => {
    try {
      if (over === undefined) read(chunk)
    } catch (error) {
      end(`the SMSC does not speak SMPP: ${(error as Error).message}`)
    }
  })
  socket.on('error', (error) => end(error.message))
  socket.on('end', () => end('the SMSC closed the connection'))
  socket.on('close', () => end('the connection was closed'))

  const onAbort = () => end('not wanted any longer')
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  const slow = setTimeout(() => end(`no session within ${options.connectMs / 1000} s`), options.connectMs)
  try {
    await Promise.race([
      new Promise((resolve) => socket.once(options.tls ? 'secureConnect' : 'connect', resolve)),
      closed.then((why) => Promise.reject(new Error(why))),
    ])
    const { systemId, password, systemType } = options
    const fields = { system_id: systemId, password, system_type: systemType, interface_version: BIND_VERSION }
    const bound = await request('bind_transceiver', fields, options.connectMs)
    if (bound.kind !== 'answered') throw new Error(bound.why)
    if (bound.status !== 0) throw new BindError(bound.status)
  } catch (error) {
    end((error as Error).message)
    throw error
  } finally {
    clearTimeout(slow)
    signal.removeEventListener('abort', onAbort)
  }
  enquiry = setInterval(async () => {
    const answer = await request('enquire_link', {}, responseMs)
    if (answer.kind === 'unanswered') end(answer.why)
  }, options.enquireMs)

  return {
    closed,
    submit: (fields) =>
      leaving
        ? Promise.resolve({ kind: 'unsent', why: 'the session is ending' })
        : request('submit_sm', fields, responseMs),
    async unbind() {
      leaving = true
      await Promise.allSettled(delivering)
      await request('unbind', {}, UNBIND_MS)
      end('unbound')
    },
  }
}
