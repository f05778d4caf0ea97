import { oneLine } from '../sending/index.ts'
import { splitSms } from './segments.ts'

/** A text message to one phone. */
export interface Sms {
  /**
   * Ours, of letters, digits, `-`, `_` and `.`, and the key of idempotency: a message with an id that was sent, or of
   * which nobody knows whether it was, is not sent again; the answer is the first one's.
   */
  id: string
  /** E.164, a short code of 3 to 8 digits, or a name of up to 11 letters, digits, spaces and `._&-`. */
  from: string
  /** E.164. */
  to: string
  text: string
}

/**
 * Why a message was refused. Nothing reached the phone.
 * - `invalid_number`, `invalid_sender`, `invalid_message`, `rejected`: the same message will be refused again;
 * - `throttled`: more than the provider takes at a time;
 * - `account`: the provider does not want us (password, money, rights), so an operator must act;
 * - `unreachable`: the provider cannot be reached or says that it cannot work.
 */
export type SmsRefusal =
  | 'invalid_number'
  | 'invalid_sender'
  | 'invalid_message'
  | 'rejected'
  | 'throttled'
  | 'account'
  | 'unreachable'

export type SmsResult =
  /** The provider took it; its ids, one for each part it was given, are what receipts name. It may give none. */
  | { outcome: 'accepted'; providerIds: readonly string[] }
  /** `retryable`: the same message may be accepted later. `message` is one line for an operator. */
  | { outcome: 'refused'; reason: SmsRefusal; retryable: boolean; message: string }
  /**
   * It may have been sent, whole or in part: the connection went away, or the answer never came. Sending it again could
   * mean sending it twice, so the caller settles it: by a receipt for one of `providerIds`, or as unknown for good. `torn`:
   * those are of parts, and not all parts were taken, so that their receipts do not say that the message was delivered.
   */
  | { outcome: 'unknown'; providerIds: readonly string[]; message: string; torn?: true }

/** Why a message that was accepted did not arrive. `unknown` is the network's own word for it. */
export type SmsFailure = 'expired' | 'deleted' | 'undeliverable' | 'rejected' | 'unknown'

/** `at` is when we heard of it: what a network writes into its receipts has no time zone. */
export type SmsEvent =
  | { type: 'delivered'; providerId: string; at: Date }
  /** `code` is the network's, in its own vocabulary. */
  | { type: 'failed'; providerId: string; cause: SmsFailure; code?: string; at: Date }
  /** `part` when it is one of several that its sender's phone made of a long message; `number` counts from 1. */
  | {
      type: 'inbound'
      from: string
      to: string
      text: string
      at: Date
      providerId?: string
      part?: { reference: number; number: number; total: number }
    }

/** Rejecting means that the event was not kept; a provider that can is asked to send it again. */
export type SmsListener = (event: SmsEvent) => Promise<void> | void

/**
 * A way to send text messages, and to hear what became of them and what people answer.
 *
 * What an id protects from: within one process, each adapter remembers the last ten thousand ids. Beyond it,
 * - `outbox`: exactly once, since the file of a message is named by its id;
 * - `http`: as the gateway does with the `{id}` it is given; when it is known to recognise it (`idempotent`), what
 *   failed half way is retryable, otherwise `unknown`;
 * - `smpp`: not at all. The protocol has no key that an SMSC must honour (`user_message_reference` is 16 bits and
 *   informative), so a caller that dies between sending and recording must settle the message as unknown, never resend.
 */
export interface SmsSender {
  /**
   * Whether a message with an id that was sent, by whatever process, is certainly not sent again. Otherwise whoever
   * cannot tell whether a message was handed over must leave it.
   */
  readonly sendsOnce: boolean
  /**
   * Sends a message. Never rejects for what the provider does; only for an id that is none, after `close`, and for
   * defects such as a disk that is full.
   */
  send(sms: Sms): Promise<SmsResult>
  /**
   * Receipts and inbound messages, as they come: possibly late, doubled, out of order, or for messages that nobody
   * remembers. Returns what ends it. Adapters that hear nothing by themselves never call.
   */
  onEvent(listener: SmsListener): () => void
  /** Removes what it keeps of messages with these ids, as for a person who was erased. Absent: it keeps nothing. */
  forget?(ids: readonly string[]): Promise<void>
  /** Takes no more, waits for what is under way, and leaves the provider in order. */
  close(): Promise<void>
}

export const E164 = /^\+[1-9]\d{6,14}$/
export const SHORT_CODE = /^\d{3,8}$/
const SENDER_NAME = /^(?=.*[A-Za-z])[A-Za-z0-9._&-](?:[A-Za-z0-9 ._&-]{0,9}[A-Za-z0-9._&-])?$/
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/
/** The header of a part counts them in one octet. */
const MOST_SEGMENTS = 255

/** A refusal in the port's words. */
export function refused(reason: SmsRefusal, message: string): SmsResult & { outcome: 'refused' } {
  const retryable = reason === 'throttled' || reason === 'account' || reason === 'unreachable'
  return { outcome: 'refused', reason, retryable, message: oneLine(message) }
}

/** What every adapter refuses by itself; undefined when there is nothing wrong. Throws for an id that is none. */
export function objectionTo({ id, from, to, text }: Sms): (SmsResult & { outcome: 'refused' }) | undefined {
  if (!ID.test(id)) throw new Error(`not an id of a message: ${JSON.stringify(id)}`)
  if (!E164.test(to)) return refused('invalid_number', 'the number is not in E.164')
  if (!E164.test(from) && !SHORT_CODE.test(from) && !SENDER_NAME.test(from)) {
    return refused('invalid_sender', 'the sender is no number, short code or name of up to 11 characters')
  }
  if (text === '') return refused('invalid_message', 'the text is empty')
  if (!text.isWellFormed()) return refused('invalid_message', 'the text is not well-formed Unicode')
  const { length } = splitSms(text).parts
  if (length > MOST_SEGMENTS) return refused('invalid_message', `the text takes ${length} parts, more than 255`)
  return undefined
}
