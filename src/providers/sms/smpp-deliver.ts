import { decodeGsm7 } from './gsm7.ts'
import { e164Of } from './number.ts'
import type { SmsEvent, SmsFailure } from './sms.ts'

/** What matters of a `deliver_sm`. Its numbers are unsigned, its addresses without `+`. */
export interface Delivered {
  esm_class?: number
  data_coding?: number
  source_addr?: string
  source_addr_ton?: number
  destination_addr?: string
  dest_addr_ton?: number
  receipted_message_id?: string
  message_state?: number
}

/**
 * How the id in a receipt differs from the one that `submit_sm_resp` gave: some SMSCs write the one in hexadecimal and
 * the other in decimal digits. Ids are reported as `submit_sm_resp` wrote them.
 */
export type ReceiptIds = 'same' | 'decimal' | 'hexadecimal'

const MESSAGE_TYPE = 0x3c
const RECEIPT = 0x04
const UDH_INDICATOR = 0x40
const INTERNATIONAL = 1

type State = 'pending' | 'delivered' | SmsFailure

/** By the number in `message_state`, and by the word in a receipt's text (SMPP 3.4, 5.2.28 and appendix B). */
const STATES: readonly (readonly [words: readonly string[], state: State])[] = [
  [['SCHEDULED'], 'pending'],
  [['ENROUTE'], 'pending'],
  [['DELIVRD', 'DELIVERED'], 'delivered'],
  [['EXPIRED'], 'expired'],
  [['DELETED'], 'deleted'],
  [['UNDELIV', 'UNDELIVERABLE', 'FAILED'], 'undeliverable'],
  [['ACCEPTD', 'ACCEPTED'], 'pending'],
  [['UNKNOWN'], 'unknown'],
  [['REJECTD', 'REJECTED'], 'rejected'],
  [['SKIPPED'], 'deleted'],
]

/**
 * What a `deliver_sm` tells. `pending` is a receipt of a state on the way; undefined one that says nothing. A message
 * is a receipt only when the SMSC marks it as one: what a person writes may look like any receipt.
 */
export function eventOf(
  pdu: Delivered,
  octets: Buffer,
  { at, receiptIds = 'same' }: { at: Date; receiptIds?: ReceiptIds },
): SmsEvent | 'pending' | undefined {
  const type = (pdu.esm_class ?? 0) & MESSAGE_TYPE
  const marked = pdu.receipted_message_id !== undefined && pdu.message_state !== undefined
  if (type === RECEIPT || (type === 0 && marked)) return receiptOf(pdu, octets, at, receiptIds)
  // Intermediate notifications, acknowledgements of phones, aborted conversations.
  if (type !== 0) return 'pending'
  return inboundOf(pdu, octets, at)
}

function receiptOf(pdu: Delivered, octets: Buffer, at: Date, receiptIds: ReceiptIds): ReturnType<typeof eventOf> {
  // What comes after `text:` is the beginning of the message, where anything may stand.
  const [facts = ''] = textOf(octets, pdu.data_coding === 8 ? 8 : 1).split(/\btext:/i)
  const fact = (name: string) => facts.match(new RegExp(`(?:^|\\s)${name}:\\s*(\\S+)`, 'i'))?.[1]
  const written = pdu.receipted_message_id || fact('id')
  const word = fact('stat')?.toUpperCase()
  const state =
    pdu.message_state === undefined
      ? STATES.find(([words]) => words.includes(word ?? ''))?.[1]
      : STATES[pdu.message_state]?.[1]
  if (written === undefined || state === undefined) return undefined
  if (state === 'pending') return 'pending'
  const providerId = submittedId(written, receiptIds)
  if (state === 'delivered') return { type: 'delivered', providerId, at }
  const code = fact('err')
  return { type: 'failed', providerId, cause: state, ...(code && { code }), at }
}

function submittedId(written: string, receiptIds: ReceiptIds): string {
  if (receiptIds === 'decimal' && /^\d+$/.test(written)) return BigInt(written).toString(16).toUpperCase()
  if (receiptIds === 'hexadecimal' && /^[0-9a-f]+$/i.test(written)) return BigInt(`0x${written}`).toString()
  return written
}

function inboundOf(pdu: Delivered, octets: Buffer, at: Date): SmsEvent {
  const headed = ((pdu.esm_class ?? 0) & UDH_INDICATOR) !== 0 && octets.length > 0
  const headerEnd = headed ? octets[0]! + 1 : 0
  const part = concatenation(octets.subarray(1, headerEnd))
  return {
    type: 'inbound',
    from: e164Of(pdu.source_addr ?? '', pdu.source_addr_ton === INTERNATIONAL),
    to: e164Of(pdu.destination_addr ?? '', pdu.dest_addr_ton === INTERNATIONAL),
    text: textOf(octets.subarray(headerEnd), pdu.data_coding ?? 0),
    at,
    ...(pdu.receipted_message_id && { providerId: pdu.receipted_message_id }),
    ...(part && { part }),
  }
}

/** The part among others, by the elements 0 (8-bit reference) and 8 (16-bit) of a user data header. */
function concatenation(elements: Buffer): { reference: number; number: number; total: number } | undefined {
  for (let at = 0; at + 2 <= elements.length; at += 2 + elements[at + 1]!) {
    const data = elements.subarray(at + 2, at + 2 + elements[at + 1]!)
    const wide = elements[at] === 8
    if (!wide && elements[at] !== 0) continue
    if (data.length !== (wide ? 4 : 3)) continue
    const [total, number] = data.subarray(-2)
    return { reference: wide ? data.readUInt16BE(0) : data[0]!, number: number!, total: total! }
  }
  return undefined
}

/** By `data_coding`: GSM 03.38, ASCII, Latin-1 or UCS-2; the binary ones as Latin-1, so that nothing is lost. */
function textOf(octets: Buffer, dataCoding: number): string {
  // Message classes (0xF_) say it in one bit: 8-bit data or the default alphabet.
  const coding = (dataCoding & 0xf0) === 0xf0 ? (dataCoding & 0x04 ? 4 : 0) : dataCoding
  if (coding === 8) {
    const even = octets.subarray(0, octets.length - (octets.length % 2))
    return Buffer.from(even).swap16().toString('utf16le').toWellFormed()
  }
  return coding === 0 ? decodeGsm7(octets) : octets.toString('latin1')
}
