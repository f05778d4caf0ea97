import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { brokenRules } from '../../../test/kit/world.ts'
import { parse } from '../../platform/validation.ts'
import { type CalendarRules, calendarRules, isOpen, nextOpening, openings, openTime, WEEKDAYS } from './index.ts'

const at = (text: string) => new Date(text)
const told = (rules: CalendarRules, from: string, to: string) =>
  openings(rules, at(from), at(to)).map(({ start, end }) => `${iso(start)} ${iso(end)}`)
const iso = (date: Date) => date.toISOString().replace(':00.000Z', 'Z')
const daily = (timeZone: string, ...shifts: [string, string][]): CalendarRules => ({
  timeZone,
  weekly: Object.fromEntries(WEEKDAYS.map((day) => [day, shifts.map(([from, to]) => ({ from, to }))])),
})

describe('a week', () => {
  const office: CalendarRules = {
    timeZone: 'Europe/Helsinki',
    weekly: {
      monday: [
        { from: '09:00', to: '12:00' },
        { from: '13:00', to: '17:00' },
      ],
      friday: [{ from: '22:00', to: '02:00' }],
      sunday: [{ from: '08:00', to: '08:00' }],
    },
    exceptions: { '2026-12-21': [], '2026-12-22': [{ from: '10:00', to: '11:00' }] },
  }

  test('has its shifts, split and over midnight; a shift of equal ends lasts a day', () => {
    expect(told(office, '2026-11-22T22:00Z', '2026-11-30T22:00Z')).toEqual([
      // the Sunday before lasts until Monday, 08:00
      '2026-11-22T22:00Z 2026-11-23T06:00Z',
      '2026-11-23T07:00Z 2026-11-23T10:00Z',
      '2026-11-23T11:00Z 2026-11-23T15:00Z',
      '2026-11-27T20:00Z 2026-11-28T00:00Z',
      '2026-11-29T06:00Z 2026-11-30T06:00Z',
      '2026-11-30T07:00Z 2026-11-30T10:00Z',
      '2026-11-30T11:00Z 2026-11-30T15:00Z',
    ])
  })

  test('yields to its exceptions', () => {
    expect(told(office, '2026-12-21T10:00Z', '2026-12-23T00:00Z')).toEqual(['2026-12-22T08:00Z 2026-12-22T09:00Z'])
  })

  test('ends where the next begins without a seam', () => {
    const rules = daily('UTC', ['00:00', '12:00'], ['12:00', '00:00'])
    expect(told(rules, '2026-01-01T05:00Z', '2026-01-03T05:00Z')).toEqual(['2026-01-01T05:00Z 2026-01-03T05:00Z'])
  })
})

/** Both days on which the clock changes, in three zones with three ways of doing it. */
describe('the days on which the clock changes', () => {
  test.each<[string, CalendarRules, string, string, string[]]>([
    [
      'Helsinki in spring: 03:00 to 04:00 does not happen',
      daily('Europe/Helsinki', ['02:30', '03:30']),
      '2026-03-28T22:00Z',
      '2026-03-29T20:00Z',
      ['2026-03-29T00:30Z 2026-03-29T01:00Z'],
    ],
    [
      'Helsinki in spring: a shift within the hour that does not happen',
      daily('Europe/Helsinki', ['03:10', '03:50']),
      '2026-03-28T22:00Z',
      '2026-03-29T20:00Z',
      [],
    ],
    [
      'Helsinki in autumn: 03:00 to 04:00 comes twice, and so does the shift in it',
      daily('Europe/Helsinki', ['03:15', '03:45']),
      '2026-10-24T21:00Z',
      '2026-10-25T20:00Z',
      ['2026-10-25T00:15Z 2026-10-25T00:45Z', '2026-10-25T01:15Z 2026-10-25T01:45Z'],
    ],
    [
      'Helsinki in autumn: a night shift is an hour longer',
      daily('Europe/Helsinki', ['22:00', '06:00']),
      '2026-10-24T12:00Z',
      '2026-10-25T12:00Z',
      ['2026-10-24T19:00Z 2026-10-25T04:00Z'],
    ],
    [
      'New York in spring',
      daily('America/New_York', ['01:00', '03:00']),
      '2026-03-08T05:00Z',
      '2026-03-08T20:00Z',
      ['2026-03-08T06:00Z 2026-03-08T07:00Z'],
    ],
    [
      'New York in autumn',
      daily('America/New_York', ['00:30', '01:30']),
      '2026-11-01T04:00Z',
      '2026-11-01T20:00Z',
      ['2026-11-01T04:30Z 2026-11-01T05:30Z', '2026-11-01T06:00Z 2026-11-01T06:30Z'],
    ],
    [
      'Lord Howe in spring: half an hour, 02:00 to 02:30, is skipped',
      daily('Australia/Lord_Howe', ['01:45', '02:45']),
      '2026-10-03T13:30Z',
      '2026-10-04T10:00Z',
      ['2026-10-03T15:15Z 2026-10-03T15:45Z'],
    ],
    [
      'Lord Howe in autumn: half an hour, 01:30 to 02:00, comes twice',
      daily('Australia/Lord_Howe', ['01:40', '01:50']),
      '2026-04-04T13:00Z',
      '2026-04-05T10:00Z',
      ['2026-04-04T14:40Z 2026-04-04T14:50Z', '2026-04-04T15:10Z 2026-04-04T15:20Z'],
    ],
    [
      'Apia skipped a whole day',
      daily('Pacific/Apia', ['09:00', '10:00']),
      '2011-12-29T12:00Z',
      '2011-12-31T12:00Z',
      ['2011-12-29T19:00Z 2011-12-29T20:00Z', '2011-12-30T19:00Z 2011-12-30T20:00Z'],
    ],
    [
      'a zone of half hours',
      daily('Asia/Kolkata', ['09:00', '10:00']),
      '2026-06-01T00:00Z',
      '2026-06-02T00:00Z',
      ['2026-06-01T03:30Z 2026-06-01T04:30Z'],
    ],
  ])('%s', (_, rules, from, to, expected) => {
    expect(told(rules, from, to)).toEqual(expected)
  })
})

