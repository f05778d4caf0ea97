import type { SmsRefusal } from './sms.ts'

/** The values of `command_status` that mean more than "no" (SMPP 3.4, 5.1.3). */
const STATUSES = new Map<number, readonly [name: string, reason: SmsRefusal]>([
  [0x01, ['ESME_RINVMSGLEN', 'invalid_message']],
  [0x04, ['ESME_RINVBNDSTS', 'account']],
  [0x05, ['ESME_RALYBND', 'account']],
  [0x08, ['ESME_RSYSERR', 'unreachable']],
  [0x0a, ['ESME_RINVSRCADR', 'invalid_sender']],
  [0x0b, ['ESME_RINVDSTADR', 'invalid_number']],
  [0x0d, ['ESME_RBINDFAIL', 'account']],
  [0x0e, ['ESME_RINVPASWD', 'account']],
  [0x0f, ['ESME_RINVSYSID', 'account']],
  [0x14, ['ESME_RMSGQFUL', 'throttled']],
  [0x43, ['ESME_RINVESMCLASS', 'invalid_message']],
  [0x45, ['ESME_RSUBMITFAIL', 'rejected']],
  [0x48, ['ESME_RINVSRCTON', 'invalid_sender']],
  [0x49, ['ESME_RINVSRCNPI', 'invalid_sender']],
  [0x50, ['ESME_RINVDSTTON', 'invalid_number']],
  [0x51, ['ESME_RINVDSTNPI', 'invalid_number']],
  [0x53, ['ESME_RINVSYSTYP', 'account']],
  [0x58, ['ESME_RTHROTTLED', 'throttled']],
  [0x64, ['ESME_RX_T_APPN', 'unreachable']],
  [0x100, ['ESME_RSERTYPUNAUTH', 'account']],
  [0x102, ['ESME_RSERTYPUNAVAIL', 'unreachable']],
  [0x103, ['ESME_RSERTYPDENIED', 'account']],
  [0x104, ['ESME_RINVDCS', 'invalid_message']],
])

/** For an operator, such as `ESME_RTHROTTLED (0x58)`. */
export function statusName(status: number): string {
  const hex = `0x${status.toString(16).padStart(2, '0')}`
  const name = STATUSES.get(status)?.[0]
  return name ? `${name} (${hex})` : `status ${hex}`
}

/** What a status other than 0 says about a message. */
export function refusalOf(status: number): SmsRefusal {
  return STATUSES.get(status)?.[1] ?? 'rejected'
}
