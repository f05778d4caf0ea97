import type { CalendarRules } from '../../src/domains/calendars/index.ts'
import { dayNumber, MINUTE, wallClock, weekdayOf } from './naive-clock.ts'

/** Open and close, in minutes of the day; a close that is not after the open belongs to the next day. */
type Shift = [open: number, close: number]

/** When something is open, by date. */
type Shifts = (day: number) => Shift[]

const NAMES = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

/**
 * How many milliseconds between two moments are business time, by looking at the wall clock in every minute. All hours
 * begin and end with a minute. Neither hours nor a calendar: all of them are.
 */
export function naiveOpenTime(
  own: { hours: Readonly<Record<string, readonly string[]>>; timeZone: string } | null,
  calendar: CalendarRules | null,
  from: number,
  to: number,
): number {
  if (!own && !calendar) return to - from
  const timeZone = (own ?? calendar!).timeZone
  const read: Shifts = (day) => {
    const exception = calendar?.exceptions?.[new Date(day * 1440 * MINUTE).toISOString().slice(0, 10)]
    if (exception) return exception.map((shift) => [minuteOf(shift.from), minuteOf(shift.to)])
    if (own) return readTimes(own.hours[String(weekdayOf(day))] ?? [])
    return (calendar!.weekly[NAMES[weekdayOf(day)]!] ?? []).map((shift) => [minuteOf(shift.from), minuteOf(shift.to)])
  }
  const known = new Map<number, Shift[]>()
  const shifts: Shifts = (day) => {
    if (!known.has(day)) known.set(day, read(day))
    return known.get(day)!
  }
  let open = 0
  for (let minute = Math.floor(from / MINUTE) * MINUTE; minute < to; minute += MINUTE) {
    if (isOpen(shifts, timeZone, minute)) open += Math.min(to, minute + MINUTE) - Math.max(from, minute)
  }
  return open
}

function isOpen(shifts: Shifts, timeZone: string, at: number): boolean {
  const clock = wallClock(timeZone, at)
  const today = dayNumber(clock)
  const now = clock.hour * 60 + clock.minute
  const isOfToday = shifts(today).some(([open, close]) => open <= now && (now < close || close <= open))
  const isOfYesterday = shifts(today - 1).some(([open, close]) => close <= open && now < close)
  return isOfToday || isOfYesterday
}

/** `["08:00", "17:00"]` or `["08:00-17:00"]`. */
function readTimes(times: readonly string[]): Shift[] {
  const all = times.flatMap((time) => time.split('-')).map(minuteOf)
  const shifts: Shift[] = []
  for (let n = 0; n < all.length; n += 2) shifts.push([all[n]!, all[n + 1]!])
  return shifts
}

function minuteOf(time: string): number {
  const [hour, minute, second = 0] = time.split(':').map(Number)
  if (second !== 0) throw new Error(`${time} is within a minute`)
  return hour! * 60 + minute!
}
