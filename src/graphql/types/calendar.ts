import { type CalendarRules, type Shift, WEEKDAYS, type Weekday } from '../../domains/calendars/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'

const WeekdayEnum = builder.enumType('Weekday', {
  description: 'A day of the week.',
  values: Object.fromEntries(
    WEEKDAYS.map((day) => [day.toUpperCase(), { value: day, description: `${day[0]!.toUpperCase()}${day.slice(1)}.` }]),
  ) as Record<Uppercase<Weekday>, { value: Weekday; description: string }>,
})

const FROM = 'When it begins, `HH:MM:SS` of the wall clock; included.'
const TO =
  'When it ends, `HH:MM:SS`; not included. Before `from` it is on the next day; equal to it, a whole day later.'

const ShiftType = builder.objectRef<Shift>('Shift').implement({
  description: 'A stretch of wall-clock time. It belongs to the day on which it begins, also when it crosses midnight.',
  fields: (t) => ({
    from: t.exposeString('from', { description: FROM }),
    to: t.exposeString('to', { description: TO }),
  }),
})

const WeekdayHours = builder.objectRef<{ weekday: Weekday; shifts: readonly Shift[] }>('WeekdayHours').implement({
  description: 'What is open on one day of the week.',
  fields: (t) => ({
    weekday: t.field({ type: WeekdayEnum, description: 'Which day.', resolve: ({ weekday }) => weekday }),
    shifts: t.field({
      type: [ShiftType],
      extensions: { listSize: 2 },
      description: 'The hours that begin on it, at most 12.',
      resolve: ({ shifts }) => [...shifts],
    }),
  }),
})

const DayHours = builder.objectRef<{ day: string; shifts: readonly Shift[] }>('DayHours').implement({
  description: 'What is open on one day of the calendar, instead of what its weekday says.',
  fields: (t) => ({
    day: t.exposeString('day', { description: 'Which day, `YYYY-MM-DD`.' }),
    shifts: t.field({
      type: [ShiftType],
      extensions: { listSize: 2 },
      description: 'The hours that begin on it, at most 12; none: closed.',
      resolve: ({ shifts }) => [...shifts],
    }),
  }),
})

export const CalendarType = builder.objectRef<CalendarRules>('Calendar').implement({
  description: 'When something is open, in the wall-clock time of one zone, through its daylight saving.',
  fields: (t) => ({
    timeZone: t.exposeString('timeZone', { description: 'IANA name of the zone: `Europe/Helsinki`.' }),
    weekly: t.field({
      type: [WeekdayHours],
      extensions: { listSize: 7 },
      description: 'The days with hours, Monday first, at most 7; those that are not here are closed.',
      resolve: ({ weekly }) =>
        WEEKDAYS.flatMap((weekday) => {
          const shifts = weekly[weekday]
          return shifts && shifts.length > 0 ? [{ weekday, shifts }] : []
        }),
    }),
    exceptions: t.field({
      type: [DayHours],
      extensions: { listSize: 10 },
      description: 'Single days with hours of their own, such as holidays, earliest first, at most 2000.',
      resolve: ({ exceptions = {} }) =>
        Object.entries(exceptions)
          .map(([day, shifts]) => ({ day, shifts }))
          .sort((a, b) => (a.day < b.day ? -1 : 1)),
    }),
  }),
})

const ShiftInput = builder.inputType('ShiftInput', {
  description: 'A stretch of wall-clock time. It belongs to the day on which it begins, also when it crosses midnight.',
  fields: (t) => ({
    from: t.string({
      required: true,
      description: 'When it begins, `HH:MM` or `HH:MM:SS` of the wall clock; included.',
    }),
    to: t.string({
      required: true,
      description:
        'When it ends, in the same form; not included. Before `from` it is on the next day; equal to it, a whole day later.',
    }),
  }),
})
export const WeekdayHoursInput = builder.inputType('WeekdayHoursInput', {
  description: 'What is open on one day of the week.',
  fields: (t) => ({
    weekday: t.field({ type: WeekdayEnum, required: true, description: 'Which day; each once.' }),
    shifts: t.field({
      type: [ShiftInput],
      required: true,
      description: 'The hours that begin on it, up to 12; none: closed.',
    }),
  }),
})
const DayHoursInput = builder.inputType('DayHoursInput', {
  description: 'What is open on one day of the calendar, instead of what its weekday says.',
  fields: (t) => ({
    day: t.string({ required: true, description: 'Which day, `YYYY-MM-DD`; each once.' }),
    shifts: t.field({
      type: [ShiftInput],
      required: true,
      description: 'The hours that begin on it, up to 12; none: closed.',
    }),
  }),
})
export const CalendarInput = builder.inputType('CalendarInput', {
  description: 'When something is open.',
  fields: (t) => ({
    timeZone: t.string({
      required: true,
      description: 'IANA name of the zone, such as `Europe/Helsinki`; an offset is not one.',
    }),
    weekly: t.field({
      type: [WeekdayHoursInput],
      required: true,
      description: 'The days with hours; those that are not here are closed.',
    }),
    exceptions: t.field({ type: [DayHoursInput], description: 'Single days with hours of their own, up to 2000.' }),
  }),
})

type Input = typeof CalendarInput.$inferInput

/** The rules that an input describes. Throws VALIDATION_FAILED for a day that is given twice. */
export function calendarRulesOf({ timeZone, weekly, exceptions }: Input): CalendarRules {
  const issues: Issue[] = []
  const unique = (list: string, field: string, keys: readonly string[]) => {
    keys.forEach((key, index) => {
      if (keys.indexOf(key) === index) return
      issues.push({ path: ['calendar', list, index, field], rule: 'duplicate', message: 'must be given once' })
    })
  }
  unique(
    'weekly',
    'weekday',
    weekly.map(({ weekday }) => weekday),
  )
  unique(
    'exceptions',
    'day',
    (exceptions ?? []).map(({ day }) => day),
  )
  const [first, ...others] = issues
  if (first) throw new ValidationError([first, ...others])
  return {
    timeZone,
    weekly: Object.fromEntries(weekly.map(({ weekday, shifts }) => [weekday, shifts])),
    ...(exceptions ? { exceptions: Object.fromEntries(exceptions.map(({ day, shifts }) => [day, shifts])) } : {}),
  }
}

type Path = readonly (string | number)[]

/** Where the input has what stands at `path` within the rules: days are the keys of those and items of a list here. */
export function calendarPath(path: Path, { weekly, exceptions }: Input): Path {
  const [list, key, ...rest] = path
  if (key === undefined || (list !== 'weekly' && list !== 'exceptions')) return path
  const index =
    list === 'weekly'
      ? weekly.findIndex(({ weekday }) => weekday === key)
      : (exceptions ?? []).findIndex(({ day }) => day === key)
  if (index < 0) return path
  const field = rest.length > 0 ? 'shifts' : list === 'weekly' ? 'weekday' : 'day'
  return [list, index, field, ...rest]
}
