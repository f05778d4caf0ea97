import { domainToASCII } from 'node:url'
import { oneLine } from '../sending/index.ts'

export interface Mailbox {
  /** `local@domain`; both may be beyond ASCII. No quoted local parts, no address literals. */
  address: string
  name?: string
}

/** A message to one person. */
export interface Email {
  /**
   * Ours, of letters, digits, `-`, `_` and `.`, and the key of idempotency: a message with an id that was sent, or of
   * which nobody knows whether it was, is not sent again; the answer is the first one's. The Message-ID is made of it.
   */
  id: string
  from: Mailbox
  replyTo?: Mailbox
  to: Mailbox
  subject: string
  text: string
  html?: string
  /**
   * Makes List-Unsubscribe and List-Unsubscribe-Post (RFC 8058): a POST to `url`, which must be https, ends it at once.
   * `mailto` is a whole URL such as `mailto:stop@example.com?subject=stop`. The relay's DKIM must sign both headers.
   */
  listUnsubscribe?: { url: string; mailto?: string }
  /** Further ones: `X-...` and the few of OTHER_HEADERS. */
  headers?: Readonly<Record<string, string>>
}

/**
 * Why a message was refused. Nobody got it.
 * - `invalid_address`, `invalid_message`, `rejected`: the same message will be refused again (5xx);
 * - `deferred`: not now (4xx), as greylisting and full mailboxes do;
 * - `account`: the relay does not want us (password, rights), so an operator must act;
 * - `unreachable`: no relay, no encryption, or the connection was lost before the message was handed over.
 */
export type EmailRefusal = 'invalid_address' | 'invalid_message' | 'rejected' | 'deferred' | 'account' | 'unreachable'

export type EmailResult =
  /** The relay took it; it may still bounce. `response` is what it said. */
  | { outcome: 'accepted'; messageId: string; response: string }
  /** `retryable`: the same message may be accepted later. `code` and `status` (such as 5.1.1) are the relay's. */
  | {
      outcome: 'refused'
      reason: EmailRefusal
      retryable: boolean
      message: string
      code?: number
      status?: string
    }
  /**
   * It was handed over whole, and the connection was lost before the relay said yes or no. Sending it again could mean
   * sending it twice, so the caller settles it: by a bounce that names `messageId`, or as unknown for good.
   */
  | { outcome: 'unknown'; messageId: string; message: string }

/**
 * A way to send e-mail. What an id protects from: within one process, each adapter remembers the last ten thousand.
 * Beyond it, `outbox` sends exactly once, since a message's file is named by its id; SMTP has no such key, though a
 * repetition has the same Message-ID, by which many mailboxes show it once.
 */
export interface EmailSender {
  /**
   * Whether a message with an id that was sent, by whatever process, is certainly not sent again. Otherwise whoever
   * cannot tell whether a message was handed over must leave it.
   */
  readonly sendsOnce: boolean
  /**
   * Sends a message. Never rejects for what the relay does; only for an id that is none, after `close`, and for defects
   * such as a disk that is full.
   */
  send(email: Email): Promise<EmailResult>
  /** Whether messages could be sent now, found out without sending one: why not, as one line; undefined when so. */
  verify(): Promise<string | undefined>
  /** Removes what it keeps of messages with these ids, as for a person who was erased. Absent: it keeps nothing. */
  forget?(ids: readonly string[]): Promise<void>
  /** Takes no more, waits for what is under way, and leaves the relay in order. */
  close(): Promise<void>
}

type Refused = EmailResult & { outcome: 'refused' }

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/
/** The local part as RFC 6531 widens it, without quotes; dots only between. */
const LOCAL = /^(?!\.)(?!.*\.\.)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u{80}-\u{10ffff}-]+(?<!\.)$/u
const DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/
/** RFC 5321, 4.5.3.1: octets of a local part and of a path without its brackets. */
const LOCAL_OCTETS = 64
const ADDRESS_OCTETS = 254
const OTHER_HEADERS = new Set(['auto-submitted', 'precedence', 'feedback-id', 'list-id', 'in-reply-to', 'references'])
const MAX_HEADER = 998
/** All that could end a header or hide in it. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u
const RETRYABLE = new Set<EmailRefusal>(['deferred', 'account', 'unreachable'])

/** A refusal in the port's words. */
export function refused(
  reason: EmailRefusal,
  message: string,
  facts: { code?: number; status?: string } = {},
): Refused {
  return { outcome: 'refused', reason, retryable: RETRYABLE.has(reason), message: oneLine(message), ...facts }
}

