import type { Queryable } from '../../db/database.ts'
import { join, type Sql, sql } from '../../db/sql.ts'
import { METRICS } from './definitions.ts'
import { factWords } from './facts.ts'
import { type ItemsRequest, itemsOf } from './items.ts'
import { readAggregate } from './read-aggregate.ts'
import { endOfSilence, isByWord, timesOf } from './read-values.ts'
import { bucketOf, isByDays, type Reading, type Span } from './span.ts'
import { DAY_MS, momentOf, startOfDay, summedEnd, wholeDays } from './summed-days.ts'
import { ofWords, wordsOf } from './words.ts'

/**
 * Reads averages of times of conversations from sums of whole days, and from facts what is left at both ends and what is
 * not summed up yet. Undefined where no sums are kept of what was asked for.
 */
export async function readAverages(db: Queryable, request: ItemsRequest, span: Span): Promise<Reading | undefined> {
  const { metric, selection, groupBy } = request
  const times = timesOf(metric)
  if (!times || METRICS[metric].aggregate !== 'average' || !isByDays(span)) return undefined
  const { channels, providers, agents } = selection
  const isByPlace =
    channels !== null || providers !== null || ['channel', 'provider', 'country'].includes(groupBy ?? '')
  // A conversation is of all of its agents, so those of two cannot be added up.
  const isShared = times.kinds === 'ES' && (agents?.length ?? 0) > 1
  if (isByPlace || isShared || !factWords(request)) return undefined
  const average = sql`sum(v.ms)::float8 / nullif(sum(v.count), 0) / 1000`
  return readAggregate(db, request, span, average, (of, within) => sumsOf(of, times, within))
}

/** Pieces with `bucket`, `key`, `count` and `ms` in all. */
function sumsOf(request: ItemsRequest, { kinds, ms }: { kinds: 'R' | 'ES'; ms: Sql }, span: Span): Sql {
  const { workspaceId, from, to, groupBy } = request
  const facts = factWords(request)!
  const summed = wordsOf(request.selection, groupBy, sql`s.word_id`)!
  const looked = (kind: string, begin: Sql, end: Sql) =>
    sql`SELECT ${bucketOf(sql`f.at`, span)} AS bucket, ${facts.key} AS key, 1::bigint AS count, ${ms} AS ms
        FROM metric_fact f ${facts.from}
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.kind = ${kind} AND ${ofWords(facts, sql`f.word_id`, workspaceId, groupBy)}
          AND f.at >= ${begin} AND f.at < ${end}`
  const instant = (at: Date) => sql`${at}::timestamptz`
  const kept = (kind: string, before: Date): Sql[] => {
    if (before <= from) return []
    const days = wholeDays({ from, to: before })
    if (days.first >= days.end) return [looked(kind, instant(from), instant(before))]
    const end = summedEnd(workspaceId, days)
    return [
      sql`SELECT ${bucketOf(momentOf(sql`s.day`), span)} AS bucket, ${summed.key} AS key, s.count::bigint, ${ms} AS ms
          FROM metric_day s ${summed.from}
          WHERE s.workspace_id = ${workspaceId}::uuid AND s.kind = ${kind} AND ${ofWords(summed, sql`s.word_id`, workspaceId, groupBy)}
            AND s.day >= ${days.first}::int AND s.day < ${end}`,
      ...(from.getTime() % DAY_MS === 0 ? [] : [looked(kind, instant(from), instant(startOfDay(days.first)))]),
      looked(kind, momentOf(end), instant(before)),
    ]
  }
  if (kinds === 'R') return join(kept('R', to), ' UNION ALL ')
  const silent = endOfSilence(request)
  const unsettled = isByWord(request)
    ? sql`SELECT ${bucketOf(sql`u.at`, span)} AS bucket, u.key, 1::bigint AS count, u.ms
          FROM (${itemsOf({ ...request, onlyUnsettled: true })}) u`
    : looked('U', instant(from), instant(silent))
  return join([...kept('E', to), ...kept('S', silent), unsettled], ' UNION ALL ')
}
