import { createHash } from 'node:crypto'
import { encodeGsm7 } from './gsm7.ts'
import { type SmsEncoding, splitSms } from './segments.ts'
import { SHORT_CODE, type Sms } from './sms.ts'

/** How a message of several parts goes out: cut by us with a header in each part, or whole, for the SMSC to cut. */
export type LongMessages = 'udh' | 'payload'

const TON = { international: 1, networkSpecific: 3, alphanumeric: 5 }
const NPI = { unknown: 0, isdn: 1 }
const DATA_CODING: Record<SmsEncoding, number> = { gsm7: 0, ucs2: 8 }
const UDH_INDICATOR = 0x40
/** A final receipt, of success or failure. */
const FINAL_RECEIPT = 1

/** The `submit_sm` of each part. `reference` (0 to 255) ties the parts together on the phone. */
export function submitsOf(sms: Sms, reference: number, long: LongMessages): Record<string, unknown>[] {
  const { encoding, parts } = splitSms(sms.text)
  const common = {
    ...addressed(sms),
    registered_delivery: FINAL_RECEIPT,
    data_coding: DATA_CODING[encoding],
    user_message_reference: userReference(sms.id),
  }
  if (parts.length === 1) return [{ ...common, short_message: octetsOf(sms.text, encoding) }]
  if (long === 'payload') return [{ ...common, message_payload: octetsOf(sms.text, encoding) }]
  return parts.map((part, index) => ({
    ...common,
    esm_class: UDH_INDICATOR,
    short_message: Buffer.concat([
      // Length; concatenation with an 8-bit reference, 3 octets (3GPP TS 23.040, 9.2.3.24.1).
      Buffer.from([5, 0, 3, reference, parts.length, index + 1]),
      octetsOf(part, encoding),
    ]),
  }))
}

function octetsOf(text: string, encoding: SmsEncoding): Buffer {
  return encoding === 'gsm7' ? encodeGsm7(text) : Buffer.from(text, 'utf16le').swap16()
}

function addressed({ from, to }: Sms): Record<string, unknown> {
  const source = from.startsWith('+')
    ? { source_addr_ton: TON.international, source_addr_npi: NPI.isdn, source_addr: from.slice(1) }
    : SHORT_CODE.test(from)
      ? { source_addr_ton: TON.networkSpecific, source_addr_npi: NPI.unknown, source_addr: from }
      : { source_addr_ton: TON.alphanumeric, source_addr_npi: NPI.unknown, source_addr: from }
  return { ...source, dest_addr_ton: TON.international, dest_addr_npi: NPI.isdn, destination_addr: to.slice(1) }
}

/** 16 bits of our id, for whoever compares logs; far too few to tell messages apart. */
function userReference(id: string): number {
  return createHash('sha256').update(id).digest().readUInt16BE(0)
}
