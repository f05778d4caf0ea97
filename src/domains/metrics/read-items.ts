import type { Queryable } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { METRICS } from './definitions.ts'
import { type ItemsRequest, itemsOf } from './items.ts'
import { bucketOf, type Reading, type Span } from './span.ts'

/** Reads a metric from the items themselves: whatever was asked for, at the price of looking at each of the period. */
export async function readItems(db: Queryable, request: ItemsRequest, span: Span): Promise<Reading> {
  const value = aggregateOf(request)
  const reading: Reading = { total: null, buckets: new Map(), groups: new Map() }
  const ungrouped = { ...request, groupBy: undefined }
  const [rows, groups] = await Promise.all([
    db.query<{ bucket: number | null; value: number | null }>(
      sql`SELECT bucket, ${value} AS value
          FROM (SELECT i.*, ${bucketOf(sql`i.at`, span)} AS bucket FROM (${itemsOf(ungrouped)}) i) i
          GROUP BY GROUPING SETS ((bucket), ())`,
    ),
    request.groupBy === undefined
      ? []
      : db.query<{ key: string; value: number | null }>(
          sql`SELECT key, ${value} AS value FROM (${itemsOf(request)}) i GROUP BY key`,
        ),
  ])
  for (const row of rows) {
    if (row.value === null) continue
    if (row.bucket === null) reading.total = Number(row.value)
    else reading.buckets.set(row.bucket, Number(row.value))
  }
  for (const row of groups) if (row.value !== null) reading.groups.set(row.key, Number(row.value))
  return reading
}

function aggregateOf({ metric }: ItemsRequest): Sql {
  switch (METRICS[metric].aggregate) {
    case 'count':
      return sql`count(*)::float8`
    case 'distinct':
      return sql`count(DISTINCT entity)::float8`
    case 'average':
      return sql`sum(ms)::float8 / nullif(count(*), 0) / 1000`
    case 'median':
      return sql`percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) / 1000`
    case 'ratio':
      return sql`count(*)::float8 / nullif(count(DISTINCT entity), 0)`
  }
}
