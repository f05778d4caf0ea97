import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { bucketStart, bucketsOf, countBuckets, MAX_BUCKETS } from './buckets.ts'
import { GRANULARITIES, type Granularity } from './request.ts'

const at = (text: string) => new Date(text)
const iso = (date: Date) => date.toISOString().replace(':00.000Z', 'Z')
/** Where each begins, and where the last ends. */
const bounds = (granularity: Granularity, timeZone: string, from: string, to: string) => {
  const buckets = bucketsOf(granularity, timeZone, at(from), at(to))
  return [...buckets.map(({ start }) => iso(start)), iso(buckets.at(-1)!.end)]
}

describe('the buckets that a period touches', () => {
  test.each<[string, Granularity, string, string, string, string[]]>([
    [
      'minutes, the first and last cut',
      'minute',
      'UTC',
      '2020-06-01T10:00:30Z',
      '2020-06-01T10:02:00.001Z',
      ['2020-06-01T10:00Z', '2020-06-01T10:01Z', '2020-06-01T10:02Z', '2020-06-01T10:03Z'],
    ],
    [
      'none more when it ends with one',
      'day',
      'UTC',
      '2020-06-01',
      '2020-06-02',
      ['2020-06-01T00:00Z', '2020-06-02T00:00Z'],
    ],
    [
      'one for a millisecond',
      'year',
      'UTC',
      '2020-02-29',
      '2020-02-29T00:00:00.001Z',
      ['2020-01-01T00:00Z', '2021-01-01T00:00Z'],
    ],
    [
      'ISO weeks over the end of a year',
      'week',
      'UTC',
      '2020-12-31',
      '2021-01-04T00:00:00.001Z',
      ['2020-12-28T00:00Z', '2021-01-04T00:00Z', '2021-01-11T00:00Z'],
    ],
    ['a week before 1970', 'week', 'UTC', '1969-12-31', '1970-01-02', ['1969-12-29T00:00Z', '1970-01-05T00:00Z']],
    [
      'months with a leap day',
      'month',
      'UTC',
      '2024-01-31',
      '2024-03-01',
      ['2024-01-01T00:00Z', '2024-02-01T00:00Z', '2024-03-01T00:00Z'],
    ],
    [
      'quarters',
      'quarter',
      'UTC',
      '2020-03-31T23:59:59.999Z',
      '2020-10-01',
      ['2020-01-01T00:00Z', '2020-04-01T00:00Z', '2020-07-01T00:00Z', '2020-10-01T00:00Z'],
    ],
    [
      'years',
      'year',
      'UTC',
      '2019-12-31',
      '2020-01-02',
      ['2019-01-01T00:00Z', '2020-01-01T00:00Z', '2021-01-01T00:00Z'],
    ],
    ['a year of two digits', 'year', 'UTC', '0099-06-01', '0099-06-02', ['0099-01-01T00:00Z', '0100-01-01T00:00Z']],
    [
      'days of 23 hours in Helsinki',
      'day',
      'Europe/Helsinki',
      '2026-03-28T12:00Z',
      '2026-03-30T12:00Z',
      ['2026-03-27T22:00Z', '2026-03-28T22:00Z', '2026-03-29T21:00Z', '2026-03-30T21:00Z'],
    ],
    [
      'and of 25',
      'day',
      'Europe/Helsinki',
      '2026-10-25T12:00Z',
      '2026-10-25T12:01Z',
      ['2026-10-24T21:00Z', '2026-10-25T22:00Z'],
    ],
    [
      'hours around the one that is skipped',
      'hour',
      'Europe/Helsinki',
      '2026-03-29T00:30Z',
      '2026-03-29T01:30Z',
      ['2026-03-29T00:00Z', '2026-03-29T01:00Z', '2026-03-29T02:00Z'],
    ],
    [
      'two of the hour that comes twice',
      'hour',
      'Europe/Helsinki',
      '2026-10-25T00:00Z',
      '2026-10-25T02:00Z',
      ['2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'],
    ],
    [
      'hours of a zone of half hours',
      'hour',
      'Asia/Kolkata',
      '2026-06-01T10:00Z',
      '2026-06-01T11:00Z',
      ['2026-06-01T09:30Z', '2026-06-01T10:30Z', '2026-06-01T11:30Z'],
    ],
    [
      'and of quarters of one',
      'hour',
      'Asia/Kathmandu',
      '2026-06-01T10:15Z',
      '2026-06-01T10:16Z',
      ['2026-06-01T10:15Z', '2026-06-01T11:15Z'],
    ],
    [
      // 01:00 to 02:00, then again 01:30 to 02:00
      'the half hour that comes twice on Lord Howe',
      'hour',
      'Australia/Lord_Howe',
      '2026-04-04T14:00Z',
      '2026-04-04T16:00Z',
      ['2026-04-04T14:00Z', '2026-04-04T15:00Z', '2026-04-04T15:30Z', '2026-04-04T16:30Z'],
    ],
    [
      // 01:00 to 02:00, then 02:30 to 03:00
      'the half hour that is skipped there',
      'hour',
      'Australia/Lord_Howe',
      '2026-10-03T15:00Z',
      '2026-10-03T16:01Z',
      ['2026-10-03T14:30Z', '2026-10-03T15:30Z', '2026-10-03T16:00Z', '2026-10-03T17:00Z'],
    ],
    [
      'months over a change of the clock',
      'month',
      'America/New_York',
      '2026-03-15T00:00Z',
      '2026-03-15T00:01Z',
      ['2026-03-01T05:00Z', '2026-04-01T04:00Z'],
    ],
    [
      'the date that Apia skipped',
      'day',
      'Pacific/Apia',
      '2011-12-30T09:00Z',
      '2011-12-30T11:00Z',
      ['2011-12-29T10:00Z', '2011-12-30T10:00Z', '2011-12-31T10:00Z'],
    ],
    [
      'a midnight that is skipped',
      'day',
      'America/Havana',
      '2026-03-08T06:00Z',
      '2026-03-08T06:01Z',
      ['2026-03-08T05:00Z', '2026-03-09T04:00Z'],
    ],
    [
      'a midnight that comes twice',
      'day',
      'America/Havana',
      '2026-11-01T04:00Z',
      '2026-11-01T06:00Z',
      ['2026-11-01T04:00Z', '2026-11-02T05:00Z'],
    ],
    [
      // In 2006 the clock went back at 00:01, to 23:01 of the day before: that day does not begin again.
      'a date that comes back',
      'day',
      'America/St_Johns',
      '2006-10-29T02:45Z',
      '2006-10-29T02:46Z',
      ['2006-10-29T02:30Z', '2006-10-30T03:30Z'],
    ],
  ])('%s', (_, granularity, timeZone, from, to, expected) => {
    expect(bounds(granularity, timeZone, from, to)).toEqual(expected)
  })

  test('are none of an empty period', () => {
    expect(bucketsOf('day', 'UTC', at('2020-01-01'), at('2020-01-01'))).toEqual([])
    expect(bucketsOf('day', 'Europe/Helsinki', at('2020-01-02'), at('2020-01-01'))).toEqual([])
  })

  test('are counted before they are made', () => {
    expect(countBuckets('minute', at('2000-01-01'), at('2050-01-01'))).toBeGreaterThan(MAX_BUCKETS)
    expect(countBuckets('day', at('2026-01-01'), at('2026-01-31'))).toBe(30)
    expect(countBuckets('day', at('2026-01-02'), at('2026-01-01'))).toBe(0)
  })
})

