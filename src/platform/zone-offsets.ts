import { Temporal } from 'temporal-polyfill'

/** A stretch of time in which the clocks of a zone do not change: `start` inclusive, `end` exclusive, in epoch ms. */
export interface OffsetSpan {
  start: number
  end: number
  /** Wall clock minus UTC, in milliseconds. */
  offset: number
}

const ALWAYS_UTC: readonly OffsetSpan[] = [
  { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY, offset: 0 },
]

/** From here on no zone is known to do anything but repeat its rules by the calendar, which itself repeats every 400 years. */
const REPEATING_FROM = 2100
const CALENDAR_CYCLE = 400

/** By zone and year; bounded by REPEATING_FROM and CALENDAR_CYCLE. */
const YEARS = new Map<string, Map<number, readonly OffsetSpan[]>>()

/**
 * The spans that together cover at least `from` to `to`, oldest first; neighbours differ in their offset. The zone is an
 * IANA one. Transitions are remembered by year.
 */
export function offsetSpans(timeZone: string, from: number, to: number): readonly OffsetSpan[] {
  if (timeZone === 'UTC') return ALWAYS_UTC
  const spans: OffsetSpan[] = []
  const last = yearOf(to)
  for (let year = yearOf(from); year <= last; year++) {
    for (const span of spansOfYear(timeZone, year)) {
      const before = spans.at(-1)
      if (before?.offset === span.offset) before.end = span.end
      else spans.push({ ...span })
    }
  }
  return spans
}

/** The span of an instant, where that spans years only what of it lies in the year of the instant. */
export function offsetSpanAt(timeZone: string, at: number): OffsetSpan {
  if (timeZone === 'UTC') return ALWAYS_UTC[0]!
  const spans = spansOfYear(timeZone, yearOf(at))
  return spans.find(({ end }) => at < end)!
}

/** The earliest year whose days fall on the same weekdays, with the same clocks in every zone. */
export function equivalentYear(year: number): number {
  return year < REPEATING_FROM ? year : REPEATING_FROM + ((year - REPEATING_FROM) % CALENDAR_CYCLE)
}

export function yearOf(at: number): number {
  return new Date(at).getUTCFullYear()
}

export function startOfYear(year: number): number {
  // Date.UTC takes years below 100 for those of the twentieth century.
  return new Date(0).setUTCFullYear(year, 0, 1)
}

function spansOfYear(timeZone: string, year: number): readonly OffsetSpan[] {
  const known = equivalentYear(year)
  if (known !== year) {
    const later = startOfYear(year) - startOfYear(known)
    return spansOfYear(timeZone, known).map(({ start, end, offset }) => ({
      start: start + later,
      end: end + later,
      offset,
    }))
  }
  let years = YEARS.get(timeZone)
  if (!years) {
    years = new Map()
    YEARS.set(timeZone, years)
  }
  let spans = years.get(year)
  if (!spans) {
    spans = readSpans(timeZone, startOfYear(year), startOfYear(year + 1))
    years.set(year, spans)
  }
  return spans
}

function readSpans(timeZone: string, from: number, to: number): OffsetSpan[] {
  const spans: OffsetSpan[] = []
  let at = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timeZone)
  while (true) {
    const next = at.getTimeZoneTransition('next')
    const end = next && next.epochMilliseconds < to ? next.epochMilliseconds : to
    spans.push({ start: at.epochMilliseconds, end, offset: at.offsetNanoseconds / 1e6 })
    if (!next || end === to) return spans
    at = next
  }
}
