import type { Queryable } from '../../db/database.ts'
import { join, type Sql, sql } from '../../db/sql.ts'
import { METRICS, type MetricName } from './definitions.ts'
import { type ItemsRequest, itemsOf } from './items.ts'
import type { Selection } from './selection.ts'
import { bucketOf, isByDays, isByQuarters, type Reading, type Span, UNREADABLE } from './span.ts'
import { ofWords, wordsOf } from './words.ts'

const QUARTER_MS = 15 * 60_000
const DAY_MS = 96 * QUARTER_MS

/** Which sums a metric is made of: how many, and for averages the milliseconds in all. */
function sumsOf(metric: MetricName, { direction, initiatedBy }: Selection): { count: Sql; ms?: Sql } | undefined {
  const ways = <T>(all: T, way: T | undefined, other: T | undefined) =>
    direction === null ? all : direction === 'in' ? way : other
  switch (metric) {
    case 'messages':
      return { count: ways(sql`received + sent`, sql`received`, sql`sent`)! }
    case 'paidTemplates':
      return { count: sql`paid` }
    case 'responseTimeAverage':
      return {
        count: ways(sql`received_replies + sent_replies`, sql`received_replies`, sql`sent_replies`)!,
        ms: ways(sql`received_reply_ms + sent_reply_ms`, sql`received_reply_ms`, sql`sent_reply_ms`)!,
      }
    case 'uniqueConversations': {
      if (initiatedBy === null) return { count: sql`user_sessions + business_sessions` }
      return { count: initiatedBy === 'user' ? sql`user_sessions` : sql`business_sessions` }
    }
    case 'resolvedConversations':
      return { count: sql`resolved` }
    case 'messagesPerConversation':
      // Sums are kept of both ways together only.
      return direction === null ? { count: sql`conversed` } : undefined
    default:
      return undefined
  }
}

/** Whole days and quarters of an hour within a period, and what is left of it, as half-open stretches. */
export interface Stretches {
  days: [Date, Date][]
  quarters: [Date, Date][]
  rest: [Date, Date][]
}

/** Cuts a period so that as much as possible is read from days, then quarters. */
export function stretchesOf({ from, to }: Span, byDays: boolean): Stretches {
  const start = from.getTime()
  const end = to.getTime()
  const whole = (size: number): [number, number] => [Math.ceil(start / size) * size, Math.floor(end / size) * size]
  const [quarterStart, quarterEnd] = whole(QUARTER_MS)
  const stretch = (a: number, b: number): [Date, Date][] => (a < b ? [[new Date(a), new Date(b)]] : [])
  if (quarterStart >= quarterEnd) return { days: [], quarters: [], rest: stretch(start, end) }
  const rest = [...stretch(start, quarterStart), ...stretch(quarterEnd, end)]
  const [dayStart, dayEnd] = whole(DAY_MS)
  if (!byDays || dayStart >= dayEnd) return { days: [], quarters: stretch(quarterStart, quarterEnd), rest }
  const quarters = [...stretch(quarterStart, dayStart), ...stretch(dayEnd, quarterEnd)]
  return { days: stretch(dayStart, dayEnd), quarters, rest }
}

/**
 * Reads sums that are kept by quarter of an hour and by day, and looks at the items of what is left at both ends only.
 * Undefined where no sums are kept of what was asked for; all null where items would have to be looked at that are not
 * there any more.
 */
export async function readCounts(
  db: Queryable,
  request: ItemsRequest,
  span: Span,
  mayReadItems: (from: Date) => boolean,
): Promise<Reading | undefined> {
  const { selection, groupBy, metric } = request
  const sums = sumsOf(metric, selection)
  // A conversation is resolved by all of its agents, so those of two cannot be added up.
  const isShared = metric === 'resolvedConversations' && (selection.agents?.length ?? 0) > 1
  if (!sums || isShared || !isByQuarters(span) || !wordsOf(selection, groupBy, sql`r.word_id`)) return undefined
  // Conversations are kept when their messages are not.
  const needsMessages = METRICS[metric].proof === 'message'
  if (needsMessages && stretchesOf(span, isByDays(span)).rest.some(([from]) => !mayReadItems(from))) return UNREADABLE
  const isAverage = sums.ms !== undefined
  const value = ({ count, ms }: Kept) => (isAverage ? Number(ms) / Number(count) / 1_000 : Number(count))
  const reading: Reading = { total: null, buckets: new Map(), groups: new Map() }
  const [rows, groups] = await Promise.all([
    readKept(db, { ...request, groupBy: undefined }, sums, span),
    groupBy === undefined ? [] : readKept(db, request, sums, { ...span, buckets: [] }),
  ])
  const all = { count: 0, ms: 0 }
  for (const row of rows) {
    all.count += Number(row.count)
    all.ms += Number(row.ms)
    if (Number(row.count) > 0) reading.buckets.set(row.bucket, value(row))
  }
  for (const row of groups) if (Number(row.count) > 0) reading.groups.set(row.key!, value(row))
  reading.total = isAverage && all.count === 0 ? null : value(all)
  return reading
}

interface Kept {
  count: number
  ms: number
}

async function readKept(
  db: Queryable,
  request: ItemsRequest,
  { count, ms = sql`0` }: { count: Sql; ms?: Sql },
  span: Span,
): Promise<(Kept & { bucket: number; key: string | null })[]> {
  const { workspaceId, selection, groupBy } = request
  const words = wordsOf(selection, groupBy, sql`r.word_id`)!
  const { days, quarters, rest } = stretchesOf(span, isByDays(span))
  const kept = ([from, to]: [Date, Date], grain: 0 | 1) =>
    sql`SELECT r.at, (${count})::bigint AS count, (${ms})::bigint AS ms, ${words.key} AS key
        FROM metric_rollup r ${words.from}
        WHERE r.workspace_id = ${workspaceId}::uuid AND ${ofWords(words, sql`r.word_id`, workspaceId, groupBy)}
          AND r.grain = ${grain}::smallint AND r.at >= ${from}::timestamptz AND r.at < ${to}::timestamptz`
  const looked = ([from, to]: [Date, Date]) =>
    sql`SELECT i.at, 1::bigint AS count, coalesce(i.ms, 0) AS ms, i.key FROM (${itemsOf({ ...request, from, to })}) i`
  const pieces = [...days.map((one) => kept(one, 1)), ...quarters.map((one) => kept(one, 0)), ...rest.map(looked)]
  // Before the first moment of all there is no period.
  if (pieces.length === 0) return []
  return db.query(
    sql`SELECT ${bucketOf(sql`p.at`, span)} AS bucket, p.key, sum(p.count)::bigint AS count, sum(p.ms)::bigint AS ms
        FROM (${join(pieces, ' UNION ALL ')}) AS p GROUP BY 1, 2`,
  )
}
