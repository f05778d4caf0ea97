import type { Queryable } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { METRICS, type MetricName } from './definitions.ts'
import { factWords, ofPlaces } from './facts.ts'
import { type ItemsRequest, itemsOf, SILENCE_MS } from './items.ts'
import { readAggregate } from './read-aggregate.ts'
import { bucketOf, type Reading, type Span } from './span.ts'
import { ofWords } from './words.ts'

/** Which facts a time of conversations is read from, and which of their two times it is. */
export function timesOf(metric: MetricName): { kinds: 'R' | 'ES'; ms: Sql } | undefined {
  switch (metric) {
    case 'firstReplyTimeMedian':
    case 'firstReplyTimeAverage':
      return { kinds: 'R', ms: sql`ms` }
    case 'openFirstReplyTimeMedian':
    case 'openFirstReplyTimeAverage':
      return { kinds: 'R', ms: sql`open_ms` }
    case 'resolveTimeMedian':
    case 'resolveTimeAverage':
      return { kinds: 'ES', ms: sql`ms` }
    default:
      return undefined
  }
}

/**
 * Reads averages and medians of times of conversations, of which there is one row each by word. Undefined where the
 * items have to be looked at.
 */
export async function readValues(db: Queryable, request: ItemsRequest, span: Span): Promise<Reading | undefined> {
  const { metric, selection } = request
  const facts = timesOf(metric)
  // Of a reply there is one agent; those of a conversation are several, so two of them cannot be read together.
  const isShared = facts?.kinds === 'ES' && (selection.agents?.length ?? 0) > 1
  if (!facts || isShared || !factWords(request)) return undefined
  const value =
    METRICS[metric].aggregate === 'average'
      ? sql`sum(v.ms)::float8 / nullif(count(*), 0) / 1000`
      : sql`percentile_cont(0.5) WITHIN GROUP (ORDER BY v.ms) / 1000`
  return readAggregate(db, request, span, value, (of, within) => valuesOf(of, facts, bucketOf(sql`f.at`, within)))
}

function valuesOf(request: ItemsRequest, { kinds, ms }: { kinds: 'R' | 'ES'; ms: Sql }, bucket: Sql): Sql {
  const { workspaceId, from, to, groupBy } = request
  const words = factWords(request)!
  const select = (kind: string, before: Date) =>
    sql`SELECT ${ms} AS ms, ${bucket} AS bucket, ${words.key} AS key
        FROM metric_fact f ${words.from}
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.kind = ${kind}
          AND ${ofWords(words, sql`f.word_id`, workspaceId, groupBy)}
          AND f.at >= ${from}::timestamptz AND f.at < ${before}::timestamptz AND ${ofPlaces(request)}`
  if (kinds === 'R') return select('R', to)
  const silent = endOfSilence(request)
  const kept = sql`${select('E', to)} UNION ALL ${select('S', silent)}`
  if (!isByWord(request)) return sql`${kept} UNION ALL ${select('U', silent)}`
  // Of those that are not settled yet the conversation knows its agents and tags.
  return sql`${kept} UNION ALL
    SELECT f.ms, ${bucket} AS bucket, f.key FROM (${itemsOf({ ...request, onlyUnsettled: true })}) f`
}

/** Until when a conversation can have ended in silence within a period: exclusive. */
export function endOfSilence({ to, now }: ItemsRequest): Date {
  return new Date(Math.min(to.getTime(), now.getTime() - SILENCE_MS + 1))
}

/** Whether facts other than those of all are asked for. */
export function isByWord({ selection: { agents, tags }, groupBy }: ItemsRequest): boolean {
  return agents !== null || tags !== null || ['agent', 'tag', 'team'].includes(groupBy ?? '')
}
