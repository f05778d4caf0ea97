import type { Email, EmailResult } from '../../providers/email/index.ts'
import type { SmsResult } from '../../providers/sms/index.ts'
import type { EmailContent, SmsContent } from '../campaigns/index.ts'
import type { MessageDeps } from './deps.ts'
import type { Ailment } from './pace.ts'
import { plainTextOf } from './plain-text.ts'
import type { PlannedMessage } from './plan-messages.ts'

/** What came of handing a message to its provider. `detail` is one line for an operator, and may name the address. */
export type Outcome =
  | { kind: 'sent'; providerIds: readonly string[] }
  /** For good: the same message would be refused again. */
  | { kind: 'refused'; reason: string; detail: string }
  /** Not now; `ailment` when the provider is why, rather than the message. */
  | { kind: 'later'; reason: string; detail: string; ailment: Ailment | null }
  /** `torn`: of an SMS some parts were sent, and others not. */
  | { kind: 'unknown'; providerIds: readonly string[]; detail: string; torn?: true }

/** A relay that closes, or has too many connections: not about the message (RFC 5321, 3.8). */
const CLOSING = 421

/** Hands a message to its provider, under its id. Never rejects. */
export async function handOver(deps: MessageDeps, message: PlannedMessage): Promise<Outcome> {
  const sender = deps[message.channel]
  try {
    return message.channel === 'sms'
      ? smsOutcome(await deps.sms.send(smsOf(deps, message)))
      : emailOutcome(await deps.email.send(emailOf(deps, message)))
  } catch (error) {
    deps.logger.error({ err: error, message: message.id }, 'a message could not be handed over')
    const detail = 'the server could not hand it over; its log says why'
    // A full disk, for instance. Nobody can tell how far it came, so only what is known again is tried again.
    return sender.sendsOnce
      ? { kind: 'later', reason: 'fault', detail, ailment: 'unreachable' }
      : { kind: 'unknown', providerIds: [], detail }
  }
}

function smsOf({ from }: MessageDeps, { id, address, content }: PlannedMessage) {
  const { message: text, sender } = content as SmsContent
  return { id, from: sender ?? from.sms, to: address, text }
}

function emailOf({ from, unsubscribeUrl }: MessageDeps, { id, address, content }: PlannedMessage): Email {
  const { subject, html, text, fromEmail, fromName } = content as EmailContent
  const own = fromEmail === null ? from.email : { address: fromEmail }
  const url = unsubscribeUrl(id)
  return {
    id,
    from: fromName === null ? own : { ...own, name: fromName },
    to: { address },
    subject,
    text: text || readOut(content as EmailContent) || subject,
    ...(html !== null && { html }),
    ...(url !== undefined && { listUnsubscribe: { url } }),
    // Absences need not answer to it (RFC 3834).
    headers: { Precedence: 'bulk' },
  }
}

/** Of a content the text once, since it goes to many. */
const READ = new WeakMap<EmailContent, string>()

function readOut(content: EmailContent): string {
  let text = READ.get(content)
  if (text === undefined) {
    text = content.html === null ? '' : plainTextOf(content.html)
    READ.set(content, text)
  }
  return text
}

function smsOutcome(result: SmsResult): Outcome {
  if (result.outcome === 'accepted') return { kind: 'sent', providerIds: result.providerIds }
  if (result.outcome === 'unknown') {
    const { providerIds, message: detail, torn } = result
    return { kind: 'unknown', providerIds, detail, ...(torn && { torn }) }
  }
  const { reason, message: detail } = result
  if (!result.retryable) return { kind: 'refused', reason, detail }
  const isProvider = reason === 'throttled' || reason === 'account' || reason === 'unreachable'
  return { kind: 'later', reason, detail, ailment: isProvider ? reason : null }
}

function emailOutcome(result: EmailResult): Outcome {
  if (result.outcome === 'accepted') return { kind: 'sent', providerIds: [result.messageId] }
  if (result.outcome === 'unknown') return { kind: 'unknown', providerIds: [result.messageId], detail: result.message }
  const { reason, message: detail, code } = result
  if (!result.retryable) return { kind: 'refused', reason, detail }
  if (reason === 'account' || reason === 'unreachable') return { kind: 'later', reason, detail, ailment: reason }
  return { kind: 'later', reason, detail, ailment: code === CLOSING ? 'unreachable' : null }
}
