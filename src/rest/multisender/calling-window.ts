import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type CalendarRules, WEEKDAYS, type Weekday } from '../../domains/calendars/index.ts'
import type { CampaignView } from '../../domains/campaigns/index.ts'
import { listField, objectField } from './fields.ts'

/** When calls may be made, as this API says it: one stretch of the day, on some days of the week. */
export interface CallingWindow {
  /** `HH:MM:SS`; the same as `activeTo`: the whole day. After it: beyond midnight. */
  activeFrom: string
  activeTo: string
  /** In the order of the week. */
  activeDays: readonly Weekday[]
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/

const timeField = () =>
  z
    .string('must be a time of day such as 09:00:00')
    .trim()
    .regex(TIME, 'must be a time of day such as 09:00:00')
    .transform((text) => (text.length === 5 ? `${text}:00` : text))
    .meta({ description: '`HH:MM:SS`.', example: '09:00:00' })

const weekdayField = z
  .string('must be a day of the week')
  .transform((day) => day.trim().toLowerCase() as Weekday)
  .refine((day) => WEEKDAYS.includes(day), 'must be a day of the week, monday to sunday')
  .meta({ enum: [...WEEKDAYS] })

const activeField = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be 1 or 0' })
  .refine((value) => ['1', '0', 'true', 'false'].includes(String(value)), 'must be 1 or 0')
  .transform((value) => ['1', 'true'].includes(String(value)))
  .meta({ enum: ['1', '0'] })

const weekdaysField = listField(objectField({ weekday: weekdayField, active: activeField }))
  .superRefine((days, context) => {
    days.forEach(({ weekday }, index) => {
      if (days.findIndex((other) => other.weekday === weekday) === index) return
      context.addIssue({ code: 'custom', path: [index, 'weekday'], message: 'must be another day than those before' })
    })
  })
  .transform((days) => WEEKDAYS.filter((day) => days.some(({ weekday, active }) => active && weekday === day)))
  .meta({ description: 'On which days of the week calls can be made; days that are not named are not active.' })

/** The fields of a body that say when calls may be made. */
export const windowFields = { activeFrom: timeField(), activeTo: timeField(), activeWeekdays: weekdaysField }

/** What is kept with a campaign, so that it is shown again as it came: a calendar without days has no hours. */
interface WindowForm {
  window: CallingWindow
}

export interface GivenWindow {
  activeFrom?: string | undefined
  activeTo?: string | undefined
  activeWeekdays?: readonly Weekday[] | undefined
}

/** What is stored of a window; where it is not given, that of `present` stays. Nothing when nothing is given. */
export function windowInput(
  { activeFrom, activeTo, activeWeekdays }: GivenWindow,
  timeZone: string,
  present?: CampaignView,
): { calendar?: CalendarRules; legacyForm?: WindowForm } {
  if (activeFrom === undefined && activeTo === undefined && activeWeekdays === undefined) return {}
  const before = present ? windowOf(present) : undefined
  const window = {
    activeFrom: activeFrom ?? before!.activeFrom,
    activeTo: activeTo ?? before!.activeTo,
    activeDays: activeWeekdays ?? before!.activeDays,
  }
  return { calendar: { timeZone, weekly: weeklyOf(window) }, legacyForm: { window } }
}

function weeklyOf({ activeFrom: from, activeTo: to, activeDays }: CallingWindow): CalendarRules['weekly'] {
  return Object.fromEntries(activeDays.map((day) => [day, [{ from, to }]]))
}

/**
 * The window of a campaign: as it came, as long as the campaign has those hours; else, of one that was made or changed
 * in the graph, from the first opening of a day to the last closing, on the days that have any.
 */
export function windowOf({ calendar, legacyForm }: Pick<CampaignView, 'calendar' | 'legacyForm'>): CallingWindow {
  const { window } = (legacyForm ?? {}) as Partial<WindowForm>
  if (calendar === null) return { activeFrom: '00:00:00', activeTo: '00:00:00', activeDays: WEEKDAYS }
  if (window && isDeepStrictEqual(weeklyOf(window), calendar.weekly)) return window
  const activeDays = WEEKDAYS.filter((day) => (calendar.weekly[day] ?? []).length > 0)
  const shifts = activeDays.flatMap((day) => calendar.weekly[day]!)
  const activeFrom = shifts.map(({ from }) => from).sort()[0] ?? '00:00:00'
  // A closing after midnight is later than any before.
  const closing = ({ from, to }: { from: string; to: string }) => (to > from ? `0${to}` : `1${to}`)
  const activeTo = shifts.map(closing).sort().at(-1)?.slice(1) ?? '00:00:00'
  return { activeFrom, activeTo, activeDays }
}

/** All seven days, Monday first. */
export function writeWindow(campaign: Pick<CampaignView, 'calendar' | 'legacyForm'>) {
  const { activeFrom, activeTo, activeDays } = windowOf(campaign)
  return {
    activeFrom,
    activeTo,
    activeWeekdays: WEEKDAYS.map((weekday) => ({ weekday, active: activeDays.includes(weekday) ? '1' : '0' })),
  }
}
