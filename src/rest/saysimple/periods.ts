import type { Granularity } from '../../domains/metrics/index.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

type Longer = { years: number } | { days: number } | { hours: number }

/** Which buckets a period has: those of the first row whose time it is longer than; the last row holds always. */
export interface PeriodTable {
  rows: readonly (readonly [Longer, Granularity])[]
  otherwise: Granularity
}

/** Of the message distribution (contract/saysimple.md 8). */
export const TABLE_A: PeriodTable = {
  rows: [
    [{ years: 4 }, 'year'],
    [{ years: 2 }, 'quarter'],
    [{ days: 31 }, 'month'],
    [{ days: 14 }, 'week'],
    [{ days: 1 }, 'day'],
  ],
  otherwise: 'hour',
}

const COMMON: PeriodTable['rows'] = [
  [{ years: 5 }, 'year'],
  [{ years: 2 }, 'quarter'],
  [{ years: 1 }, 'month'],
  [{ days: 31 }, 'week'],
  [{ days: 2 }, 'day'],
]

/** Of everything else, also where no table is documented (A3). */
export const TABLE_B: PeriodTable = { rows: COMMON, otherwise: 'hour' }

/** Of the tags used. */
export const TABLE_C: PeriodTable = { rows: [...COMMON, [{ hours: 2 }, 'hour']], otherwise: 'minute' }

/** By which buckets a period from `between` up to and with `and` is told. */
export function granularityOf({ rows, otherwise }: PeriodTable, between: Date, and: Date): Granularity {
  return rows.find(([longer]) => and > later(between, longer))?.[1] ?? otherwise
}

function later(instant: Date, by: Longer): Date {
  if ('years' in by) return yearsLater(instant, by.years)
  return new Date(instant.getTime() + ('days' in by ? by.days * DAY_MS : by.hours * HOUR_MS))
}

/** In calendar years of UTC (A4); of 29 February, where there is none, the 28th. */
function yearsLater(instant: Date, years: number): Date {
  const moved = new Date(instant)
  moved.setUTCFullYear(instant.getUTCFullYear() + years)
  if (moved.getUTCMonth() !== instant.getUTCMonth()) moved.setUTCDate(0)
  return moved
}

/** What a bucket is called in `data` (contract/saysimple.md 9): its start, but for weeks (ISO 8601) and quarters. */
export function bucketKey(granularity: Granularity, start: Date): string {
  if (granularity === 'week') return weekKey(start)
  if (granularity === 'quarter') return `${start.getUTCFullYear()}-${Math.floor(start.getUTCMonth() / 3) + 1}`
  return start.toISOString()
}

/** The week belongs to the year that its Thursday is in. */
function weekKey(monday: Date): string {
  const thursday = new Date(monday.getTime() + 3 * DAY_MS)
  const year = thursday.getUTCFullYear()
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS)) + 1
  return `${year}-${week}`
}
