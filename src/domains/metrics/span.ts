import { type Sql, sql } from '../../db/sql.ts'
import type { Bucket } from './buckets.ts'

/** A period, half open, with the buckets of its series; without any it has no series. */
export interface Span {
  from: Date
  to: Date
  buckets: readonly Bucket[]
}

/** What was read of a span: of the whole, of each bucket by its number, of each group by its key. */
export interface Reading {
  total: number | null
  buckets: Map<number, number>
  groups: Map<string, number>
}

/** Of what would need messages that are not there any more; this one object. */
export const UNREADABLE: Reading = { total: null, buckets: new Map(), groups: new Map() }

/** The number of the bucket that a moment is in, from 1; 0 where there is no series. */
export function bucketOf(at: Sql, { buckets }: Span): Sql {
  if (buckets.length === 0) return sql`0`
  return sql`width_bucket(${at}, ${buckets.map(({ start }) => start.toISOString())}::timestamptz[])`
}

const DAY_MS = 86_400_000

/** Whether buckets change at midnight in UTC only. */
export function isByDays({ buckets }: Span): boolean {
  return buckets.every(({ start, end }) => start.getTime() % DAY_MS === 0 && end.getTime() % DAY_MS === 0)
}

export function isByQuarters({ buckets }: Span): boolean {
  const quarter = DAY_MS / 96
  return buckets.every(({ start, end }) => start.getTime() % quarter === 0 && end.getTime() % quarter === 0)
}
