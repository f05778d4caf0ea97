import type { Pace } from './accelerated-clock.ts'

/** JSON in which the instants of events and reports are dates again. */
export function fromWire<Value>(text: string): Value {
  return JSON.parse(text, (key, value) => (INSTANTS.has(key) && typeof value === 'string' ? new Date(value) : value))
}

const INSTANTS: ReadonlySet<string> = new Set(['at', 'answeredAt', 'endedAt', 'since', 'startsAt'])

/** What `GET /carrier` says. */
export interface CarrierFacts extends Required<Pace> {
  lines: number
}

/** The WebSocket's close code when somebody else has taken the seat. */
export const REPLACED = 4_001
