/**
 * How a dial ended, in one vocabulary for all providers. `answered` is every call that was answered, however it ended
 * afterwards. `provider_fault` is ours or the carrier's; `unreachable` is the called side's.
 */
export type Cause =
  | 'answered'
  | 'busy'
  | 'no_answer'
  | 'refused'
  | 'unreachable'
  | 'invalid_number'
  | 'provider_fault'
  | 'cancelled'

export const CAUSES: readonly Cause[] = [
  'answered',
  'busy',
  'no_answer',
  'refused',
  'unreachable',
  'invalid_number',
  'provider_fault',
  'cancelled',
]

export interface NetworkCodes {
  /** ITU-T Q.850; Asterisk's `cause`. */
  q850?: number
  /** RFC 3261; Asterisk's `tech_cause`. */
  sip?: number
}

/** A phone that does not answer and one that is not there give the same codes; only the latter never rang. */
type Rule = Cause | 'silent'

const SIP: Readonly<Record<number, Rule>> = {
  403: 'refused',
  404: 'invalid_number',
  408: 'silent',
  410: 'invalid_number',
  416: 'invalid_number',
  480: 'silent',
  484: 'invalid_number',
  485: 'invalid_number',
  486: 'busy',
  // Our own CANCEL when ringing took too long; a CANCEL that was asked for is told by `cancelled`.
  487: 'no_answer',
  502: 'unreachable',
  503: 'unreachable',
  504: 'unreachable',
  600: 'busy',
  603: 'refused',
  604: 'invalid_number',
  606: 'refused',
  607: 'refused',
  608: 'refused',
}

const Q850: Readonly<Record<number, Rule>> = {
  1: 'invalid_number',
  2: 'unreachable',
  3: 'unreachable',
  16: 'no_answer',
  17: 'busy',
  18: 'silent',
  19: 'silent',
  20: 'unreachable',
  21: 'refused',
  22: 'invalid_number',
  27: 'unreachable',
  28: 'invalid_number',
  102: 'unreachable',
}

/**
 * The cause of an ended call. A SIP code was said by the far side and decides; Q.850 alone is what our own side made of
 * it, so that 34 with 503 is an unreachable phone, and 34 without it is our want of circuits. What is in no table is a
 * fault of the provider, but a 6xx is a refusal. Sources: RFC 3261 21, RFC 4497 8.4.1, ITU-T Q.850, and voice/README.md.
 */
export function normaliseCause(call: {
  answered: boolean
  /** Whether ringing was heard. */
  rang: boolean
  /** Whether we hung up before the answer. */
  cancelled: boolean
  codes: NetworkCodes
}): Cause {
  if (call.answered) return 'answered'
  if (call.cancelled) return 'cancelled'
  const { sip, q850 } = call.codes
  const rule = sip === undefined ? Q850[q850 ?? 0] : (SIP[sip] ?? (sip >= 600 ? 'refused' : undefined))
  if (rule === 'silent') return call.rang ? 'no_answer' : 'unreachable'
  return rule ?? 'provider_fault'
}
