import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { brokenRules } from '../../../test/kit/world.ts'
import { parse } from '../../platform/validation.ts'
import { type CalendarRules, openTime } from '../calendars/index.ts'
import { businessHours, openMilliseconds, rulesOf, storedHours } from './business-hours.ts'
import type { StoredHours } from './item.ts'

const ms = (text: string) => Date.parse(text)
const HOUR = 3_600_000
const daily = (...times: string[]) => Object.fromEntries(['0', '1', '2', '3', '4', '5', '6'].map((day) => [day, times]))
const own = (hours: StoredHours['hours'], timeZone = 'UTC'): StoredHours => ({ hours, timeZone })
const open = (hours: StoredHours | null, from: string, to: string, calendar: CalendarRules | null = null) =>
  openMilliseconds({ hours, calendar }, ms(from), ms(to)) / 1000

describe('seconds in which the business is open', () => {
  test.each<[string, StoredHours | null, string, string, number]>([
    // contract/saysimple.md 10: "customer 16:55:00, hours 08:00:00-17:00:00, reply next day 08:05:00"
    ['over a night', own(daily('08:00:00', '17:00:00')), '2020-06-01T16:55:00Z', '2020-06-02T08:05:00Z', 600],
    ['as a range', own(daily('08:00-17:00')), '2020-06-01T16:55:00Z', '2020-06-02T08:05:00Z', 600],
    ['in the zone', own(daily('08:00', '17:00'), 'Asia/Kolkata'), '2020-06-01T11:25:00Z', '2020-06-02T02:35:00Z', 600],
    ['over lunch', own(daily('08:00', '12:00', '13:00', '17:00')), '2020-06-01T11:59:00Z', '2020-06-01T13:02:00Z', 180],
    [
      'over lunch, as ranges',
      own(daily('08:00-12:00', '13:00 - 17:00:30')),
      '2020-06-01T12:00:00Z',
      '2020-06-02T00:00:00Z',
      4 * 3600 + 30,
    ],
    // 2020-06-06 was a Saturday.
    ['on Sunday, which is 0', own({ '0': ['10:00', '11:00'] }), '2020-06-06T00:00:00Z', '2020-06-13T00:00:00Z', 3600],
    ['on Saturday, which is 6', own({ '6': ['10:00', '11:00'] }), '2020-06-06T00:00:00Z', '2020-06-07T00:00:00Z', 3600],
    ['until 24:00', own(daily('22:00', '24:00')), '2020-06-01T00:00:00Z', '2020-06-02T00:00:00Z', 7200],
    ['until 00:00', own(daily('22:00', '00:00:00')), '2020-06-01T00:00:00Z', '2020-06-02T00:00:00Z', 7200],
    ['all day', own({ '1': ['00:00-24:00:00'] }), '2020-05-31T00:00:00Z', '2020-06-03T00:00:00Z', 86_400],
    ['over midnight', own({ '1': ['22:00', '06:00'] }), '2020-05-31T00:00:00Z', '2020-06-03T00:00:00Z', 8 * 3600],
    ['never', own({ '1': [] }), '2020-05-31T00:00:00Z', '2020-06-30T00:00:00Z', 0],
    ['always, without hours', null, '2020-05-31T00:00:00.250Z', '2020-05-31T00:00:01Z', 0.75],
    ['to the millisecond', own(daily('08:00', '17:00')), '2020-06-01T07:59:59.999Z', '2020-06-01T08:00:00.001Z', 0.001],
    ['backwards', own(daily('08:00', '17:00')), '2020-06-02T12:00:00Z', '2020-06-01T12:00:00Z', 0],
    [
      'in the hour that is skipped',
      own(daily('02:30', '03:30'), 'Europe/Helsinki'),
      '2026-03-28T22:00Z',
      '2026-03-29T20:00Z',
      1800,
    ],
    [
      'in the hour that comes twice',
      own(daily('03:15', '03:45'), 'Europe/Helsinki'),
      '2026-10-24T21:00Z',
      '2026-10-25T20:00Z',
      3600,
    ],
  ])('%s', (_, hours, from, to, seconds) => {
    expect(open(hours, from, to)).toBe(seconds)
  })

  const holidays: CalendarRules = {
    timeZone: 'Europe/Amsterdam',
    weekly: { tuesday: [{ from: '10:00:00', to: '12:00:00' }] },
    exceptions: { '2020-12-25': [], '2020-12-24': [{ from: '08:00:00', to: '12:00:00' }] },
  }

  test('yield to the exceptions of the calendar', () => {
    const hours = own(daily('08:00', '17:00'), 'Europe/Amsterdam')
    expect(open(hours, '2020-12-23T23:00Z', '2020-12-26T23:00Z', holidays)).toBe((4 + 0 + 9) * 3600)
    expect(open(hours, '2020-12-23T23:00Z', '2020-12-26T23:00Z')).toBe(27 * 3600)
  })

  test('are the calendar’s without hours of the message', () => {
    expect(open(null, '2020-12-20T23:00Z', '2020-12-27T23:00Z', holidays)).toBe((2 + 4) * 3600)
    const changed = { ...holidays, weekly: {} }
    expect(open(null, '2020-12-20T23:00Z', '2020-12-27T23:00Z', changed)).toBe(4 * 3600)
  })
})

