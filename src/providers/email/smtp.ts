import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Clock } from '../../platform/clock.ts'
import { gate, oncePerId, oneLine } from '../sending/index.ts'
import { composeEmail } from './compose.ts'
import {
  asciiDomain,
  type Email,
  type EmailResult,
  type EmailSender,
  messageIdOf,
  objectionTo,
  refused,
} from './email.ts'
import { refusalOf, type SmtpError } from './smtp-refusal.ts'

export interface SmtpOptions {
  host: string
  port: number
  /**
   * `starttls` (after a plain greeting) and `tls` (from the first octet) refuse to go on without, and without a
   * certificate of the host; `off` never encrypts.
   */
  security: 'starttls' | 'tls' | 'off'
  auth?: { user: string; password: string }
  /** Where bounces go, the sender of the envelope. Default: the message's `from`. */
  returnPath?: string
  /** Messages on their way at one time, each on a connection of its own. Default 5. */
  connections?: number
  /** For connecting, for the greeting, and for each silence of the relay. Default 30000. */
  timeoutMs?: number
  /** For a message from its connection to the relay's answer. Default 300000. */
  messageMs?: number
  /** How long a connection is kept for the next message. Default 10000. */
  idleMs?: number
}

/** A connection, logged in. */
interface Line {
  connection: SMTPConnection
  idle?: NodeJS.Timeout
}

const CLOSE_MS = 1_000
const CHUNK_OCTETS = 16_384

/**
 * A relay over SMTP. Connections are kept for a while; one that went dead before anything of a message was sent is
 * replaced, which is not a repetition. Asks for delivery status notifications where the relay offers them (RFC 3461),
 * with our id as the envelope's.
 */
