import type { Queryable } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { ItemsRequest } from './items.ts'
import type { Reading, Span } from './span.ts'

/**
 * Reads a span, its buckets and its groups by one expression (`value`, null where there is nothing) over `v`, rows that
 * `rowsOf` selects with `bucket` and `key`. Groups have no series.
 */
export async function readAggregate(
  db: Queryable,
  request: ItemsRequest,
  span: Span,
  value: Sql,
  rowsOf: (request: ItemsRequest, span: Span) => Sql,
): Promise<Reading> {
  const ungrouped = { ...request, groupBy: undefined }
  const hasSeries = span.buckets.length > 0
  const sets = hasSeries ? sql`((v.bucket), ())` : sql`(())`
  const [rows, groups] = await Promise.all([
    db.query<{ bucket: number | null; value: number | null }>(
      sql`SELECT ${hasSeries ? sql`v.bucket` : sql`NULL::int AS bucket`}, ${value} AS value
          FROM (${rowsOf(ungrouped, span)}) v GROUP BY GROUPING SETS ${sets}`,
    ),
    request.groupBy === undefined
      ? []
      : db.query<{ key: string; value: number | null }>(
          sql`SELECT v.key, ${value} AS value FROM (${rowsOf(request, { ...span, buckets: [] })}) v GROUP BY v.key`,
        ),
  ])
  const reading: Reading = { total: null, buckets: new Map(), groups: new Map() }
  for (const row of rows) {
    if (row.value === null) continue
    if (row.bucket === null) reading.total = Number(row.value)
    else reading.buckets.set(row.bucket, Number(row.value))
  }
  for (const row of groups) if (row.value !== null) reading.groups.set(row.key, Number(row.value))
  return reading
}