test('hours that name no day are none', () => {
  expect(storedHours({}, 'Europe/Helsinki')).toBeNull()
  expect(storedHours(null, 'Europe/Helsinki')).toBeNull()
  expect(storedHours({ '1': [] }, null)).toEqual({ hours: { '1': [] }, timeZone: 'UTC' })
})

test.each<[unknown, string[]]>([
  [{ '0': [], '1': ['08:00', '17:00'], '2': ['08:00:00', '24:00'], '3': ['08:00-12:00', '13:00-00:00'] }, []],
  [{ '7': [] }, ['businessHours unknown_key']],
  [{ monday: ['08:00', '17:00'] }, ['businessHours unknown_key']],
  [{ '1': ['08:00'] }, ['businessHours.1 odd_times']],
  [{ '1': ['8:00', '17.00'] }, ['businessHours.1.0 time', 'businessHours.1.1 time']],
  [{ '1': ['24:00', '25:00'] }, ['businessHours.1.0 time', 'businessHours.1.1 time']],
  [{ '1': ['24:00-08:00'] }, ['businessHours.1.0 range']],
  [{ '1': ['08:00-12:00', '13:00'] }, ['businessHours.1.1 range']],
  [{ '1': ['08:00-12:00-17:00'] }, ['businessHours.1.0 range']],
  [{ '1': '08:00-12:00' }, ['businessHours.1 type']],
  [{ '1': [8, 17] }, ['businessHours.1.0 type', 'businessHours.1.1 type']],
  [{ '1': Array(50).fill('08:00') }, ['businessHours.1 too_long']],
  [[], ['businessHours type']],
])('%j breaks %j', async (input, broken) => {
  const attempt = () => parse(businessHours, { businessHours: input, timeZone: 'UTC' })
  if (broken.length === 0) expect(attempt().businessHours).toEqual(input)
  else expect(await brokenRules(attempt)).toEqual(broken)
})

test.each(['+02:00', 'EST', 'Europe/Nowhere', ''])('%j is no zone', async (input) => {
  expect(await brokenRules(() => parse(businessHours, { businessHours: {}, timeZone: input }))).toEqual([
    'timeZone time_zone',
  ])
})

const time = fc
  .tuple(fc.nat(23), fc.constantFrom('00', '30', '59:30'))
  .map(([hour, rest]) => `${String(hour).padStart(2, '0')}:${rest}`)
const times = fc.array(fc.tuple(time, time), { maxLength: 2 }).map((pairs) => pairs.flat())
const timeZone = fc.constantFrom(
  'UTC',
  'Europe/Helsinki',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
)
const hours = fc.dictionary(fc.constantFrom('0', '1', '2', '3', '4', '5', '6'), times, { minKeys: 1 })
const exceptions = fc.dictionary(
  fc.constantFrom('2026-03-29', '2026-10-25', '2026-10-04', '2026-06-10'),
  fc.array(fc.record({ from: time, to: time }), { maxLength: 2 }),
)
const moment = fc
  .constantFrom('2026-03-27', '2026-10-23', '2026-10-02', '2026-04-03', '2026-02-13', '2026-06-10')
  .chain((day) => fc.nat(4 * 24 * HOUR).map((offset) => ms(day) + offset))

test('they are those of the calendar that the hours make', () => {
  fc.assert(
    fc.property(hours, timeZone, exceptions, moment, fc.nat(6 * 24 * HOUR), (week, zone, days, from, length) => {
      const stored = own(week, zone)
      const calendar = { timeZone: 'UTC', weekly: {}, exceptions: days }
      const expected = openTime(rulesOf(stored, days), new Date(from), new Date(from + length))
      expect(openMilliseconds({ hours: stored, calendar }, from, from + length)).toBe(expected)
    }),
    { numRuns: 150 },
  )
})

test('years of them are the sum of their days', () => {
  const calendar: CalendarRules = {
    timeZone: 'UTC',
    weekly: {},
    exceptions: { '2101-06-01': [], '2103-12-31': [{ from: '20:00', to: '04:00' }] },
  }
  const office = own({ '1': ['02:15', '02:45', '22:00', '04:00'], '3': ['08:00', '17:00'] }, 'Europe/Helsinki')
  const [from, to] = [ms('2099-05-05T10:20Z'), ms('2105-03-02T11:00Z')]
  let sum = 0
  for (let at = from; at < to; at += 24 * HOUR) {
    sum += openMilliseconds({ hours: office, calendar }, at, Math.min(at + 24 * HOUR, to))
  }
  expect(openMilliseconds({ hours: office, calendar }, from, to)).toBe(sum)
  // 400 years later the same days have the same weekdays, but not the same exceptions.
  const [later, latest] = [ms('2499-05-05T10:20Z'), ms('2505-03-02T11:00Z')]
  const without = openMilliseconds({ hours: office, calendar: null }, from, to)
  expect(openMilliseconds({ hours: office, calendar }, later, latest)).toBe(without)
  expect(without).not.toBe(sum)
})

test('centuries of them are summed up at once', () => {
  const office = own(daily('08:00', '17:00'), 'Europe/Helsinki')
  const [from, to] = [ms('2030-01-01T00:00Z'), ms('9030-01-01T00:00Z')]
  const began = process.cpuUsage()
  // Nine hours every day: the clock changes at night.
  expect(openMilliseconds({ hours: office, calendar: null }, from, to)).toBe(((to - from) / 86_400_000) * 9 * HOUR)
  // In microseconds of processor time, however long it waits for others.
  expect(process.cpuUsage(began).user).toBeLessThan(5_000_000)
})
