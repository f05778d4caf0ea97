import { empty, join, type Sql, sql } from '../../db/sql.ts'
import type { MetricName } from './definitions.ts'
import type { Grouping } from './request.ts'
import type { Selection } from './selection.ts'

/**
 * What values are computed from and what proofs list, as one statement: rows of `kind`, `id` (of the message or
 * conversation), `at`, `ms` (null where each counts as one), `entity` (where different ones are counted), `seq`, and
 * the group `key` where one is asked for. Both come from here, so that they cannot disagree.
 */
export interface ItemsRequest {
  metric: MetricName
  workspaceId: string
  from: Date
  to: Date
  selection: Selection
  groupBy?: Grouping | undefined
  /** For what silence is. */
  now: Date
  /** Of resolve times only those of conversations whose end in silence is not kept by word yet. */
  onlyUnsettled?: boolean | undefined
}

/** How long nothing must have come for a conversation to be taken for over. */
export const SILENCE_MS = 24 * 3_600_000

export function itemsOf(request: ItemsRequest): Sql {
  switch (request.metric) {
    case 'messages':
    case 'paidTemplates':
    case 'responseTimeAverage':
    case 'activeContacts':
    case 'messagesPerConversation':
    case 'uniqueConversations':
      return messageItems(request)
    case 'taggedConversations':
      return taggedItems(request)
    case 'firstReplyTimeMedian':
    case 'firstReplyTimeAverage':
    case 'openFirstReplyTimeMedian':
    case 'openFirstReplyTimeAverage':
    case 'resolvedConversations':
    case 'resolveTimeMedian':
    case 'resolveTimeAverage':
      return conversationItems(request)
  }
}

type MessageMetric = Extract<
  MetricName,
  | 'messages'
  | 'paidTemplates'
  | 'responseTimeAverage'
  | 'activeContacts'
  | 'messagesPerConversation'
  | 'uniqueConversations'
>

function messageItems(request: ItemsRequest): Sql {
  const metric = request.metric as MessageMetric
  const { workspaceId, from, to, selection, groupBy } = request
  const { direction, initiatedBy, providers, channels, agents, tags, customers, conversations } = selection
  const hasDirection = metric === 'messages' || metric === 'responseTimeAverage' || metric === 'messagesPerConversation'
  const isSession = metric === 'uniqueConversations'
  const isConversed = metric === 'messagesPerConversation'
  const isReply = metric === 'responseTimeAverage'
  const agent = isReply ? sql`m.reply_agent_id` : sql`m.agent_id`
  /** Tags of the conversation count for sessions and for what is counted of conversations. */
  const withConversation = (isSession || isConversed) && (tags !== null || groupBy === 'tag' || groupBy === 'team')
  const itsTags = isConversed
    ? sql`c.tag_ids`
    : isSession
      ? sql`(m.tag_ids || coalesce(c.tag_ids, '{}'))`
      : sql`m.tag_ids`
  const conditions = [
    sql`m.workspace_id = ${workspaceId}::uuid AND m.time >= ${from}::timestamptz AND m.time < ${to}::timestamptz`,
    ...(metric === 'paidTemplates' ? [sql`m.sent AND m.paid`] : []),
    ...(metric === 'activeContacts' ? [sql`NOT m.sent`] : []),
    ...(isReply ? [sql`m.reply_ms IS NOT NULL`] : []),
    ...(isConversed ? [sql`m.conversation_id IS NOT NULL`] : []),
    ...(isSession ? [sql`m.session IS NOT NULL`] : []),
    ...(isSession && initiatedBy ? [sql`m.session = ${initiatedBy === 'user' ? 'U' : 'B'}`] : []),
    ...(hasDirection && direction ? [direction === 'out' ? sql`m.sent` : sql`NOT m.sent`] : []),
    ...(agents ? [sql`${agent} = ANY(${agents}::int[])`] : []),
    ...(providers ? [sql`m.provider_id = ANY(${providers}::int[])`] : []),
    ...(channels ? [sql`m.channel_id = ANY(${channels}::int[])`] : []),
    ...(tags ? [sql`${itsTags} && ${tags}::int[]`] : []),
    ...(customers
      ? [sql`(m.thread_id = ANY(${customers.threads}::uuid[]) OR m.channel_id = ANY(${customers.channels}::int[]))`]
      : []),
    ...(conversations ? [sql`m.conversation_id = ANY(${conversations}::uuid[])`] : []),
  ]
  const entity = metric === 'activeContacts' ? sql`m.thread_id` : isConversed ? sql`m.conversation_id` : sql`m.id`
  const group = groupOf(groupBy, {
    ...{ agent: sql`${agent}`, provider: sql`m.provider_id`, channel: sql`m.channel_id`, tags: itsTags },
    thread: sql`m.thread_id`,
  })
  return sql`SELECT 'message' AS kind, m.id, m.time AS at, m.seq, ${isReply ? sql`m.reply_ms` : sql`NULL::bigint`} AS ms,
      ${entity} AS entity, ${group.key} AS key
    FROM message m ${withConversation ? sql`LEFT JOIN conversation c ON c.id = m.conversation_id` : empty} ${group.from}
    WHERE ${join(conditions, ' AND ')}`
}

