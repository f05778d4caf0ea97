import { type Sql, sql } from '../../db/sql.ts'
import type { Span } from './span.ts'

export const DAY_MS = 86_400_000

/** The whole days of a period, since 1970 and half open; `first` may come after `end` where it has none. */
export function wholeDays({ from, to }: Pick<Span, 'from' | 'to'>): { first: number; end: number } {
  return { first: Math.ceil(from.getTime() / DAY_MS), end: Math.floor(to.getTime() / DAY_MS) }
}

/** The beginning of a day. */
export function startOfDay(day: number): Date {
  return new Date(day * DAY_MS)
}

/**
 * Where sums of days end within whole days: at their end, or before, where facts are not summed up yet. To be read in the
 * same statement as both.
 */
export function summedEnd(workspaceId: string, { first, end }: { first: number; end: number }): Sql {
  return sql`greatest(${first}::int, least(${end}::int, coalesce(
    (SELECT summed_before FROM message_pool WHERE workspace_id = ${workspaceId}::uuid), 0)))`
}

/** The moment at which a day begins. */
export function momentOf(day: Sql): Sql {
  return sql`to_timestamp((${day}) * 86400::float8)`
}