const ZONES = [
  'UTC',
  'Europe/Helsinki',
  'America/New_York',
  'America/St_Johns',
  'America/Havana',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Pacific/Apia',
]
const REACH: Record<Granularity, number> = {
  minute: 3_600_000,
  hour: 5 * 86_400_000,
  day: 60 * 86_400_000,
  week: 200 * 86_400_000,
  month: 1_000 * 86_400_000,
  quarter: 2_000 * 86_400_000,
  year: 5_000 * 86_400_000,
}
const near = fc
  .constantFrom(
    '2026-03-29',
    '2026-10-25',
    '2026-03-08',
    '2026-11-01',
    '2026-04-05',
    '2026-10-04',
    '2024-02-29',
    '2021-01-01',
  )
  .chain((day) => fc.integer({ min: -172_800_000, max: 172_800_000 }).map((ms) => new Date(Date.parse(day) + ms)))
const instant = fc.oneof(near, fc.date({ min: at('1950-01-01'), max: at('2100-01-01'), noInvalidDate: true }))
const period = fc
  .tuple(fc.constantFrom(...GRANULARITIES), instant)
  .chain(([granularity, from]) =>
    fc
      .integer({ min: 1, max: REACH[granularity] })
      .map((ms) => ({ granularity, from, to: new Date(from.getTime() + ms) })),
  )

test('buckets are adjacent, cover the period and begin where they say', () => {
  fc.assert(
    fc.property(period, fc.constantFrom(...ZONES), ({ granularity, from, to }, timeZone) => {
      const buckets = bucketsOf(granularity, timeZone, from, to)
      expect(buckets[0]!.start <= from && from < buckets[0]!.end).toBe(true)
      expect(buckets.at(-1)!.start < to && to <= buckets.at(-1)!.end).toBe(true)
      for (const [n, { start, end }] of buckets.entries()) {
        expect(start < end).toBe(true)
        if (n > 0) expect(start).toEqual(buckets[n - 1]!.end)
      }
      for (const { start, end } of [buckets[0]!, buckets.at(-1)!]) {
        expect(bucketStart(granularity, timeZone, start)).toEqual(start)
        expect(bucketStart(granularity, timeZone, new Date(end.getTime() - 1))).toEqual(start)
      }
    }),
    { numRuns: 500 },
  )
})

test('buckets begin where the calendar says', () => {
  fc.assert(
    fc.property(
      instant,
      fc.constantFrom(...GRANULARITIES),
      fc.constantFrom('UTC', 'Europe/Helsinki', 'Asia/Kathmandu'),
      (when, granularity, timeZone) => {
        expect(bucketStart(granularity, timeZone, when)).toEqual(calendarStart(granularity, timeZone, when))
      },
    ),
    { numRuns: 500 },
  )
})

/** For zones whose clocks change by whole hours, and not at midnight. */
function calendarStart(granularity: Granularity, timeZone: string, when: Date): Date {
  const local = Temporal.Instant.fromEpochMilliseconds(when.getTime()).toZonedDateTimeISO(timeZone)
  const day = local.startOfDay()
  const start = {
    minute: () => local.round({ smallestUnit: 'minute', roundingMode: 'floor' }),
    hour: () => local.round({ smallestUnit: 'hour', roundingMode: 'floor' }),
    day: () => day,
    week: () => day.subtract({ days: day.dayOfWeek - 1 }),
    month: () => day.with({ day: 1 }),
    quarter: () => day.with({ day: 1, month: day.month - ((day.month - 1) % 3) }),
    year: () => day.with({ day: 1, month: 1 }),
  }[granularity]()
  return new Date(start.epochMilliseconds)
}
