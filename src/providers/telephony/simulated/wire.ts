/** JSON in which the instants of events and reports are dates again. */
export function fromWire<Value>(text: string): Value {
  return JSON.parse(text, (key, value) => (INSTANTS.has(key) && typeof value === 'string' ? new Date(value) : value))
}

const INSTANTS: ReadonlySet<string> = new Set(['at', 'answeredAt', 'endedAt'])

/** What `GET /carrier` says. */
export interface CarrierFacts {
  lines: number
  /** How many times as fast as the wall's its clock has run since `since`. */
  speed: number
  since: string
}

/** The WebSocket's close code when somebody else has taken the seat. */
export const REPLACED = 4_001
