import type { Granularity } from '../../src/domains/metrics/index.ts'
import { dayNumber, MINUTE, wallClock } from './naive-clock.ts'

const LONGEST_DAYS: Record<Granularity, number> = {
  minute: 1,
  hour: 1,
  day: 2,
  week: 8,
  month: 32,
  quarter: 93,
  year: 367,
}

/** Every bucket that a period touches, found by where the name of the bucket changes. */
export function naiveBuckets(granularity: Granularity, timeZone: string, from: number, to: number) {
  const name = (at: number) => nameOf(granularity, timeZone, at)
  const reach = LONGEST_DAYS[granularity] * 24 * 60
  const minute = Math.floor(from / MINUTE)
  /** The first minute after `low` whose bucket is `wanted`, as that of `high` is and that of `low` is not. */
  const firstNamed = (wanted: string, low: number, high: number): number => {
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (name(middle * MINUTE) === wanted) high = middle
      else low = middle
    }
    return high
  }
  /** The first minute after `low` whose bucket is another. */
  const firstOther = (low: number): number => {
    const left = name(low * MINUTE)
    let high = low + reach
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (name(middle * MINUTE) === left) low = middle
      else high = middle
    }
    return high
  }
  const buckets: { start: number; end: number }[] = []
  let start = firstNamed(name(minute * MINUTE), minute - reach, minute)
  while (start * MINUTE < to) {
    const end = firstOther(start)
    buckets.push({ start: start * MINUTE, end: end * MINUTE })
    start = end
  }
  return buckets
}

/** The same for all moments of one bucket, and for no others. */
function nameOf(granularity: Granularity, timeZone: string, at: number): string {
  const clock = wallClock(timeZone, at)
  const { year, month, day, hour, minute, offset } = clock
  switch (granularity) {
    case 'year':
      return `${year}`
    case 'quarter':
      return `${year} Q${Math.ceil(month / 3)}`
    case 'month':
      return `${year}-${month}`
    case 'week':
      // Weeks are numbered from a Monday: 5 January 1970 was day 4.
      return `W${Math.floor((dayNumber(clock) - 4) / 7)}`
    case 'day':
      return `${year}-${month}-${day}`
    // An hour that comes twice is two, told apart by the offset.
    case 'hour':
      return `${year}-${month}-${day} ${hour} ${offset}`
    case 'minute':
      return `${year}-${month}-${day} ${hour}:${minute} ${offset}`
  }
}
