import { Temporal } from 'temporal-polyfill'
import { z } from 'zod'
import { isTimeZone } from '../../platform/time-zone.ts'

/** Of ISO 8601: Monday is the first. */
export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/**
 * A stretch of wall-clock time, `from` inclusive and `to` exclusive, each `HH:MM:SS`. With `to` before `from` it
 * crosses midnight and belongs to the day on which it begins; with both equal it lasts until the same time of the next
 * day.
 */
export interface Shift {
  from: string
  to: string
}

/** When something is open, in the wall-clock time of one zone. */
export interface CalendarRules {
  /** IANA, such as `Europe/Helsinki`. A numeric offset is not a zone. */
  timeZone: string
  /** Days that are not named are closed. */
  weekly: Partial<Record<Weekday, readonly Shift[]>>
  /** Single days, `YYYY-MM-DD`, on which these shifts begin instead of the weekday's; an empty list: closed. */
  exceptions?: Readonly<Record<string, readonly Shift[]>>
}

const MAX_SHIFTS = 12
const MAX_EXCEPTIONS = 2_000

const time = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, 'must be a time of day such as 09:00 or 09:00:00')
  .transform((text) => (text.length === 5 ? `${text}:00` : text))
const shifts = z.array(z.object({ from: time, to: time })).max(MAX_SHIFTS, `must be at most ${MAX_SHIFTS}`)

/** Calendar rules as they are given; gives back CalendarRules with all times in full. */
export const calendarRules = z.object({
  timeZone: z.string().refine(isTimeZone, {
    params: { rule: 'time_zone' },
    message: 'must be an IANA time zone such as Europe/Helsinki',
  }),
  weekly: z.partialRecord(z.enum(WEEKDAYS, `must be one of ${WEEKDAYS.join(', ')}`), shifts),
  exceptions: z
    .record(z.string().refine(isDay, { params: { rule: 'day' }, message: 'must be a day such as 2026-12-24' }), shifts)
    .refine((days) => Object.keys(days).length <= MAX_EXCEPTIONS, {
      params: { rule: 'too_long' },
      message: `must be at most ${MAX_EXCEPTIONS} days`,
    })
    .optional(),
})

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() === text
  } catch {
    return false
  }
}
