import { Temporal } from 'temporal-polyfill'
import { type CalendarRules, type Shift, WEEKDAYS } from './rules.ts'

/** A stretch of time in which a calendar is open: `start` inclusive, `end` exclusive. */
export interface Opening {
  start: Date
  end: Date
}

/** How far `nextOpening` looks: over a leap year's every holiday. */
const HORIZON_DAYS = 400
const DAY_MS = 86_400_000

/**
 * Whether the calendar is open at an instant. The wall clock of the zone alone decides: an hour that is skipped in
 * spring is never open, one that comes twice in autumn is open both times.
 */
export function isOpen(rules: CalendarRules, at: Date): boolean {
  const local = Temporal.Instant.fromEpochMilliseconds(at.getTime())
    .toZonedDateTimeISO(rules.timeZone)
    .toPlainDateTime()
  const day = local.toPlainDate()
  const time = secondsOf(local.toPlainTime().toString({ smallestUnit: 'millisecond' }))
  return (
    shiftsOn(rules, day).some(({ from, to }) => time >= from && (to <= from || time < to)) ||
    shiftsOn(rules, day.subtract({ days: 1 })).some(({ from, to }) => to <= from && time < to)
  )
}

/** All openings between two instants, in order, cut off at both and never touching each other. */
export function openings(rules: CalendarRules, from: Date, to: Date): Opening[] {
  const found: Opening[] = []
  const edges = edgesBetween(rules, from.getTime(), to.getTime())
  for (const [index, start] of edges.slice(0, -1).entries()) {
    if (!isOpen(rules, new Date(start))) continue
    const end = new Date(edges[index + 1]!)
    const last = found.at(-1)
    if (last?.end.getTime() === start) last.end = end
    else found.push({ start: new Date(start), end })
  }
  return found
}

/** The first instant from `at` on at which the calendar is open; `at` itself when it is. Undefined: not within 400 days. */
export function nextOpening(rules: CalendarRules, at: Date): Date | undefined {
  if (isOpen(rules, at)) return at
  const horizon = at.getTime() + HORIZON_DAYS * DAY_MS
  // Most open within a day; the longer it takes, the more is looked at at once.
  for (let from = at.getTime(), days = 1; from < horizon; from += days * DAY_MS, days = Math.min(2 * days, 32)) {
    const [first] = openings(rules, new Date(from), new Date(from + days * DAY_MS))
    if (first) return first.start
  }
  return undefined
}

/** Milliseconds for which the calendar is open between two instants; 0 when `to` is not after `from`. */
export function openTime(rules: CalendarRules, from: Date, to: Date): number {
  return openings(rules, from, to).reduce((sum, { start, end }) => sum + end.getTime() - start.getTime(), 0)
}

/** Every instant at which openness may change, in order, with the two ends. */
function edgesBetween(rules: CalendarRules, from: number, to: number): number[] {
  if (to <= from) return []
  const { timeZone } = rules
  const edges = new Set([from, to])
  const add = (edge: number) => {
    if (edge > from && edge < to) edges.add(edge)
  }
  const zoned = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone)
  const last = zoned(to).toPlainDate()
  // A shift of the day before may reach into the first day.
  for (let day = zoned(from).toPlainDate().subtract({ days: 1 }); Temporal.PlainDate.compare(day, last) <= 0; ) {
    const next = day.add({ days: 1 })
    for (const { from: start, to: end } of shiftsOn(rules, day)) {
      for (const edge of instantsOf(day, start, timeZone)) add(edge)
      for (const edge of instantsOf(end <= start ? next : day, end, timeZone)) add(edge)
    }
    day = next
  }
  // Where the wall clock jumps, openness may change without any shift beginning or ending.
  for (let at = zoned(from).getTimeZoneTransition('next'); at && at.epochMilliseconds < to; ) {
    add(at.epochMilliseconds)
    at = at.getTimeZoneTransition('next')
  }
  return [...edges].sort((a, b) => a - b)
}

/** The one or two instants at which a wall clock shows this time; of a time that is skipped, where it would be. */
function instantsOf(day: Temporal.PlainDate, seconds: number, timeZone: string): number[] {
  const time = Temporal.PlainTime.from('00:00').add({ seconds })
  const local = day.toPlainDateTime(time)
  return (['earlier', 'later'] as const).map(
    (disambiguation) => local.toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds,
  )
}

interface DayShift {
  /** Seconds since midnight on the wall clock. */
  from: number
  to: number
}

function shiftsOn({ weekly, exceptions }: CalendarRules, day: Temporal.PlainDate): DayShift[] {
  const shifts: readonly Shift[] = exceptions?.[day.toString()] ?? weekly[WEEKDAYS[day.dayOfWeek - 1]!] ?? []
  return shifts.map(({ from, to }) => ({ from: secondsOf(from), to: secondsOf(to) }))
}

function secondsOf(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number)
  return hours * 3_600 + minutes * 60 + seconds
}
