import { describe, expect, test } from 'vitest'
import { bucketKey, granularityOf, type PeriodTable, TABLE_A, TABLE_B, TABLE_C } from './periods.ts'

const START = new Date('2020-02-01T00:00:00.000Z')
const HOUR = 3_600_000
const DAY = 24 * HOUR

/** What a period of just less, exactly, and just more is told by. */
const around = (table: PeriodTable, length: number, start = START) =>
  [-1, 0, 1].map((off) => granularityOf(table, start, new Date(start.getTime() + length + off))).join(' ')
const years = (count: number, start = START) => {
  const end = new Date(start)
  end.setUTCFullYear(start.getUTCFullYear() + count)
  return end.getTime() - start.getTime()
}

test.each<[table: string, rows: PeriodTable, length: number, expected: string]>([
  // Contract 8: the last column of each table, at each of its boundaries.
  ['A', TABLE_A, 1 * DAY, 'hour hour day'],
  ['A', TABLE_A, 14 * DAY, 'day day week'],
  ['A', TABLE_A, 31 * DAY, 'week week month'],
  ['A', TABLE_A, years(2), 'month month quarter'],
  ['A', TABLE_A, years(4), 'quarter quarter year'],
  ['A', TABLE_A, years(5), 'year year year'],
  ['A', TABLE_A, 2 * HOUR, 'hour hour hour'],
  ['B', TABLE_B, 2 * HOUR, 'hour hour hour'],
  ['B', TABLE_B, 1 * DAY, 'hour hour hour'],
  ['B', TABLE_B, 2 * DAY, 'hour hour day'],
  ['B', TABLE_B, 14 * DAY, 'day day day'],
  ['B', TABLE_B, 31 * DAY, 'day day week'],
  ['B', TABLE_B, years(1), 'week week month'],
  ['B', TABLE_B, years(2), 'month month quarter'],
  ['B', TABLE_B, years(4), 'quarter quarter quarter'],
  ['B', TABLE_B, years(5), 'quarter quarter year'],
  ['C', TABLE_C, 2 * HOUR, 'minute minute hour'],
  ['C', TABLE_C, 2 * DAY, 'hour hour day'],
  ['C', TABLE_C, 31 * DAY, 'day day week'],
  ['C', TABLE_C, years(1), 'week week month'],
  ['C', TABLE_C, years(2), 'month month quarter'],
  ['C', TABLE_C, years(5), 'quarter quarter year'],
])('table %s around %#: just less, exactly, just more', (_name, rows, length, expected) => {
  expect(around(rows, length)).toBe(expected)
})

test('no time at all is the shortest', () => {
  expect([TABLE_A, TABLE_B, TABLE_C].map((table) => granularityOf(table, START, START))).toEqual([
    'hour',
    'hour',
    'minute',
  ])
})

describe('years are those of the calendar', () => {
  test('a leap year has 366 days, others 365', () => {
    const day = (text: string) => new Date(`${text}T00:00:00.000Z`)
    expect(around(TABLE_B, 365 * DAY, day('2019-01-01'))).toBe('week week month')
    expect(around(TABLE_B, 366 * DAY, day('2020-01-01'))).toBe('week week month')
    expect(granularityOf(TABLE_B, day('2020-01-01'), new Date(day('2020-01-01').getTime() + 365 * DAY + 1))).toBe(
      'week',
    )
    expect(around(TABLE_B, 365 * DAY, day('2020-03-01'))).toBe('week week month')
  })

  test('a year after 29 February is 28 February, four years after it the 29th', () => {
    const start = new Date('2020-02-29T12:00:00.000Z')
    const at = (text: string) => new Date(text)
    expect(granularityOf(TABLE_B, start, at('2021-02-28T12:00:00.000Z'))).toBe('week')
    expect(granularityOf(TABLE_B, start, at('2021-02-28T12:00:00.001Z'))).toBe('month')
    expect(granularityOf(TABLE_A, start, at('2024-02-29T12:00:00.000Z'))).toBe('quarter')
    expect(granularityOf(TABLE_A, start, at('2024-02-29T12:00:00.001Z'))).toBe('year')
  })
})

describe('buckets are called', () => {
  test.each([
    ['minute', '2020-06-01T13:05:00.000Z'],
    ['hour', '2020-06-01T13:00:00.000Z'],
    ['day', '2020-06-01T00:00:00.000Z'],
    ['month', '2020-06-01T00:00:00.000Z'],
    ['year', '2020-01-01T00:00:00.000Z'],
  ] as const)('a %s by its start', (granularity, start) => {
    expect(bucketKey(granularity, new Date(start))).toBe(start)
  })

  test.each([
    // ISO 8601: a week belongs to the year of its Thursday, and 4 January is always in the first.
    ['2019-12-30', '2020-1'],
    ['2020-01-06', '2020-2'],
    ['2020-05-25', '2020-22'],
    ['2020-12-21', '2020-52'],
    ['2020-12-28', '2020-53'],
    ['2021-01-04', '2021-1'],
    ['2021-12-27', '2021-52'],
    ['2022-01-03', '2022-1'],
    ['2024-12-30', '2025-1'],
    ['2026-12-28', '2026-53'],
  ])('the week of %s: %s', (monday, key) => {
    expect(bucketKey('week', new Date(`${monday}T00:00:00.000Z`))).toBe(key)
  })

  test.each([
    ['2020-01-01', '2020-1'],
    ['2020-04-01', '2020-2'],
    ['2020-07-01', '2020-3'],
    ['2020-10-01', '2020-4'],
  ])('the quarter of %s: %s', (start, key) => {
    expect(bucketKey('quarter', new Date(`${start}T00:00:00.000Z`))).toBe(key)
  })
})