/** The address as it travels, its domain in ASCII (Punycode); undefined when it is none. */
export function asciiDomain(address: string): string | undefined {
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at)
  const domain = domainToASCII(address.slice(at + 1))
  if (at < 1 || !LOCAL.test(local) || /\p{Cc}|\s/u.test(local) || !local.isWellFormed()) return undefined
  // Otherwise an IP address is a domain too.
  if (!DOMAIN.test(domain) || /^[\d.]+$/.test(domain)) return undefined
  if (Buffer.byteLength(local) > LOCAL_OCTETS || Buffer.byteLength(`${local}@${domain}`) > ADDRESS_OCTETS)
    return undefined
  return `${local}@${domain}`
}

/** `<id@domain of the sender>`. */
export function messageIdOf({ id, from }: Email): string {
  const address = asciiDomain(from.address) ?? ''
  return `<${id}@${address.slice(address.lastIndexOf('@') + 1)}>`
}

/** Our id in a Message-ID that was made of it. Says nothing about whether we made it. */
export function idOfMessageId(messageId: string): string | undefined {
  const id = messageId.match(/^<?([^<>@\s]+)@[^<>@\s]+>?$/)?.[1]
  return id && ID.test(id) ? id : undefined
}

/** What every adapter refuses by itself; undefined when there is nothing wrong. Throws for an id that is none. */
export function objectionTo(email: Email): Refused | undefined {
  const { id, from, to, replyTo, subject, text, html, listUnsubscribe, headers = {} } = email
  if (!ID.test(id)) throw new Error(`not an id of a message: ${JSON.stringify(id)}`)
  for (const [field, mailbox] of Object.entries({ from, to, replyTo })) {
    if (!mailbox) continue
    if (!asciiDomain(mailbox.address)) return refused('invalid_address', `${field} is not an address`)
    const fault = headerFault(mailbox.name ?? '')
    if (fault) return refused('invalid_message', `the name of ${field} ${fault}`)
  }
  const fault = headerFault(subject)
  if (fault) return refused('invalid_message', `the subject ${fault}`)
  for (const [field, body] of Object.entries({ text, html })) {
    if (body === undefined) continue
    if (body.trim() === '') return refused('invalid_message', `${field} is empty`)
    if (body.includes('\0') || !body.isWellFormed())
      return refused('invalid_message', `${field} has NUL or half a character`)
  }
  const unsubscribeFault = listUnsubscribe && unsubscribeFaultOf(listUnsubscribe)
  if (unsubscribeFault) return refused('invalid_message', unsubscribeFault)
  for (const [name, value] of Object.entries(headers)) {
    const isAllowed = /^x-[a-z0-9-]{1,70}$/i.test(name) || OTHER_HEADERS.has(name.toLowerCase())
    if (!isAllowed) return refused('invalid_message', `the header ${JSON.stringify(name)} cannot be set`)
    const headerFaultOfValue = value.trim() === '' ? 'is empty' : headerFault(value)
    if (headerFaultOfValue) return refused('invalid_message', `the header ${name} ${headerFaultOfValue}`)
  }
  return undefined
}

function headerFault(text: string): string | undefined {
  if (CONTROL.test(text)) return 'has a line break or another control character'
  if (!text.isWellFormed()) return 'has half a character'
  return text.length > MAX_HEADER ? `is longer than ${MAX_HEADER}` : undefined
}

function unsubscribeFaultOf({ url, mailto }: { url: string; mailto?: string }): string | undefined {
  // Printable ASCII but for what would end the URL in its header.
  const isPlain = (text: string) => /^[!-;=?-~]+$/.test(text) && text.length <= MAX_HEADER / 2
  if (!isPlain(url) || !URL.canParse(url) || new URL(url).protocol !== 'https:')
    return 'listUnsubscribe.url is not an https URL'
  if (
    mailto !== undefined &&
    !(isPlain(mailto) && /^mailto:[^@,?]+@[^@,?]+(\?.*)?$/i.test(mailto) && !mailto.includes(','))
  ) {
    return 'listUnsubscribe.mailto is not a mailto URL'
  }
  return undefined
}