/** Of the conversations that one fact each tells of. */
function conversationItems(request: ItemsRequest): Sql {
  const { metric, workspaceId, from, to, selection, groupBy, now, onlyUnsettled = false } = request
  const { providers, channels, agents, tags, customers, conversations } = selection
  const isReply = metric.startsWith('firstReply') || metric.startsWith('openFirstReply')
  const silence = new Date(now.getTime() - SILENCE_MS)
  const kinds = isReply
    ? sql`f.kind = 'R'`
    : metric === 'resolvedConversations'
      ? sql`f.kind = 'E'`
      : onlyUnsettled
        ? sql`f.kind = 'U' AND f.at <= ${silence}::timestamptz`
        : sql`(f.kind = 'E' OR f.kind IN ('S', 'U') AND f.at <= ${silence}::timestamptz)`
  const itsAgents = isReply
    ? sql`ARRAY[c.first_reply_agent_id]`
    : sql`(c.agent_ids || CASE WHEN c.resolved_by_id IS NULL THEN '{}' ELSE ARRAY[c.resolved_by_id] END)`
  const conditions = [
    sql`f.workspace_id = ${workspaceId}::uuid AND f.word_id = 0 AND f.at >= ${from}::timestamptz AND f.at < ${to}::timestamptz AND ${kinds}`,
    ...(agents ? [sql`${itsAgents} && ${agents}::int[]`] : []),
    ...(providers ? [sql`f.provider_id = ANY(${providers}::int[])`] : []),
    ...(channels ? [sql`f.channel_id = ANY(${channels}::int[])`] : []),
    ...(tags ? [sql`c.tag_ids && ${tags}::int[]`] : []),
    ...(conversations ? [sql`c.id = ANY(${conversations}::uuid[])`] : []),
    ...(customers
      ? [
          sql`(f.channel_id = ANY(${customers.channels}::int[]) OR c.id = ANY(${customers.conversations}::uuid[]) OR EXISTS (
            SELECT FROM message m WHERE m.conversation_id = c.id AND m.thread_id = ANY(${customers.threads}::uuid[])))`,
        ]
      : []),
  ]
  const group = groupOf(groupBy, {
    ...{ agents: itsAgents, provider: sql`f.provider_id`, channel: sql`f.channel_id`, tags: sql`c.tag_ids` },
  })
  const ms =
    metric === 'resolvedConversations'
      ? sql`NULL::bigint`
      : metric.startsWith('openFirstReply')
        ? sql`f.open_ms`
        : sql`f.ms`
  return sql`SELECT 'conversation' AS kind, c.id, f.at, 0::bigint AS seq, ${ms} AS ms, c.id AS entity, ${group.key} AS key
    FROM metric_fact f JOIN conversation c ON c.id = f.entity_id ${group.from}
    WHERE ${join(conditions, ' AND ')}`
}

