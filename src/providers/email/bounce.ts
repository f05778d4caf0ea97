import { type Fields, type MimePart, readFields, readPart, walk } from './mime-part.ts'

/** What a delivery status notification (RFC 3464) says of one recipient. */
export interface DeliveryStatus {
  /** The address that was tried at last; the one that was asked for when that is all there is. */
  recipient: string
  /** The address that was asked for, when the relay says so. */
  originalRecipient?: string
  action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'
  /** RFC 3463, such as `5.1.1`; its first digit is 5 for good, 4 for now, 2 for success. */
  status: string
  /** What the last server said, such as `550 5.1.1 No such user`. */
  diagnostic?: string
}

interface Original {
  /** The Message-ID of what was sent, with its brackets, from the copy in the report. */
  messageId?: string
  /** What was given as ENVID: our id. */
  envelopeId?: string
}

export type BounceReport =
  | ({ kind: 'delivery-status'; recipients: readonly DeliveryStatus[] } & Original)
  /** Somebody pressed "this is spam" (ARF, RFC 5965). `feedbackType` is `abuse` or one of its kin. */
  | ({ kind: 'complaint'; feedbackType: string; recipients: readonly string[] } & Original)

const ACTIONS = new Set(['failed', 'delayed', 'delivered', 'relayed', 'expanded'])
const MAX_OCTETS = 5_000_000
const MAX_TEXT = 500

/**
 * Reads a message that came to the return path: a delivery status notification or a complaint, undefined when it is
 * neither (an answer of a person or of an absence, or a bounce in prose). Never throws. Anybody can write such a message,
 * so the caller believes it only about a message that it did send to that recipient.
 */
export function parseBounce(raw: Uint8Array | string): BounceReport | undefined {
  const octets = typeof raw === 'string' ? Buffer.from(raw) : Buffer.from(raw)
  const parts = [...walk(readPart(octets.subarray(0, MAX_OCTETS).toString('latin1')))]
  const ofType = (...types: string[]) => parts.find(({ type }) => types.includes(type))
  const status = ofType('message/delivery-status', 'message/global-delivery-status')
  if (status) return deliveryReport(status, parts)
  const feedback = ofType('message/feedback-report')
  return feedback && complaint(feedback, parts)
}

function deliveryReport(part: MimePart, parts: readonly MimePart[]): BounceReport | undefined {
  const groups = part.content
    .split(/\r?\n[ \t]*\r?\n/)
    .map((group) => readFields(group.replace(/^\s+/, '')))
    .filter((fields) => fields.size > 0)
  // The first group is about the message; some reporters leave it out.
  const recipients = groups.flatMap((fields) => recipientOf(fields) ?? [])
  if (recipients.length === 0) return undefined
  const envelopeId = groups.find((fields) => fields.has('original-envelope-id'))?.get('original-envelope-id')
  return { kind: 'delivery-status', recipients, ...originalOf(parts, envelopeId) }
}

function recipientOf(fields: Fields): DeliveryStatus | undefined {
  const original = addressOf(fields.get('original-recipient'))
  const recipient = addressOf(fields.get('final-recipient')) ?? original
  const action =
    fields
      .get('action')
      ?.split(/[\s;(]/)[0]
      ?.toLowerCase() ?? ''
  const status = fields.get('status')?.match(/[245]\.\d{1,3}\.\d{1,3}/)?.[0]
  if (!recipient || !ACTIONS.has(action)) return undefined
  const diagnostic = text(fields.get('diagnostic-code')?.replace(/^[\w-]+\s*;/, ''))
  return {
    recipient,
    ...(original && { originalRecipient: original }),
    action: action as DeliveryStatus['action'],
    status: status ?? (action === 'failed' ? '5.0.0' : action === 'delayed' ? '4.0.0' : '2.0.0'),
    ...(diagnostic && { diagnostic }),
  }
}

function complaint(part: MimePart, parts: readonly MimePart[]): BounceReport | undefined {
  const fields = readFields(part.content.trimStart())
  const feedbackType = text(fields.get('feedback-type')?.toLowerCase())
  if (!feedbackType) return undefined
  // Each may come several times; readFields keeps the first.
  const stated = [...part.content.matchAll(/^Original-Rcpt-To:(.*)$/gim)].flatMap(([, value]) => addressOf(value) ?? [])
  const returned = addressOf(returnedFields(parts)?.get('to'))
  const envelopeId = fields.get('original-envelope-id')
  const recipients = stated.length > 0 ? stated : returned ? [returned] : []
  return { kind: 'complaint', feedbackType, recipients, ...originalOf(parts, envelopeId) }
}

function originalOf(parts: readonly MimePart[], envelopeId: string | undefined): Original {
  const messageId = returnedFields(parts)
    ?.get('message-id')
    ?.match(/<[^<>\s\p{Cc}]{1,500}>/u)?.[0]
  return { ...(messageId && { messageId }), ...(envelopeId && { envelopeId: text(envelopeId) }) }
}

/** The header of the message that the report is about: the whole of it or its header come back. */
function returnedFields(parts: readonly MimePart[]): Fields | undefined {
  const RETURNED = ['message/rfc822', 'text/rfc822-headers', 'message/global', 'message/global-headers']
  const returned = parts.find(({ type }) => RETURNED.includes(type))
  return returned && readFields(returned.content.trimStart().split(/\r?\n\r?\n/)[0]!)
}

/** `rfc822; user@example.com`, `user@example.com` or `Name <user@example.com>`, in whichever of these it was written. */
function addressOf(value: string | undefined): string | undefined {
  const [, type = '', rest = ''] = value?.match(/^\s*(?:(rfc822|utf-8|unknown|x-[\w-]+)\s*;)?(.*)$/is) ?? []
  const bare = rest.match(/<([^<>]*)>/)?.[1] ?? rest
  const address = text(type.toLowerCase() === 'utf-8' ? unescaped(bare) : unquoted(bare))?.trim()
  return address?.includes('@') ? address : undefined
}

/**
 * RFC 3461, 4, but only of what an address may have: reporters that forget to undo it are few, and `bob+42@example.com`
 * is an address.
 */
function unquoted(written: string): string {
  return written.replaceAll('+2B', '+').replaceAll('+3D', '=')
}

/** RFC 6533, 3: `\x{F6}` for `ö`, or the character itself. */
function unescaped(written: string): string {
  return written.replace(/\\x\{([0-9A-F]{2,6})\}/g, (all, hex: string) => {
    const code = Number.parseInt(hex, 16)
    return code <= 0x10ffff ? Buffer.from(String.fromCodePoint(code)).toString('latin1') : all
  })
}

/** Octets as text: UTF-8 where it is that, in one line, of a length that can be stored. */
function text(latin1: string | undefined): string | undefined {
  if (latin1 === undefined) return undefined
  const utf8 = Buffer.from(latin1, 'latin1').toString('utf8')
  return (utf8.includes('\ufffd') ? latin1 : utf8)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_TEXT)
    .toWellFormed()
}