describe('whatever the rules', () => {
  const MINUTE = 60_000
  const time = fc
    .tuple(fc.nat(23), fc.constantFrom(0, 15, 30, 59))
    .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`)
  const shifts = fc.array(fc.record({ from: time, to: time }), { maxLength: 3 })
  const rules = fc.record({
    timeZone: fc.constantFrom(
      'UTC',
      'Europe/Helsinki',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
      'Asia/Kathmandu',
    ),
    weekly: fc.record(Object.fromEntries(WEEKDAYS.map((day) => [day, shifts])), { requiredKeys: [] }),
    exceptions: fc.dictionary(fc.constantFrom('2026-03-29', '2026-10-25', '2026-10-04'), shifts),
  }) as fc.Arbitrary<CalendarRules>
  const start = fc
    .constantFrom('2026-03-27', '2026-10-23', '2026-10-02', '2026-04-03', '2026-02-13', '2026-06-10')
    .chain((day) => fc.nat(2_880).map((minutes) => new Date(Date.parse(day) + minutes * MINUTE)))

  test('an instant is open if and only if an opening has it', () => {
    fc.assert(
      fc.property(rules, start, fc.integer({ min: 1, max: 4_000 }), (calendar, from, minutes) => {
        const to = new Date(from.getTime() + minutes * MINUTE)
        const found = openings(calendar, from, to)
        let open = 0
        for (let ms = from.getTime(); ms < to.getTime(); ms += MINUTE) {
          const isIn = found.some((opening) => opening.start.getTime() <= ms && ms < opening.end.getTime())
          expect(isIn).toBe(isOpen(calendar, new Date(ms)))
          if (isIn) open++
        }
        // All edges are whole minutes here, so the time is a count of them.
        expect(openTime(calendar, from, to)).toBe(open * MINUTE)
        for (const [n, { start, end }] of found.entries()) {
          expect(end.getTime()).toBeGreaterThan(start.getTime())
          if (n > 0) expect(start.getTime()).toBeGreaterThan(found[n - 1]!.end.getTime())
        }
      }),
      { numRuns: 60 },
    )
  })

  test('the next opening is open, and nothing before it is', () => {
    fc.assert(
      fc.property(rules, start, (calendar, from) => {
        const next = nextOpening(calendar, from)
        if (!next) return
        expect(isOpen(calendar, next)).toBe(true)
        expect(next.getTime()).toBeGreaterThanOrEqual(from.getTime())
        expect(openTime(calendar, from, next)).toBe(0)
      }),
      { numRuns: 100 },
    )
  })
})

test('a calendar that is never open has no next opening', () => {
  expect(nextOpening({ timeZone: 'UTC', weekly: {} }, at('2026-01-01T00:00Z'))).toBeUndefined()
  expect(openTime(daily('UTC', ['09:00', '17:00']), at('2026-01-02T00:00Z'), at('2026-01-01T00:00Z'))).toBe(0)
})

test('once a year is found', () => {
  const rules = { timeZone: 'UTC', weekly: {}, exceptions: { '2027-01-01': [{ from: '10:00', to: '11:00' }] } }
  expect(nextOpening(rules, at('2026-01-02T00:00Z'))).toEqual(at('2027-01-01T10:00Z'))
})

test.each<[unknown, string[]]>([
  [{ timeZone: '+02:00', weekly: {} }, ['timeZone time_zone']],
  [{ timeZone: 'EST', weekly: {} }, ['timeZone time_zone']],
  [{ timeZone: 'Europe/Nowhere', weekly: {} }, ['timeZone time_zone']],
  [{ timeZone: 'UTC', weekly: { funday: [] } }, ['weekly unknown_key']],
  [
    { timeZone: 'UTC', weekly: { monday: [{ from: '24:00', to: '9:00' }] } },
    ['weekly.monday.0.from regex', 'weekly.monday.0.to regex'],
  ],
  [{ timeZone: 'UTC', weekly: {}, exceptions: { '2026-02-30': [] } }, ['exceptions.2026-02-30 invalid_key']],
])('%o is refused', async (input, broken) => {
  expect((await brokenRules(() => parse(calendarRules, input))).sort()).toEqual(broken.sort())
})

test('times may leave their seconds out', () => {
  const input = { timeZone: 'Europe/Helsinki', weekly: { monday: [{ from: '09:00', to: '17:30:15' }] } }
  expect(parse(calendarRules, input).weekly.monday).toEqual([{ from: '09:00:00', to: '17:30:15' }])
})
