import type { Queryable } from '../../db/database.ts'
import { empty, join, type Sql, sql } from '../../db/sql.ts'
import type { MetricName } from './definitions.ts'
import { factWords, ofPlaces } from './facts.ts'
import { type ItemsRequest, itemsOf } from './items.ts'
import { countCountriesSummed, countSummed, isMonthStart, isOfAll } from './read-presence-sums.ts'
import { bucketOf, isByDays, type Reading, type Span, UNREADABLE } from './span.ts'
import { ofWords } from './words.ts'

const DAY_MS = 86_400_000

/** The facts of presence that different ones of a metric are counted by. */
function presenceOf({ metric, selection, groupBy }: ItemsRequest): 'C' | 'V' | 'T' | undefined {
  switch (metric as MetricName) {
    case 'activeContacts':
      // Which provider reached a customer changes from message to message.
      return selection.providers !== null || groupBy === 'provider' ? undefined : 'C'
    case 'messagesPerConversation':
      return selection.direction === null ? 'V' : undefined
    case 'taggedConversations':
      return 'T'
    default:
      return undefined
  }
}

/**
 * Counts different contacts or conversations from one row per day on which each was there, with when it was there
 * before: it is new to a period when that was before the period. Only of a first day that is not whole the items are
 * looked at. Undefined where no such rows are kept of what was asked for; all null where items would have to be looked at
 * that are not there any more.
 */
export async function readDistincts(
  db: Queryable,
  request: ItemsRequest,
  span: Span,
  mayReadItems: (from: Date) => boolean,
): Promise<Reading | undefined> {
  const kind = presenceOf(request)
  const { agents } = request.selection
  // Of two agents the same contact would be counted twice.
  if (!kind || (agents !== null && agents.length > 1) || !isByDays(span)) return undefined
  // Of tags, only those of the user's are kept.
  if (kind === 'T' && request.groupBy === 'team') return undefined
  const isByTag = kind === 'T' && request.groupBy === 'tag'
  const asked = kind === 'T' ? withoutTags(request) : request
  // Tags are told apart by the facts themselves, so besides the words.
  if (!factWords(isByTag ? { ...asked, groupBy: undefined } : asked)) return undefined
  const wholeDays = new Date(Math.ceil(span.from.getTime() / DAY_MS) * DAY_MS)
  if (wholeDays.getTime() >= span.to.getTime()) return undefined
  const isCut = wholeDays.getTime() > span.from.getTime()
  if (isCut && !mayReadItems(span.from)) return UNREADABLE
  const cut = isCut ? { ...asked, from: span.from, to: wholeDays } : undefined
  const ungrouped = { ...asked, groupBy: undefined }
  const isSummed = span.buckets.length === 0 && isOfAll(asked)
  const areGroupsSummed = isSummed && request.groupBy === 'country' && isMonthStart(span.from)
  const [rows, first, groups, firstGroups] = await Promise.all([
    isSummed
      ? countSummed(db, ungrouped, kind)
      : readPresence(db, ungrouped, kind, { ...span, from: wholeDays }, span.from),
    cut && !isSummed ? countEntities(db, { ...cut, groupBy: undefined }) : [],
    request.groupBy === undefined
      ? []
      : areGroupsSummed
        ? countCountriesSummed(db, asked)
        : readPresence(db, asked, kind, { from: wholeDays, to: span.to, buckets: [] }, span.from),
    cut && request.groupBy !== undefined ? countEntities(db, cut) : [],
  ])
  const reading: Reading = { total: 0, buckets: new Map(), groups: new Map() }
  const add = <Key>(map: Map<Key, number>, key: Key, count: number) => {
    if (count > 0) map.set(key, (map.get(key) ?? 0) + count)
  }
  for (const { bucket, own, all } of rows) {
    add(reading.buckets, bucket, Number(own))
    reading.total! += Number(all)
  }
  for (const { count } of first) {
    if (span.buckets.length > 0) add(reading.buckets, 1, Number(count))
    reading.total! += Number(count)
  }
  for (const { key, all } of groups) add(reading.groups, key!, Number(all))
  for (const { key, count } of firstGroups) add(reading.groups, key!, Number(count))
  return reading
}

/** Tags say what is counted here, not of whom. */
function withoutTags(request: ItemsRequest): ItemsRequest {
  return { ...request, selection: { ...request.selection, tags: null } }
}

