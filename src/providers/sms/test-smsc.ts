import type { AddressInfo } from 'node:net'
import smpp, { type Pdu, type Session } from 'smpp'
import { onTestFinished } from 'vitest'
import type { Sms } from './sms.ts'

/** What the SMSC does with a `submit_sm`: answers with a status (0 accepts), says nothing, or hangs up. */
export type Reaction = { status: number; messageId?: string } | 'silence' | 'hang up' | 'nack'

export interface SmscOptions {
  /** `nth` counts from 1. Default: accepts. */
  onSubmit?: (submit: Pdu, nth: number) => Reaction | Promise<Reaction>
  /** The status that the nth bind gets, counted from 1. Default 0. */
  onBind?: (bind: Pdu, nth: number) => number
  /** Whether it answers `enquire_link`. */
  alive?: () => boolean
  port?: number
  key?: string
  cert?: string
}

export interface Smsc {
  port: number
  binds: Pdu[]
  submits: Pdu[]
  unbinds: number
  enquiries: number
  /** Those that are connected now. */
  sessions: Session[]
  /** The messages that were accepted, put together from their parts. */
  messages(): Omit<Sms, 'id'>[]
  /** Sends a `deliver_sm` to the newest session; resolves with the status of its answer. */
  deliver(fields: Record<string, unknown>): Promise<number>
  /** Resolves when `condition` holds, checked after each PDU and connection. */
  until(condition: (smsc: Smsc) => boolean): Promise<void>
  close(): Promise<void>
}

/**
 * A small SMSC on a real socket of 127.0.0.1: the server side of the library `smpp`, since neither Debian nor npm has one
 * to run. Gone with the test. What both sides could get wrong together is held octet by octet in smpp.test.ts.
 */
export async function testSmsc(options: SmscOptions = {}): Promise<Smsc> {
  const accepted: Pdu[] = []
  const waiters = new Set<() => void>()
  const changed = () => {
    for (const check of [...waiters]) check()
  }
  const react = async (session: Session, pdu: Pdu) => {
    if (pdu.command === 'bind_transceiver') {
      smsc.binds.push(pdu)
      const status = options.onBind?.(pdu, smsc.binds.length) ?? 0
      session.send(pdu.response({ command_status: status, system_id: 'test' }))
    } else if (pdu.command === 'submit_sm') {
      smsc.submits.push(pdu)
      const nth = smsc.submits.length
      changed()
      const reaction = (await options.onSubmit?.(pdu, nth)) ?? { status: 0 }
      if (reaction === 'hang up') session.socket.destroy()
      else if (reaction === 'nack') {
        session.send(new smpp.PDU('generic_nack', { command_status: 3, sequence_number: pdu.sequence_number }))
      } else if (reaction !== 'silence') {
        if (reaction.status === 0) accepted.push(pdu)
        const message_id = reaction.messageId ?? `SMSC-${nth}`
        session.send(pdu.response({ command_status: reaction.status, message_id }))
      }
    } else if (pdu.command === 'unbind') {
      smsc.unbinds++
      session.send(pdu.response())
    } else if (pdu.command === 'enquire_link') {
      smsc.enquiries++
      if (options.alive?.() ?? true) session.send(pdu.response())
    }
  }
  const { key, cert } = options
  const server = smpp.createServer(key && cert ? { key, cert } : {}, (session) => {
    smsc.sessions.push(session)
    session.on('error', () => {})
    session.on('close', () => {
      smsc.sessions.splice(smsc.sessions.indexOf(session), 1)
      changed()
    })
    session.on('pdu', (pdu) => void react(session, pdu).then(changed))
    changed()
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done))
  const smsc: Smsc = {
    port: (server.address() as AddressInfo).port,
    binds: [],
    submits: [],
    unbinds: 0,
    enquiries: 0,
    sessions: [],
    messages: () => joined(accepted),
    deliver: (fields) =>
      new Promise((resolve) => {
        const session = smsc.sessions.at(-1)!
        session.send(new smpp.PDU('deliver_sm', fields), ({ command_status }) => resolve(command_status))
      }),
    until: (condition) =>
      new Promise((resolve) => {
        const check = () => {
          if (!condition(smsc)) return
          waiters.delete(check)
          resolve()
        }
        waiters.add(check)
        check()
      }),
    async close() {
      for (const session of [...smsc.sessions]) session.socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
  onTestFinished(() => smsc.close())
  return smsc
}

/** As the library decoded them; the parts of one reference and number belong together. */
function joined(submits: Pdu[]): Omit<Sms, 'id'>[] {
  const messages = new Map<unknown, { from: string; to: string; parts: string[] }>()
  for (const pdu of submits) {
    const { message, udh } = (pdu.message_payload ?? pdu.short_message) as { message: string; udh?: Buffer[] }
    const [, , reference, , number] = udh?.[0] ?? []
    const key = udh ? `${pdu.destination_addr} ${reference}` : pdu
    const from = `${pdu.source_addr_ton === 1 ? '+' : ''}${pdu.source_addr}`
    const entry = messages.get(key) ?? { from, to: `+${pdu.destination_addr}`, parts: [] }
    entry.parts[(number ?? 1) - 1] = message
    messages.set(key, entry)
  }
  return [...messages.values()].map(({ from, to, parts }) => ({ from, to, text: parts.join('') }))
}
