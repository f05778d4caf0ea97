import { z } from 'zod'
import { BoundedMap } from '../../platform/bounded-map.ts'
import { isTimeZone } from '../../platform/time-zone.ts'
import { text } from '../../platform/validation.ts'
import { equivalentYear, offsetSpanAt, startOfYear, yearOf } from '../../platform/zone-offsets.ts'
import { type CalendarRules, openings, type Shift, WEEKDAYS } from '../calendars/index.ts'
import type { StoredHours } from './item.ts'

const DAYS = ['0', '1', '2', '3', '4', '5', '6'] as const
/** As many as a list of times may have; more are no shifts of people. */
const MAX_TIMES_PER_DAY = 48

const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$/
/** The end of the day, as a close. */
const MIDNIGHT = /^24:00(?::00)?$/

/** The hours of one day: an even list of times, read as open and close in turn, or ranges. */
const timesOfDay = z
  .array(text(40), 'must be a list of times such as ["08:00", "17:00"]')
  .max(MAX_TIMES_PER_DAY, `must be at most ${MAX_TIMES_PER_DAY} times`)
  .superRefine((times, context) => {
    const ranged = times.some(isRange)
    for (const [index, time] of times.entries()) {
      const parts = ranged ? time.split('-') : [time]
      const isClose = (part: number) => (ranged ? part === 1 : index % 2 === 1)
      if (parts.length === (ranged ? 2 : 1) && parts.every((part, n) => isTime(part.trim(), isClose(n)))) continue
      const message = ranged
        ? 'must be a range of times such as 08:00-17:00'
        : 'must be a time such as 08:00 or 08:00:00'
      context.addIssue({ code: 'custom', path: [index], params: { rule: ranged ? 'range' : 'time' }, message })
    }
    if (ranged || times.length % 2 === 0) return
    const message = 'must be pairs of times, an opening and a closing one'
    context.addIssue({ code: 'custom', params: { rule: 'odd_times' }, message })
  })

const weeklyHours = z.partialRecord(z.enum(DAYS, 'must be a day from 0, Sunday, to 6'), timesOfDay)

const timeZone = z.string().refine(isTimeZone, {
  params: { rule: 'time_zone' },
  message: 'must be an IANA time zone such as Europe/Helsinki',
})

/** Those fields of a message, by day from `"0"`, Sunday, to `"6"` (contract/saysimple.md 5.2). Kept as they are sent. */
export const businessHours = z.object({ businessHours: weeklyHours, timeZone })

/**
 * What is kept of `businessHours` and `timeZone`, both as `businessHours` accepts them. Hours that name no day say nothing,
 * not that it is always closed.
 */
export function storedHours(
  hours: StoredHours['hours'] | null | undefined,
  timeZone: string | null | undefined,
): StoredHours | null {
  if (!hours || Object.keys(hours).length === 0) return null
  return { hours, timeZone: timeZone ?? 'UTC' }
}

/**
 * For how many milliseconds the business is open between two moments in epoch milliseconds; 0 when `to` is not after
 * `from`. The week is that of the message's own hours, with the calendar's exceptions, by date in the message's zone,
 * laid over it; without hours it is the calendar's; without both it is always open.
 */
export function openMilliseconds(
  { hours, calendar }: { hours: StoredHours | null; calendar: CalendarRules | null },
  from: number,
  to: number,
): number {
  if (to <= from) return 0
  if (hours === null && calendar === null) return to - from
  return openDaysOf(hours, calendar).between(from, to)
}

/** Hours of a message as a calendar; a close of midnight ends the day on which it opened. */
export function rulesOf({ hours, timeZone }: StoredHours, exceptions?: CalendarRules['exceptions']): CalendarRules {
  const weekly = Object.fromEntries(WEEKDAYS.map((weekday, n) => [weekday, shiftsOf(hours[String((n + 1) % 7)] ?? [])]))
  return exceptions ? { timeZone, weekly, exceptions } : { timeZone, weekly }
}

function shiftsOf(times: readonly string[]): Shift[] {
  const all = times.flatMap((time) => time.split('-')).map((time) => time.trim().replace(MIDNIGHT, '00:00'))
  return all.flatMap((from, n) => (n % 2 === 0 ? { from, to: all[n + 1]! } : []))
}

function isRange(time: string): boolean {
  return time.includes('-')
}

function isTime(time: string, isClose: boolean): boolean {
  return TIME.test(time) || (isClose && MIDNIGHT.test(time))
}

const DAY_MS = 86_400_000
/** Days that are like no other, such as holidays. */
const MAX_SPECIAL_DAYS = 1_000
const MAX_YEARS = 1_000
const MAX_RULES = 100

