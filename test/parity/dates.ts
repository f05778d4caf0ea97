/** How dates of a recording may vary. `same`: the very form that was recorded. */
export const DATE_RULES = ['same', 'sayify', 'iso'] as const
export type DateRule = (typeof DATE_RULES)[number]

export interface DateText {
  /** Null for a date without time. */
  separator: 'T' | ' ' | null
  seconds: boolean
  /** As written, without the dot; empty when there is none. */
  fraction: string
  zone: 'none' | 'Z' | 'offset'
  /** Equal for equal instants, to the nanosecond. A date without zone counts as UTC. */
  instant: string
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:([T ])(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/
const MINUTE_MS = 60_000

/** What the text says when it is a date that exists. */
export function readDate(text: string): DateText | undefined {
  const match = DATE.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = [1, 2, 3, 5, 6, 7].map((group) => Number(match[group] ?? 0))
  const ms = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!)
  // Date.UTC carries what overflows into the next unit, so only a real date reads back as it was written.
  const written = new Date(ms)
  const same =
    written.getUTCFullYear() === year &&
    written.getUTCMonth() + 1 === month &&
    written.getUTCDate() === day &&
    written.getUTCHours() === hour &&
    written.getUTCMinutes() === minute &&
    written.getUTCSeconds() === second
  if (!same) return undefined
  const zone = match[9]
  const fraction = match[8] ?? ''
  return {
    separator: (match[4] as 'T' | ' ' | undefined) ?? null,
    seconds: match[7] !== undefined,
    fraction,
    zone: zone === undefined ? 'none' : zone === 'Z' ? 'Z' : 'offset',
    instant: `${ms - offsetMs(zone)}.${fraction.padEnd(9, '0')}`,
  }
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return (zone[0] === '-' ? -minutes : minutes) * MINUTE_MS
}

/** Whether `actual` is written as `expected` is. */
export function sameDateForm(rule: DateRule, expected: DateText, actual: DateText): boolean {
  const apart = expected.separator !== actual.separator || expected.seconds !== actual.seconds
  if (apart) return false
  if (rule === 'iso' && expected.separator === 'T') return (expected.zone === 'none') === (actual.zone === 'none')
  if (expected.zone !== actual.zone) return false
  if (rule === 'sayify' && isSayify(expected)) return isSayify(actual)
  return expected.fraction.length === actual.fraction.length
}

/** UTC with `Z`; microseconds when they are not zero (contract/sayify.md 1). */
function isSayify({ separator, seconds, fraction, zone }: DateText): boolean {
  return separator === 'T' && seconds && zone === 'Z' && (fraction === '' || (fraction.length === 6 && +fraction > 0))
}
