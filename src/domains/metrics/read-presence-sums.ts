import type { Queryable } from '../../db/database.ts'
import { empty, type Sql, sql } from '../../db/sql.ts'
import { type ItemsRequest, itemsOf } from './items.ts'
import { DAY_MS, momentOf, startOfDay, summedEnd } from './summed-days.ts'

/** What sums of presence are kept of: everything, without a filter. */
export function isOfAll({ selection }: ItemsRequest): boolean {
  const { agents, tags, channels, providers, customers, conversations } = selection
  return [agents, tags, channels, providers, customers, conversations].every((list) => list === null)
}

export function isMonthStart(at: Date): boolean {
  return at.getTime() % DAY_MS === 0 && at.getUTCDate() === 1
}

/** Since the year 0, as sums of presence have them. */
const monthOf = (at: Date) => at.getUTCFullYear() * 12 + at.getUTCMonth()

/** A row as of presence that is read from facts. */
interface Counted {
  bucket: number
  key: string | null
  own: number
  all: number
}

/**
 * How many different ones were there in a period that reaches beyond its first day. Where that is not whole, those of the
 * whole day are counted, without those who were there before the period began only.
 */
export async function countSummed(db: Queryable, request: ItemsRequest, kind: 'C' | 'V' | 'T'): Promise<Counted[]> {
  const { workspaceId, from, to } = request
  const first = Math.floor(from.getTime() / DAY_MS)
  const days = { first, end: Math.floor(to.getTime() / DAY_MS) }
  const firstMonth = startOfDay(first)
  firstMonth.setUTCDate(1)
  const end = summedEnd(workspaceId, days)
  const facts = sql`f.workspace_id = ${workspaceId}::uuid AND f.kind = ${kind} AND f.word_id = 0 AND f.tag_id = 0`
  const byMonths = sql`SELECT sum(p.count) FROM metric_presence p
    WHERE ${sumsOf(workspaceId, kind, 1)} AND p.country = '' AND p.day >= ${first}::int AND p.day < ${end}
      AND p.previous < ${monthOf(firstMonth)}::int`
  const byDays = sql`SELECT sum(p.count) FROM generate_series(${first}::int, ${end} - 1) AS d(day)
    CROSS JOIN LATERAL (SELECT count FROM metric_presence p
      WHERE ${sumsOf(workspaceId, kind, 0)} AND p.country = '' AND p.day = d.day
        AND p.previous >= ${firstMonth.getTime() / DAY_MS}::int AND p.previous < ${first}::int OFFSET 0) p`
  const rest = sql`SELECT count(*) FROM metric_fact f
    WHERE ${facts} AND f.at >= ${momentOf(end)} AND f.at < ${to}::timestamptz
      AND (f.prev_at IS NULL OR f.prev_at < ${startOfDay(first)}::timestamptz)`
  const [row] = await db.query<{ count: number }>(
    sql`SELECT (coalesce((${byMonths}), 0) ${isMonthStart(startOfDay(first)) ? empty : sql`+ coalesce((${byDays}), 0)`}
        + (${rest}) ${from.getTime() % DAY_MS === 0 ? empty : sql`- (${onlyBefore(request, facts, first)})`})::int AS count`,
  )
  return [{ bucket: 0, key: null, own: 0, all: row!.count }]
}

/** Those who were there on the first day before the period began, but not in it. */
function onlyBefore(request: ItemsRequest, facts: Sql, first: number): Sql {
  const { from, to } = request
  // Each is looked up by itself: they are few.
  const later = sql`SELECT true FROM metric_fact l
    WHERE l.entity_id = f.entity_id AND l.kind = f.kind AND l.word_id = 0 AND l.tag_id = 0 AND l.day > ${first}::int
      AND l.at < ${to}::timestamptz LIMIT 1`
  const sameDay = sql`SELECT true FROM (${itemsOf({ ...request, from, to: startOfDay(first + 1) })}) i
    WHERE i.entity = f.entity_id LIMIT 1`
  return sql`SELECT count(*) FROM metric_fact f
    WHERE ${facts} AND f.at >= ${startOfDay(first)}::timestamptz AND f.at < ${from}::timestamptz
      AND (${later}) IS NULL AND (${sameDay}) IS NULL`
}

/** The same of contacts by country, of a period that begins with a month. */
export async function countCountriesSummed(db: Queryable, request: ItemsRequest): Promise<Counted[]> {
  const { workspaceId, from, to } = request
  const first = from.getTime() / DAY_MS
  const end = summedEnd(workspaceId, { first, end: Math.floor(to.getTime() / DAY_MS) })
  const next = (after: Sql) =>
    sql`(SELECT p.country FROM metric_presence p
         WHERE p.workspace_id = ${workspaceId}::uuid AND p.kind = 'C' AND p.country > ${after} ORDER BY p.country LIMIT 1)`
  return db.query(
    // Countries are few, and found one after the other in the index.
    sql`WITH RECURSIVE known AS (
          SELECT ${next(sql`''`)} AS country
          UNION ALL SELECT ${next(sql`k.country`)} FROM known k WHERE k.country IS NOT NULL
        )
        SELECT 0 AS bucket, c.country AS key, 0 AS own, sum(c.count)::int AS all
        FROM (SELECT p.country, sum(p.count) AS count FROM metric_presence p
              WHERE ${sumsOf(workspaceId, 'C', 1)}
                AND p.country = ANY(ARRAY(SELECT country FROM known WHERE country IS NOT NULL))
                AND p.day >= ${first}::int AND p.day < ${end} AND p.previous < ${monthOf(from)}::int
              GROUP BY 1
              UNION ALL
              SELECT f.country, count(*) FROM metric_fact f
              WHERE f.workspace_id = ${workspaceId}::uuid AND f.kind = 'C' AND f.word_id = 0 AND f.country IS NOT NULL
                AND f.at >= ${momentOf(end)} AND f.at < ${to}::timestamptz
                AND (f.prev_at IS NULL OR f.prev_at < ${from}::timestamptz)
              GROUP BY 1) c
        GROUP BY c.country`,
  )
}

function sumsOf(workspaceId: string, kind: 'C' | 'V' | 'T', grain: 0 | 1): Sql {
  return sql`p.workspace_id = ${workspaceId}::uuid AND p.kind = ${kind} AND p.grain = ${grain}::smallint`
}