/** What is open of a day in UTC. */
interface OpenDay {
  /** Each opening's start and end, in milliseconds since the day began. */
  edges: readonly number[]
  total: number
}

/**
 * The openings of one calendar, by days in UTC. Where the clock of the zone does not change and no exception is near, a
 * day is like every other of its weekday, so that few days are ever asked of the calendar.
 */
class OpenDays {
  readonly #rules: CalendarRules
  readonly #nearException = new Set<number>()
  readonly #yearsOfExceptions = new Set<number>()
  /** By weekday and offset. */
  readonly #common = new Map<number, OpenDay>()
  /** By day since 1970. */
  readonly #special = new BoundedMap<number, OpenDay>(MAX_SPECIAL_DAYS)
  readonly #years = new BoundedMap<number, number>(MAX_YEARS)

  constructor(rules: CalendarRules) {
    this.#rules = rules
    for (const date of Object.keys(rules.exceptions ?? {})) {
      const exception = Date.parse(date) / DAY_MS
      // In some zone it begins the day before in UTC and ends the day after; its last shift may end another day later.
      for (let day = exception - 1; day <= exception + 2; day++) {
        this.#nearException.add(day)
        this.#yearsOfExceptions.add(yearOf(day * DAY_MS))
      }
    }
  }

  between(from: number, to: number): number {
    const first = yearOf(from) + 1
    const last = yearOf(to)
    if (first >= last) return this.#byDays(from, to)
    let sum = this.#byDays(from, startOfYear(first)) + this.#byDays(startOfYear(last), to)
    for (let year = first; year < last; year++) sum += this.#year(year)
    return sum
  }

  #byDays(from: number, to: number): number {
    const first = Math.floor(from / DAY_MS)
    const last = Math.floor(to / DAY_MS)
    let sum = 0
    for (let day = first; day <= last; day++) {
      const { edges, total } = this.#day(day)
      if (day > first && day < last) {
        sum += total
        continue
      }
      const midnight = day * DAY_MS
      for (let n = 0; n < edges.length; n += 2) {
        const open = Math.min(edges[n + 1]!, to - midnight) - Math.max(edges[n]!, from - midnight)
        if (open > 0) sum += open
      }
    }
    return sum
  }

  #year(year: number): number {
    const equivalent = equivalentYear(year)
    const isOwn = this.#yearsOfExceptions.has(year) || this.#yearsOfExceptions.has(equivalent)
    const alike = isOwn ? year : equivalent
    let total = this.#years.get(alike)
    if (total === undefined) {
      total = this.#byDays(startOfYear(alike), startOfYear(alike + 1))
      this.#years.set(alike, total)
    }
    return total
  }

  #day(day: number): OpenDay {
    const midnight = day * DAY_MS
    const { end, offset } = offsetSpanAt(this.#rules.timeZone, midnight)
    const isSpecial = end < midnight + DAY_MS || this.#nearException.has(day)
    const days = isSpecial ? this.#special : this.#common
    const key = isSpecial ? day : offset * 7 + modulo(day, 7)
    let found = days.get(key)
    if (!found) {
      found = this.#ask(midnight)
      days.set(key, found)
    }
    return found
  }

  #ask(midnight: number): OpenDay {
    const found = openings(this.#rules, new Date(midnight), new Date(midnight + DAY_MS))
    const edges = found.flatMap(({ start, end }) => [start.getTime() - midnight, end.getTime() - midnight])
    return { edges, total: edges.reduce((sum, edge, n) => sum + (n % 2 === 0 ? -edge : edge), 0) }
  }
}

/** The same hours come again and again, each time as JSON that was just read: they are known by their text. */
const byText = new BoundedMap<string, OpenDays>(MAX_RULES)
const byCalendar = new BoundedMap<string, number>(MAX_RULES)
const calendarNumbers = new WeakMap<CalendarRules, number>()
let calendars = 0

function openDaysOf(hours: StoredHours | null, calendar: CalendarRules | null): OpenDays {
  const key = `${calendar === null ? 0 : numberOf(calendar)} ${hours === null ? '' : JSON.stringify(hours)}`
  let days = byText.get(key)
  if (!days) {
    days = new OpenDays(hours === null ? calendar! : rulesOf(hours, calendar?.exceptions))
    byText.set(key, days)
  }
  return days
}

/** Calendars are long but few objects: each is written out once. */
function numberOf(calendar: CalendarRules): number {
  let number = calendarNumbers.get(calendar)
  if (number === undefined) {
    const written = JSON.stringify(calendar)
    number = byCalendar.get(written)
    if (number === undefined) {
      number = ++calendars
      byCalendar.set(written, number)
    }
    calendarNumbers.set(calendar, number)
  }
  return number
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