/** How many were there for the first time in their bucket (`own`) and in the period (`all`), which began at `from`. */
async function readPresence(
  db: Queryable,
  request: ItemsRequest,
  kind: 'C' | 'V' | 'T',
  span: Span,
  from: Date,
): Promise<{ bucket: number; key: string | null; own: number; all: number }[]> {
  const { workspaceId, groupBy } = request
  const byTag = kind === 'T' && groupBy === 'tag'
  const words = factWords(byTag ? { ...request, groupBy: undefined } : request)!
  const group = groupOf(byTag ? 'tagItself' : groupBy)
  const isNew = sql`(f.prev_at IS NULL OR f.prev_at < ${from}::timestamptz)`
  const conditions = [
    sql`f.workspace_id = ${workspaceId}::uuid AND f.kind = ${kind}`,
    ofWords(words, sql`f.word_id`, workspaceId, byTag ? undefined : groupBy),
    sql`f.at >= ${span.from}::timestamptz AND f.at < ${span.to}::timestamptz`,
    ...(kind === 'T' ? [byTag ? sql`f.tag_id > 0` : sql`f.tag_id = 0`] : []),
    ...(groupBy === 'country' ? [sql`f.country IS NOT NULL`] : []),
    ofPlaces(request),
  ]
  if (span.buckets.length === 0) {
    // Numbers are grouped, and names looked up once for each.
    return db.query(
      sql`SELECT 0 AS bucket, ${group.key} AS key, 0 AS own, n.count AS all
          FROM (SELECT ${group.id} AS id, count(*)::int AS count FROM metric_fact f
                WHERE ${join([...conditions, isNew], ' AND ')} ${group.by}) n ${group.names}`,
    )
  }
  const starts = span.buckets.map(({ start }) => new Date(Math.max(start.getTime(), from.getTime())).toISOString())
  // On one day everybody is there for the first time once.
  const isDaily = span.buckets.every(({ start, end }) => end.getTime() - start.getTime() === DAY_MS)
  const own = isDaily
    ? sql`count(*)`
    : sql`count(*) FILTER (WHERE v.prev_at IS NULL OR v.prev_at < (${starts}::timestamptz[])[v.bucket])`
  return db.query(
    sql`SELECT v.bucket, NULL AS key, ${own}::int AS own, count(*) FILTER (WHERE v.is_new)::int AS all
        FROM (SELECT f.prev_at, ${isNew} AS is_new, ${bucketOf(sql`f.at`, span)} AS bucket FROM metric_fact f
              WHERE ${join(conditions, ' AND ')}) v
        GROUP BY v.bucket`,
  )
}

/** What facts are grouped by, and how the group is called. */
function groupOf(groupBy: ItemsRequest['groupBy'] | 'tagItself'): { id: Sql; by: Sql; key: Sql; names: Sql } {
  const grouped = (id: Sql, key: Sql, names: Sql) => ({ id, by: sql`GROUP BY ${id}`, key, names })
  const word = sql`JOIN message_word g ON g.id = n.id`
  switch (groupBy) {
    case undefined:
      return { id: sql`0`, by: empty, key: sql`NULL::text`, names: empty }
    case 'agent':
      return grouped(sql`f.word_id`, sql`g.value`, sql`${word} AND g.kind = 'agent'`)
    case 'tag':
    case 'team': {
      const prefix = groupBy === 'tag' ? 'user:' : 'team:'
      const key = sql`substr(g.value, ${prefix.length + 1}::int)`
      return grouped(sql`f.word_id`, key, sql`${word} AND g.kind = 'tag' AND starts_with(g.value, ${prefix})`)
    }
    case 'tagItself':
      return grouped(sql`f.tag_id`, sql`substr(g.value, ${'user:'.length + 1}::int)`, word)
    case 'provider':
      return grouped(sql`f.provider_id`, sql`g.value`, word)
    case 'channel':
      return grouped(sql`f.channel_id`, sql`g.channel`, sql`JOIN message_channel g ON g.id = n.id`)
    case 'country':
      return grouped(sql`f.country`, sql`n.id`, empty)
  }
}

function countEntities(db: Queryable, request: ItemsRequest): Promise<{ key: string | null; count: number }[]> {
  if (request.groupBy === 'country') {
    // Each contact is looked up once, not each of its messages.
    const contacts = itemsOf({ ...request, groupBy: undefined })
    return db.query(
      sql`SELECT t.country AS key, count(*)::int AS count FROM (SELECT DISTINCT i.entity FROM (${contacts}) i) c
          CROSS JOIN LATERAL (SELECT country FROM message_thread WHERE id = c.entity OFFSET 0) t
          WHERE t.country IS NOT NULL GROUP BY t.country`,
    )
  }
  return db.query(sql`SELECT i.key, count(DISTINCT i.entity)::int AS count FROM (${itemsOf(request)}) i GROUP BY i.key`)
}