export function smtpEmail(options: SmtpOptions, { clock }: { clock: Clock }): EmailSender {
  const { timeoutMs = 30_000, messageMs = 300_000, idleMs = 10_000, auth } = options
  const once = oncePerId<EmailResult>()
  const pass = gate(options.connections ?? 5)
  const idle: Line[] = []
  const underWay = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  function open(): Promise<Line> {
    const connection = new SMTPConnection({
      host: options.host,
      port: options.port,
      secure: options.security === 'tls',
      requireTLS: options.security === 'starttls',
      ignoreTLS: options.security === 'off',
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      dnsTimeout: timeoutMs,
      socketCloseTimeout: CLOSE_MS,
      // Said aloud: NODE_TLS_REJECT_UNAUTHORIZED=0 must not reach this far.
      tls: { rejectUnauthorized: true },
    })
    const line: Line = { connection }
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        // Before the end that this brings about, which knows no reason.
        reject(error)
        connection.close()
      }
      connection.on('error', fail)
      connection.on('end', () => {
        clearTimeout(line.idle)
        const at = idle.indexOf(line)
        if (at >= 0) idle.splice(at, 1)
        reject(new Error('the relay closed the connection'))
      })
      connection.connect((error) => {
        if (error) return fail(error)
        if (!auth) return resolve(line)
        if (!connection.allowsAuth)
          return fail(Object.assign(new Error('the relay offers no login'), { code: 'EAUTH' }))
        connection.login({ user: auth.user, pass: auth.password }, (refusal) => {
          if (refusal) fail(refusal)
          else resolve(line)
        })
      })
    })
  }

  function keep(line: Line): void {
    // Nobody would tell of its end a second time.
    if (line.connection.destroyed) return
    line.idle = setTimeout(() => quit(line), idleMs)
    line.idle.unref()
    idle.push(line)
  }

  function quit({ connection }: Line): void {
    connection.quit()
    const timer = setTimeout(() => connection.close(), CLOSE_MS)
    connection.once('end', () => clearTimeout(timer))
  }

  function take(): Line | undefined {
    const line = idle.pop()
    clearTimeout(line?.idle)
    return line
  }

  /** Sends over one connection. `begun` says how far the message went, whatever happens. */
  function transmit(line: Line, email: Email, raw: Buffer, begun: Progress): Promise<string> {
    const { connection } = line
    const to = asciiDomain(email.to.address)!
    const source = Readable.from(chunksOf(raw), { highWaterMark: 1 })
    // The stream is read when the relay has said 354, and ends before the last dot is written.
    source.once('end', () => {
      begun.handedOver = true
    })
    const envelope = {
      from: asciiDomain(options.returnPath ?? email.from.address)!,
      to: [to],
      size: raw.length,
      use8BitMime: raw.some((octet) => octet > 0x7f),
      dsn: { id: email.id, return: 'headers', notify: ['failure', 'delay'] },
    }
    return new Promise((resolve, reject) => {
      connection.send(envelope as Parameters<SMTPConnection['send']>[0], source, (error, info) => {
        begun.touched = source.readableDidRead
        if (error) reject(error)
        else resolve(info.response)
      })
    })
  }

  async function deliver(email: Email): Promise<EmailResult> {
    const raw = await composeEmail(email, clock.now())
    const messageId = messageIdOf(email)
    for (;;) {
      const begun: Progress = { handedOver: false, touched: false }
      const old = take()
      let line: Line | undefined = old
      try {
        line ??= await open()
        if (needsUtf8(email, options) && !offersUtf8(line.connection)) {
          keep(line)
          return refused('invalid_address', 'the relay does not take addresses beyond ASCII (SMTPUTF8)')
        }
        const response = await inTime(transmit(line, email, raw, begun), messageMs, line.connection)
        keep(line)
        return { outcome: 'accepted', messageId, response: oneLine(response) }
      } catch (error) {
        const failure = error as SmtpError
        const answered = failure.responseCode !== undefined
        // It was kept too long. Nothing of the message was read, so this is no repetition.
        if (old && !begun.touched && wentDead(failure)) continue
        if (begun.handedOver && !(answered && failure.command === 'DATA')) {
          line?.connection.close()
          return { outcome: 'unknown', messageId, message: oneLine(failure.message) }
        }
        if (line) await settle(line, answered)
        return refusalOf(failure)
      }
    }
  }

  /** After a refusal the connection is as good as before, once it forgot the message. */
  async function settle(line: Line, answered: boolean): Promise<void> {
    const { connection } = line
    const isFine =
      answered &&
      !connection.destroyed &&
      (await new Promise<boolean>((done) => {
        connection.once('end', () => done(false))
        connection.reset((error) => done(!error))
      }))
    if (isFine) keep(line)
    else connection.close()
  }

  return {
    sendsOnce: false,
    async send(email) {
      if (closing) throw new Error('The e-mail sender is closed')
      const objection = objectionTo(email)
      if (objection) return objection
      const sending = once(email.id, () => pass(() => deliver(email)))
      underWay.add(sending)
      return sending.finally(() => underWay.delete(sending))
    },
    async verify() {
      if (closing) throw new Error('The e-mail sender is closed')
      const verifying = open().then(
        (line) => {
          keep(line)
          return undefined
        },
        (error: Error) => oneLine(error.message),
      )
      underWay.add(verifying)
      return verifying.finally(() => underWay.delete(verifying))
    },
    close() {
      closing ??= (async () => {
        await Promise.allSettled(underWay)
        const lines = [...idle]
        await Promise.all(
          lines.map((line) => {
            clearTimeout(line.idle)
            const ended = new Promise((done) => line.connection.once('end', done))
            quit(line)
            return ended
          }),
        )
      })()
      return closing
    },
  }
}

interface Progress {
  /** Anything of the message was read for the connection. */
  touched: boolean
  /** All of it was, so its end may have been written. */
  handedOver: boolean
}

/** Small, so that the end is not read long before it can be written. */
function* chunksOf(raw: Buffer): Generator<Buffer> {
  for (let at = 0; at < raw.length; at += CHUNK_OCTETS) yield raw.subarray(at, at + CHUNK_OCTETS)
}

function wentDead({ code = '', responseCode }: SmtpError): boolean {
  if (responseCode !== undefined) return responseCode === 421
  return code === 'ECONNECTION' || code === 'ESOCKET' || code === 'ETIMEDOUT'
}

/** A relay that trickles its answers is never silent; this ends it all the same. */
async function inTime(sending: Promise<string>, ms: number, connection: SMTPConnection): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      connection.close()
      reject(new Error(`the relay took longer than ${ms / 1000} s`))
    }, ms)
  })
  return Promise.race([sending, late]).finally(() => clearTimeout(timer))
}

function needsUtf8(email: Email, { returnPath = '' }: SmtpOptions): boolean {
  const addresses = [email.from.address, email.to.address, email.replyTo?.address ?? '', returnPath]
  return addresses.some((address) => /[^\0-\x7f]/.test(address.slice(0, address.lastIndexOf('@') + 1)))
}

function offersUtf8(connection: SMTPConnection): boolean {
  // What EHLO said; nodemailer would send such an address all the same.
  return (connection as unknown as { _supportedExtensions: string[] })._supportedExtensions.includes('SMTPUTF8')
}
