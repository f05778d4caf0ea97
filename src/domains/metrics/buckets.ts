import { type OffsetSpan, offsetSpans } from '../../platform/zone-offsets.ts'
import type { Granularity } from './request.ts'

/** A stretch of the calendar: `start` inclusive, `end` exclusive. */
export interface Bucket {
  start: Date
  end: Date
}

/** As many as one answer may have. */
export const MAX_BUCKETS = 10_000

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** 1970 began on a Thursday, weeks begin on Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS

/** How long a bucket is, where it is not longer. */
const SHORTEST_MS: Readonly<Record<Granularity, number>> = {
  minute: MINUTE_MS,
  hour: HOUR_MS,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 28 * DAY_MS,
  quarter: 90 * DAY_MS,
  year: 365 * DAY_MS,
}

const MONTHS: Partial<Record<Granularity, number>> = { month: 1, quarter: 3, year: 12 }

/** How far beyond a period its first and last bucket may reach. */
const REACH_MS = 367 * DAY_MS

/**
 * About how many buckets a period has, cheaply: never fewer by more than the days on which clocks change and the two at
 * its ends make up for. For refusing more than MAX_BUCKETS before they are made.
 */
export function countBuckets(granularity: Granularity, from: Date, to: Date): number {
  return Math.max(0, Math.ceil((to.getTime() - from.getTime()) / SHORTEST_MS[granularity]))
}

/**
 * All buckets that the period touches (`from` inclusive, `to` exclusive), oldest first, each ending where the next begins,
 * as the calendar of the IANA zone has them. Weeks begin on Monday. Hours and minutes are those of the wall clock: when
 * it is set back, what comes twice gives two buckets; when it is set forward within an hour, the rest of that hour gives
 * one.
 */
export function bucketsOf(granularity: Granularity, timeZone: string, from: Date, to: Date): Bucket[] {
  const start = from.getTime()
  const end = to.getTime()
  if (!(start < end)) return []
  const spans = offsetSpans(timeZone, start - REACH_MS, end + REACH_MS)
  return granularity === 'hour' || granularity === 'minute'
    ? clockBuckets(granularity, spans, start, end)
    : dayBuckets(granularity, spans, start, end)
}

/** Where the bucket of an instant begins. */
export function bucketStart(granularity: Granularity, timeZone: string, at: Date): Date {
  return bucketsOf(granularity, timeZone, at, new Date(at.getTime() + 1))[0]!.start
}

/** Hours and minutes begin on the wall clock's, and wherever that jumps. */
function clockBuckets(
  granularity: 'hour' | 'minute',
  spans: readonly OffsetSpan[],
  from: number,
  to: number,
): Bucket[] {
  const buckets: Bucket[] = []
  for (const { start, end, offset } of spans) {
    if (end <= from) continue
    let local = floorLocal(granularity, Math.max(from, start) + offset)
    for (let at = Math.max(local - offset, start); at < to && at < end; at = local - offset) {
      local = nextLocal(granularity, local)
      buckets.push(bucket(at, Math.min(local - offset, end)))
    }
  }
  return buckets
}

/** Days and what is made of them begin when their date first comes, which is not at midnight where that is skipped. */
function dayBuckets(granularity: Granularity, spans: readonly OffsetSpan[], from: number, to: number): Bucket[] {
  const buckets: Bucket[] = []
  let index = 0
  // Asked in ascending order only, so that spans that are over need not be looked at again.
  const instantOf = (local: number): number => {
    while (local - spans[index]!.offset >= spans[index]!.end) index++
    return Math.max(local - spans[index]!.offset, spans[index]!.start)
  }
  const { offset } = spans.find(({ end }) => from < end)!
  let local = floorLocal(granularity, from + offset)
  let start = instantOf(local)
  while (start < to) {
    local = nextLocal(granularity, local)
    const end = instantOf(local)
    // A date that is skipped has none. One that is over does not begin again when the clock is set back over midnight.
    if (end > start && end > from) buckets.push(bucket(start, end))
    start = end
  }
  return buckets
}

function bucket(start: number, end: number): Bucket {
  return { start: new Date(start), end: new Date(end) }
}

/** On the wall clock, as if that were UTC. */
function floorLocal(granularity: Granularity, local: number): number {
  const months = MONTHS[granularity]
  if (months === undefined) {
    const length = SHORTEST_MS[granularity]
    const origin = granularity === 'week' ? FIRST_MONDAY_MS : 0
    return Math.floor((local - origin) / length) * length + origin
  }
  const date = new Date(local)
  const month = date.getUTCMonth()
  return startOfMonth(date.getUTCFullYear(), month - (month % months))
}

/** Where the bucket that begins at `start` is over. */
function nextLocal(granularity: Granularity, start: number): number {
  const months = MONTHS[granularity]
  if (months === undefined) return start + SHORTEST_MS[granularity]
  const date = new Date(start)
  return startOfMonth(date.getUTCFullYear(), date.getUTCMonth() + months)
}

function startOfMonth(year: number, month: number): number {
  // Date.UTC takes years below 100 for those of the twentieth century.
  return new Date(0).setUTCFullYear(year, month, 1)
}