/** Messages and resolutions with a tag of the user's. */
function taggedItems({ workspaceId, from, to, selection, groupBy }: ItemsRequest): Sql {
  const { providers, channels, agents, customers, conversations } = selection
  const source = sql`
    SELECT 'message' AS kind, m.id, m.time AS at, m.seq, m.conversation_id, m.agent_id, m.provider_id, m.channel_id,
      m.thread_id, m.tag_ids
    FROM message m
    WHERE m.workspace_id = ${workspaceId}::uuid AND m.time >= ${from}::timestamptz AND m.time < ${to}::timestamptz
      AND m.conversation_id IS NOT NULL AND m.tag_ids <> '{}'
    UNION ALL
    SELECT 'conversation', c.id, c.resolved_at, 0, c.id, c.resolved_by_id, c.provider_id, c.channel_id, NULL,
      c.resolve_tag_ids
    FROM metric_fact f JOIN conversation c ON c.id = f.entity_id
    WHERE f.workspace_id = ${workspaceId}::uuid AND f.kind = 'E' AND f.word_id = 0
      AND f.at >= ${from}::timestamptz AND f.at < ${to}::timestamptz AND c.resolve_tag_ids <> '{}'`
  const conditions = [
    sql`EXISTS (SELECT FROM message_word u WHERE u.id = ANY(x.tag_ids) AND u.kind = 'tag' AND starts_with(u.value, 'user:'))`,
    ...(agents ? [sql`x.agent_id = ANY(${agents}::int[])`] : []),
    ...(providers ? [sql`x.provider_id = ANY(${providers}::int[])`] : []),
    ...(channels ? [sql`x.channel_id = ANY(${channels}::int[])`] : []),
    ...(conversations ? [sql`x.conversation_id = ANY(${conversations}::uuid[])`] : []),
    ...(customers
      ? [
          sql`(x.channel_id = ANY(${customers.channels}::int[]) OR x.thread_id = ANY(${customers.threads}::uuid[])
            OR x.thread_id IS NULL AND (x.conversation_id = ANY(${customers.conversations}::uuid[])
              OR EXISTS (SELECT FROM message m
                WHERE m.conversation_id = x.conversation_id AND m.thread_id = ANY(${customers.threads}::uuid[]))))`,
        ]
      : []),
  ]
  const group = groupOf(groupBy, {
    ...{ agent: sql`x.agent_id`, provider: sql`x.provider_id`, channel: sql`x.channel_id`, tags: sql`x.tag_ids` },
  })
  return sql`SELECT x.kind, x.id, x.at, x.seq, NULL::bigint AS ms, x.conversation_id AS entity, ${group.key} AS key
    FROM (${source}) x ${group.from}
    WHERE ${join(conditions, ' AND ')}`
}

interface GroupColumns {
  agent?: Sql
  agents?: Sql
  provider: Sql
  channel: Sql
  tags: Sql
  thread?: Sql
}

/** The key of a group, and what is joined for it; an item with several tags is there once for each. */
function groupOf(groupBy: Grouping | undefined, columns: GroupColumns): { key: Sql; from: Sql } {
  switch (groupBy) {
    case undefined:
      return { key: sql`NULL::text`, from: empty }
    case 'agent':
      return {
        key: sql`g.value`,
        from: columns.agents
          ? sql`JOIN message_word g ON g.id = ANY(${columns.agents})`
          : sql`JOIN message_word g ON g.id = ${columns.agent ?? sql`NULL`}`,
      }
    case 'provider':
      return { key: sql`g.value`, from: sql`JOIN message_word g ON g.id = ${columns.provider}` }
    case 'channel':
      return { key: sql`g.channel`, from: sql`JOIN message_channel g ON g.id = ${columns.channel}` }
    case 'tag':
    case 'team': {
      const prefix = groupBy === 'tag' ? 'user:' : 'team:'
      return {
        key: sql`substr(g.value, ${prefix.length + 1}::int)`,
        from: sql`JOIN message_word g ON g.id = ANY(${columns.tags}) AND g.kind = 'tag' AND starts_with(g.value, ${prefix})`,
      }
    }
    case 'country':
      return columns.thread
        ? {
            key: sql`g.country`,
            from: sql`JOIN message_thread g ON g.id = ${columns.thread} AND g.country IS NOT NULL`,
          }
        : { key: sql`NULL::text`, from: sql`JOIN (SELECT WHERE false) g ON true` }
  }
}
