import type { Queryable, Tx } from '../../db/database.ts'
import { json, type Sql, sql } from '../../db/sql.ts'
import { type CountRow, type QuarterCount, SUMS } from './counts.ts'
import type { Fact } from './fact.ts'
import { takeFromPresence } from './fact-sums-store.ts'
import type { Conversation, ConversationState } from './fold-conversation.ts'
import type { Thread, ThreadState } from './fold-thread.ts'
import type { Item, StoredHours } from './item.ts'

/** Where to begin counting anew when what was before was reduced. */
export interface Checkpoint<State> {
  /** Milliseconds; everything before it is in `state` and cannot change. */
  before: number
  state: State
}

export interface StoredThread extends Thread {
  checkpoint: Checkpoint<ThreadState> | null
}

export interface StoredConversation extends Conversation {
  checkpoint: Checkpoint<Conversation> | null
}

export interface ThreadKey {
  channelId: number
  customer: string
}

export interface ConversationKey {
  providerId: number
  channelId: number
  key: string
}

export async function findThreads(
  tx: Tx,
  workspaceId: string,
  keys: readonly ThreadKey[],
): Promise<(StoredThread & { customer: string })[]> {
  const rows = await tx.query<ThreadRow & { customer_identifier: string }>(
    sql`SELECT t.id, t.channel_id, t.customer_identifier, t.country, t.state, t.checkpoint
        FROM unnest(${keys.map((key) => key.channelId)}::int[], ${keys.map((key) => key.customer)}::text[]) AS k(channel_id, customer)
        CROSS JOIN LATERAL (
          SELECT * FROM message_thread
          WHERE workspace_id = ${workspaceId}::uuid AND channel_id = k.channel_id AND customer_identifier = k.customer OFFSET 0
        ) t`,
  )
  return rows.map((row) => ({ ...toThread(row), customer: row.customer_identifier }))
}

interface ThreadRow {
  id: string
  channel_id: number
  country: string | null
  state: ThreadState
  checkpoint: Checkpoint<ThreadState> | null
}

function toThread({ id, channel_id: channelId, country, state, checkpoint }: ThreadRow): StoredThread {
  return { id, channelId, country, state, checkpoint }
}

interface ConversationRow {
  id: string
  provider_id: number
  channel_id: number
  key: string
  received: number
  sent: number
  first_message_at: Date
  last_message_at: Date
  first_received_at: Date | null
  first_reply_at: Date | null
  first_reply_agent_id: number | null
  first_reply_ms: number | null
  first_reply_open_ms: number | null
  calendar_version: number | null
  resolved_at: Date | null
  resolved_by_id: number | null
  resolve_tag_ids: number[]
  agent_ids: number[]
  tag_ids: number[]
  settled: boolean
  state: ConversationState & { checkpoint?: Checkpoint<Conversation> }
}

/** All but what only tags that come late need, which may be much. */
const CONVERSATION_COLUMNS = sql`c.id, c.provider_id, c.channel_id, c.key, c.received, c.sent, c.first_message_at,
  c.last_message_at, c.first_received_at, c.first_reply_at, c.first_reply_agent_id, c.first_reply_ms, c.first_reply_open_ms,
  c.calendar_version, c.resolved_at, c.resolved_by_id, c.resolve_tag_ids, c.agent_ids, c.tag_ids, c.settled, c.state`

export async function findConversationsByKey(
  tx: Tx,
  workspaceId: string,
  keys: readonly ConversationKey[],
): Promise<(StoredConversation & { key: string })[]> {
  const rows = await tx.query<ConversationRow>(
    sql`SELECT ${CONVERSATION_COLUMNS}
        FROM unnest(${keys.map((each) => each.providerId)}::int[], ${keys.map((each) => each.channelId)}::int[],
                    ${keys.map((each) => each.key)}::text[]) AS k(provider_id, channel_id, key)
        CROSS JOIN LATERAL (
          SELECT * FROM conversation
          WHERE workspace_id = ${workspaceId}::uuid AND provider_id = k.provider_id AND channel_id = k.channel_id
            AND key = k.key OFFSET 0
        ) c`,
  )
  return rows.map((row) => ({ ...toConversation(row), key: row.key }))
}

function toConversation(row: ConversationRow): StoredConversation {
  const { checkpoint = null, ...state } = row.state
  return {
    ...{ id: row.id, channelId: row.channel_id, providerId: row.provider_id, received: row.received, sent: row.sent },
    firstAt: row.first_message_at.getTime(),
    lastAt: row.last_message_at.getTime(),
    firstReceivedAt: row.first_received_at?.getTime() ?? null,
    firstReply: row.first_reply_at && {
      at: row.first_reply_at.getTime(),
      agentId: row.first_reply_agent_id ?? 0,
      ms: Number(row.first_reply_ms),
      openMs: Number(row.first_reply_open_ms),
      calendarVersion: row.calendar_version,
    },
    resolution: row.resolved_at && {
      ...{ at: row.resolved_at.getTime(), agentId: row.resolved_by_id ?? 0, tagIds: row.resolve_tag_ids },
    },
    ...{ agentIds: row.agent_ids, tagIds: row.tag_ids, settled: row.settled, state, checkpoint },
  }
}

interface ItemRow {
  id: string
  seq: number
  time: Date
  sent: boolean
  channel_id: number
  provider_id: number
  agent_id: number | null
  thread_id: string
  conversation_id: string | null
  tag_ids: number[]
  automatic: boolean
  paid: boolean
  hours: StoredHours | null
  reply_ms: number | null
  reply_agent_id: number | null
  session: 'U' | 'B' | null
}

const ITEM_COLUMNS = sql`m.id, m.seq, m.time, m.sent, m.channel_id, m.provider_id, m.agent_id, m.thread_id,
  m.conversation_id, m.tag_ids, m.automatic, m.paid, m.hours, m.reply_ms, m.reply_agent_id, m.session`

/**
 * All messages of these threads and conversations, each from a moment on, and before `until` (milliseconds). Here and in what follows rows are
 * looked up one by one, by what they belong to alone: where no statistics were gathered yet (just after an import, or ever
 * on the embedded database), the planner would rather read all that the workspace has.
 */
export async function findItems(
  tx: Tx,
  workspaceId: string,
  of: { threads: ReadonlyMap<string, number>; conversations: ReadonlyMap<string, number> },
  until?: number,
): Promise<Item[]> {
  const end = until === undefined ? sql`` : sql`AND time < ${at(until)}::timestamptz`
  const from = (since: ReadonlyMap<string, number>) => [...since.values()].map((ms) => new Date(ms).toISOString())
  const rows = await tx.query<ItemRow>(
    sql`SELECT ${ITEM_COLUMNS}
        FROM unnest(${[...of.threads.keys()]}::uuid[], ${from(of.threads)}::timestamptz[]) AS k(id, since)
        CROSS JOIN LATERAL (SELECT * FROM message WHERE thread_id = k.id AND time >= k.since ${end} OFFSET 0) m
        WHERE m.workspace_id = ${workspaceId}::uuid
        UNION ALL
        SELECT ${ITEM_COLUMNS}
        FROM unnest(${[...of.conversations.keys()]}::uuid[], ${from(of.conversations)}::timestamptz[]) AS k(id, since)
        CROSS JOIN LATERAL (SELECT * FROM message WHERE conversation_id = k.id AND time >= k.since ${end} OFFSET 0) m
        WHERE m.workspace_id = ${workspaceId}::uuid`,
  )
  // A message of both a thread and a conversation is one item.
  return [...new Map(rows.map((row) => [row.id, row])).values()].map(toItem)
}

/** What reduced messages of conversations count for their tags, by conversation. */
export async function findReducedQuarters(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<Map<string, readonly QuarterCount[]>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.query<{ id: string; quarters: QuarterCount[] }>(
    sql`SELECT id, reduced_quarters AS quarters FROM conversation
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[]) AND reduced_quarters IS NOT NULL`,
  )
  return new Map(rows.map(({ id, quarters }) => [id, quarters]))
}

/** By id. */
export async function findConversationsById(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<StoredConversation[]> {
  if (ids.length === 0) return []
  const rows = await tx.query<ConversationRow>(
    sql`SELECT ${CONVERSATION_COLUMNS} FROM conversation c WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
  return rows.map(toConversation)
}

/** By id. */
export async function findThreadsById(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<StoredThread[]> {
  if (ids.length === 0) return []
  const rows = await tx.query<ThreadRow>(
    sql`SELECT id, channel_id, country, state, checkpoint FROM message_thread
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
  return rows.map(toThread)
}

/** A page of a workspace's conversations or threads, for whoever counts everything anew. */
export async function pageOfConversations(
  tx: Tx,
  workspaceId: string,
  after: string,
  limit: number,
): Promise<(StoredConversation & { key: string })[]> {
  const rows = await tx.query<ConversationRow>(
    sql`SELECT ${CONVERSATION_COLUMNS} FROM conversation c WHERE workspace_id = ${workspaceId}::uuid AND id > ${after}::uuid
        ORDER BY id LIMIT ${limit}::int`,
  )
  return rows.map((row) => ({ ...toConversation(row), key: row.key }))
}

/** The same of threads. */
export async function pageOfThreads(
  tx: Tx,
  workspaceId: string,
  after: string,
  limit: number,
): Promise<(StoredThread & { customer: string })[]> {
  const rows = await tx.query<ThreadRow & { customer_identifier: string }>(
    sql`SELECT id, channel_id, customer_identifier, country, state, checkpoint FROM message_thread
        WHERE workspace_id = ${workspaceId}::uuid AND id > ${after}::uuid ORDER BY id LIMIT ${limit}::int`,
  )
  return rows.map((row) => ({ ...toThread(row), customer: row.customer_identifier }))
}

interface FactRow {
  kind: Fact['kind']
  entity_id: string
  word_id: number
  tag_id: number
  day: number
  at: Date
  prev_at: Date | null
  ms: number | null
  open_ms: number | null
  channel_id: number
  provider_id: number
  country: string | null
}

/** The facts of threads and conversations; those of presence from a moment on (milliseconds). */
export async function findFacts(tx: Tx, workspaceId: string, since: ReadonlyMap<string, number>): Promise<Fact[]> {
  const from = [...since.values()].map((ms) => new Date(ms).toISOString())
  const rows = await tx.query<FactRow>(
    sql`SELECT f.* FROM unnest(${[...since.keys()]}::uuid[], ${from}::timestamptz[]) AS n(entity_id, since)
        CROSS JOIN LATERAL (SELECT * FROM metric_fact WHERE entity_id = n.entity_id OFFSET 0) f
        WHERE f.workspace_id = ${workspaceId}::uuid AND (f.kind IN ('R', 'E', 'S', 'U') OR f.at >= n.since)`,
  )
  const number = (value: number | null) => (value === null ? null : Number(value))
  return rows.map((row) => ({
    ...{ kind: row.kind, entityId: row.entity_id, wordId: row.word_id, tagId: row.tag_id, day: row.day },
    ...{
      at: row.at.getTime(),
      prevAt: row.prev_at?.getTime() ?? null,
      ms: number(row.ms),
      openMs: number(row.open_ms),
    },
    ...{ channelId: row.channel_id, providerId: row.provider_id, country: row.country },
  }))
}

/** Threads and conversations that are not there, but that there are facts of; a page, by id. */
export async function pageOfOrphanedFacts(
  tx: Queryable,
  workspaceId: string,
  after: string,
  limit: number,
): Promise<string[]> {
  // Those of contacts are of threads, the others of conversations.
  const rows = await tx.query<{ id: string }>(
    sql`SELECT DISTINCT f.entity_id AS id FROM metric_fact f
        LEFT JOIN message_thread t ON t.workspace_id = f.workspace_id AND t.id = f.entity_id AND f.kind = 'C'
        LEFT JOIN conversation c ON c.workspace_id = f.workspace_id AND c.id = f.entity_id AND f.kind <> 'C'
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.entity_id > ${after}::uuid AND t.id IS NULL AND c.id IS NULL
        ORDER BY 1 LIMIT ${limit}::int`,
  )
  return rows.map(({ id }) => id)
}

/** Messages whose thread or conversation is not there: so many of them, and how many more there are. */
export async function findOrphans(
  db: Queryable,
  workspaceId: string,
  limit: number,
): Promise<{ messages: { id: string; lacks: string }[]; more: number }> {
  const messages = await db.query<{ id: string; lacks: string; total: number }>(
    sql`SELECT id, lacks, count(*) OVER ()::int AS total FROM (
          SELECT m.id, 'thread ' || m.thread_id AS lacks FROM message m
          LEFT JOIN message_thread t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id
          WHERE m.workspace_id = ${workspaceId}::uuid AND t.id IS NULL
          UNION ALL
          SELECT m.id, 'conversation ' || m.conversation_id FROM message m
          LEFT JOIN conversation c ON c.workspace_id = m.workspace_id AND c.id = m.conversation_id
          WHERE m.workspace_id = ${workspaceId}::uuid AND m.conversation_id IS NOT NULL AND c.id IS NULL
        ) o ORDER BY id, lacks LIMIT ${limit}::int`,
  )
  return { messages, more: (messages[0]?.total ?? 0) - messages.length }
}

/** All messages of a stretch of time (milliseconds, half open). */
export async function findItemsBetween(tx: Tx, workspaceId: string, from: number, to: number): Promise<Item[]> {
  const rows = await tx.query<ItemRow>(
    sql`SELECT ${ITEM_COLUMNS} FROM message m
        WHERE m.workspace_id = ${workspaceId}::uuid AND m.time >= ${at(from)}::timestamptz AND m.time < ${at(to)}::timestamptz`,
  )
  return rows.map(toItem)
}

/** Conversations that were resolved in a stretch of time (milliseconds, half open). */
export async function findResolvedBetween(
  tx: Tx,
  workspaceId: string,
  from: number,
  to: number,
): Promise<StoredConversation[]> {
  const rows = await tx.query<ConversationRow>(
    sql`SELECT ${CONVERSATION_COLUMNS} FROM conversation c WHERE workspace_id = ${workspaceId}::uuid
          AND resolved_at >= ${at(from)}::timestamptz AND resolved_at < ${at(to)}::timestamptz`,
  )
  return rows.map(toConversation)
}

/** The sums of a stretch of time (milliseconds, half open). */
export async function findCounts(tx: Tx, workspaceId: string, from: number, to: number): Promise<CountRow[]> {
  const rows = await tx.query<{ word_id: number; grain: 0 | 1; at: Date } & Record<(typeof SUMS)[number], number>>(
    sql`SELECT * FROM metric_rollup ${sumsBetween(workspaceId, from, to)}`,
  )
  return rows.map((row) => ({
    ...{ wordId: row.word_id, grain: row.grain, at: row.at.getTime() },
    sums: Float64Array.from(SUMS, (name) => Number(row[name])),
  }))
}

/** Removes the sums of a stretch of time (milliseconds, half open). */
export function deleteCounts(workspaceId: string, from: number, to: number): Sql {
  return sql`DELETE FROM metric_rollup ${sumsBetween(workspaceId, from, to)}`
}

/** By all words there are, since sums are found by word first. */
function sumsBetween(workspaceId: string, from: number, to: number): Sql {
  return sql`WHERE workspace_id = ${workspaceId}::uuid AND grain IN (0, 1)
    AND word_id = ANY(ARRAY(SELECT 0 UNION ALL SELECT id FROM message_word WHERE workspace_id = ${workspaceId}::uuid
                            UNION ALL SELECT id FROM message_channel WHERE workspace_id = ${workspaceId}::uuid))
    AND at >= ${at(from)}::timestamptz AND at < ${at(to)}::timestamptz`
}

/** The days (milliseconds, in UTC, ascending) that have messages, resolutions or sums. */
export async function findDays(tx: Queryable, workspaceId: string, from: number): Promise<number[]> {
  const rows = await tx.query<{ day: Date }>(
    sql`SELECT date_trunc('day', time, 'UTC') AS day FROM message
          WHERE workspace_id = ${workspaceId}::uuid AND time >= ${at(from)}::timestamptz
        UNION SELECT date_trunc('day', resolved_at, 'UTC') FROM conversation
          WHERE workspace_id = ${workspaceId}::uuid AND resolved_at >= ${at(from)}::timestamptz
        UNION SELECT at FROM metric_rollup
          WHERE workspace_id = ${workspaceId}::uuid AND word_id = 0 AND grain = 1 AND at >= ${at(from)}::timestamptz
        ORDER BY 1`,
  )
  return rows.map(({ day }) => day.getTime())
}

function toItem(row: ItemRow): Item {
  const derived = {
    replyMs: row.reply_ms === null ? null : Number(row.reply_ms),
    replyAgentId: row.reply_agent_id ?? 0,
    session: row.session,
  }
  return {
    ...{ id: row.id, seq: Number(row.seq), at: row.time.getTime(), sent: row.sent, channelId: row.channel_id },
    ...{ providerId: row.provider_id, agentId: row.agent_id ?? 0, threadId: row.thread_id },
    ...{ conversationId: row.conversation_id, tagIds: row.tag_ids, automatic: row.automatic, paid: row.paid },
    ...{ hours: row.hours, derived: { ...derived }, stored: derived },
  }
}

/** The tags of conversations, as they are stored. */
export async function tagsOfConversations(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<Map<string, number[]>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.query<{ id: string; tag_ids: number[] }>(
    sql`SELECT id, tag_ids FROM conversation WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
  return new Map(rows.map(({ id, tag_ids }) => [id, tag_ids]))
}

/** What of a new message is stored but not counted. */
export interface ItemRest {
  content: object | null
  sealedContent: string | null
  extra: object | null
  own: { kind: string; id: string } | null
}

/** Moments come in runs of the same, so the last one is remembered. */
let lastMoment = { ms: Number.NaN, text: '' }
function at(ms: number): string
function at(ms: number | null): string | null
function at(ms: number | null): string | null {
  if (ms === null) return null
  if (ms !== lastMoment.ms) lastMoment = { ms, text: new Date(ms).toISOString() }
  return lastMoment.text
}

/** An array of numbers, ids, moments and the like as PostgreSQL reads it: none of them has to be quoted, which takes long. */
function list(values: readonly (string | number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`
}

const orNull = (id: number) => (id === 0 ? null : id)

export function insertMessages(
  workspaceId: string,
  messages: readonly (Item & ItemRest)[],
  now: Date,
): Sql | undefined {
  if (messages.length === 0) return undefined
  const rows = messages.map((m) => ({
    ...{ id: m.id, seq: m.seq, time: at(m.at), sent: m.sent, channel_id: m.channelId, provider_id: m.providerId },
    ...{ agent_id: orNull(m.agentId), thread_id: m.threadId, conversation_id: m.conversationId, tag_ids: m.tagIds },
    ...{ automatic: m.automatic, paid: m.paid, reply_ms: m.derived.replyMs, session: m.derived.session },
    ...{ reply_agent_id: orNull(m.derived.replyAgentId), hours: m.hours ?? undefined, content: m.content ?? undefined },
    ...{ sealed_content: m.sealedContent ?? undefined, extra: m.extra ?? undefined },
    ...{ own_kind: m.own?.kind, own_id: m.own?.id },
  }))
  return sql`INSERT INTO message (id, workspace_id, seq, time, sent, channel_id, provider_id, agent_id, thread_id,
          conversation_id, tag_ids, automatic, paid, reply_ms, reply_agent_id, session, hours, content, sealed_content,
          extra, own_kind, own_id, created_at)
        SELECT id, ${workspaceId}::uuid, seq, time, sent, channel_id, provider_id, agent_id, thread_id,
          conversation_id, tag_ids, automatic, paid, reply_ms, reply_agent_id, session, hours, content, sealed_content,
          extra, own_kind, own_id, ${now}::timestamptz
        FROM json_to_recordset(${json(rows)}::json)
          AS n(id uuid, seq bigint, time timestamptz, sent boolean, channel_id int, provider_id int, agent_id int,
               thread_id uuid, conversation_id uuid, tag_ids int[], automatic boolean, paid boolean, reply_ms bigint,
               reply_agent_id int, session text, hours json, content json, sealed_content text, extra json,
               own_kind text, own_id uuid)`
}

/** Writes what follows from their neighbours of messages that are stored already. */
export function updateDerived(workspaceId: string, items: readonly Item[]): Sql | undefined {
  if (items.length === 0) return undefined
  const rows = items.map(({ id, derived }) => ({
    ...{ id, reply_ms: derived.replyMs, reply_agent_id: orNull(derived.replyAgentId), session: derived.session },
  }))
  return sql`UPDATE message m SET reply_ms = n.reply_ms, reply_agent_id = n.reply_agent_id, session = n.session
        FROM json_to_recordset(${json(rows)}::json) AS n(id uuid, reply_ms bigint, reply_agent_id int, session text)
        WHERE m.workspace_id = ${workspaceId}::uuid AND m.id = n.id`
}

export function saveThreads(
  workspaceId: string,
  threads: readonly { id: string; channelId: number; customer: string; country: string | null; state: ThreadState }[],
  now: Date,
): Sql | undefined {
  if (threads.length === 0) return undefined
  const rows = threads.map(({ id, channelId, customer, country, state }) => ({
    ...{ id, channel_id: channelId, customer, country, state, last: at(state.last) },
  }))
  return sql`INSERT INTO message_thread (id, workspace_id, channel_id, customer_identifier, country, state, last_message_at, created_at)
        SELECT id, ${workspaceId}::uuid, channel_id, customer, country, state, last, ${now}::timestamptz
        FROM json_to_recordset(${json(rows)}::json)
          AS n(id uuid, channel_id int, customer text, country text, state json, last timestamptz)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, last_message_at = excluded.last_message_at`
}

export function saveConversations(
  workspaceId: string,
  conversations: readonly (StoredConversation & { key: string })[],
  now: Date,
): Sql | undefined {
  if (conversations.length === 0) return undefined
  const rows = conversations.map((c) => ({
    ...{ id: c.id, provider_id: c.providerId, channel_id: c.channelId, key: c.key, received: c.received, sent: c.sent },
    ...{ first_message_at: at(c.firstAt), last_message_at: at(c.lastAt), first_received_at: at(c.firstReceivedAt) },
    ...{ first_reply_at: at(c.firstReply?.at ?? null), first_reply_agent_id: orNull(c.firstReply?.agentId ?? 0) },
    ...{ first_reply_ms: c.firstReply?.ms, first_reply_open_ms: c.firstReply?.openMs },
    ...{ calendar_version: c.firstReply?.calendarVersion, resolved_at: at(c.resolution?.at ?? null) },
    ...{ resolved_by_id: orNull(c.resolution?.agentId ?? 0), resolve_tag_ids: c.resolution?.tagIds ?? [] },
    ...{ agent_ids: c.agentIds, tag_ids: c.tagIds, settled: c.settled },
    state: c.checkpoint ? { ...c.state, checkpoint: c.checkpoint } : c.state,
  }))
  return sql`INSERT INTO conversation (id, workspace_id, provider_id, channel_id, key, received, sent, first_message_at,
          last_message_at, first_received_at, first_reply_at, first_reply_agent_id, first_reply_ms, first_reply_open_ms,
          calendar_version, resolved_at, resolved_by_id, resolve_tag_ids, agent_ids, tag_ids, settled, state, created_at, updated_at)
        SELECT id, ${workspaceId}::uuid, provider_id, channel_id, key, received, sent, first_message_at,
          last_message_at, first_received_at, first_reply_at, first_reply_agent_id, first_reply_ms, first_reply_open_ms,
          calendar_version, resolved_at, resolved_by_id, resolve_tag_ids, agent_ids, tag_ids, settled, state,
          ${now}::timestamptz, ${now}::timestamptz
        FROM json_to_recordset(${json(rows)}::json)
          AS n(id uuid, provider_id int, channel_id int, key text, received int, sent int, first_message_at timestamptz,
               last_message_at timestamptz, first_received_at timestamptz, first_reply_at timestamptz,
               first_reply_agent_id int, first_reply_ms bigint, first_reply_open_ms bigint, calendar_version int,
               resolved_at timestamptz, resolved_by_id int, resolve_tag_ids int[], agent_ids int[], tag_ids int[],
               settled boolean, state json)
        ON CONFLICT (id) DO UPDATE
        SET received = excluded.received, sent = excluded.sent, first_message_at = excluded.first_message_at,
            last_message_at = excluded.last_message_at, first_received_at = excluded.first_received_at,
            first_reply_at = excluded.first_reply_at, first_reply_agent_id = excluded.first_reply_agent_id,
            first_reply_ms = excluded.first_reply_ms, first_reply_open_ms = excluded.first_reply_open_ms,
            calendar_version = excluded.calendar_version, resolved_at = excluded.resolved_at,
            resolved_by_id = excluded.resolved_by_id, resolve_tag_ids = excluded.resolve_tag_ids,
            agent_ids = excluded.agent_ids, tag_ids = excluded.tag_ids, settled = excluded.settled, state = excluded.state,
            updated_at = excluded.updated_at`
}

/** Adds facts, or puts them in the place of those there are. */
export function saveFacts(workspaceId: string, facts: readonly Fact[]): Sql | undefined {
  if (facts.length === 0) return undefined
  return sql`INSERT INTO metric_fact (workspace_id, kind, word_id, entity_id, tag_id, day, at, prev_at, ms, open_ms, channel_id,
          provider_id, country)
        SELECT ${workspaceId}::uuid, kind, word_id, entity_id, tag_id, day, at, prev_at, ms, open_ms, channel_id,
          provider_id, country
        FROM unnest(${list(facts.map((f) => f.kind))}::text::text[], ${list(facts.map((f) => f.wordId))}::text::int[],
               ${list(facts.map((f) => f.entityId))}::text::uuid[], ${list(facts.map((f) => f.tagId))}::text::int[],
               ${list(facts.map((f) => f.day))}::text::int[], ${list(facts.map((f) => at(f.at)))}::text::timestamptz[],
               ${list(facts.map((f) => at(f.prevAt)))}::text::timestamptz[], ${list(facts.map((f) => f.ms))}::text::bigint[],
               ${list(facts.map((f) => f.openMs))}::text::bigint[], ${list(facts.map((f) => f.channelId))}::text::int[],
               ${list(facts.map((f) => f.providerId))}::text::int[], ${list(facts.map((f) => f.country))}::text::text[])
          AS n(kind, word_id, entity_id, tag_id, day, at, prev_at, ms, open_ms, channel_id, provider_id, country)
        ON CONFLICT (entity_id, kind, word_id, tag_id, day) DO UPDATE
        SET at = excluded.at, prev_at = excluded.prev_at, ms = excluded.ms, open_ms = excluded.open_ms`
}

/** Removes single facts. */
export function deleteFacts(workspaceId: string, facts: readonly Fact[]): Sql | undefined {
  if (facts.length === 0) return undefined
  return sql`DELETE FROM metric_fact f
        USING unnest(${list(facts.map((f) => f.entityId))}::text::uuid[], ${list(facts.map((f) => f.kind))}::text::text[],
               ${list(facts.map((f) => f.wordId))}::text::int[], ${list(facts.map((f) => f.tagId))}::text::int[], ${list(facts.map((f) => f.day))}::text::int[])
          AS n(entity_id, kind, word_id, tag_id, day)
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.entity_id = n.entity_id AND f.kind = n.kind
          AND f.word_id = n.word_id AND f.tag_id = n.tag_id AND f.day = n.day`
}

/**
 * Removes the facts of presence of threads and conversations, each from a moment on (milliseconds), and what they count
 * for in sums of days before `summedBefore` (since 1970).
 */
export function deletePresence(
  workspaceId: string,
  since: ReadonlyMap<string, number>,
  summedBefore: number,
): Sql | undefined {
  if (since.size === 0) return undefined
  const from = [...since.values()].map((ms) => new Date(ms).toISOString())
  const deletion = sql`DELETE FROM metric_fact WHERE ctid = ANY(ARRAY(
      SELECT f.ctid FROM unnest(${[...since.keys()]}::uuid[], ${from}::timestamptz[]) AS n(entity_id, since)
      CROSS JOIN LATERAL (SELECT ctid, * FROM metric_fact WHERE entity_id = n.entity_id OFFSET 0) f
      WHERE f.workspace_id = ${workspaceId}::uuid AND f.kind IN ('C', 'V', 'T') AND f.at >= n.since))`
  return summedBefore === 0
    ? deletion
    : sql`WITH gone AS (${deletion} RETURNING kind, word_id, tag_id, day, prev_at, country)
            ${takeFromPresence(workspaceId, summedBefore)}`
}

/** A conversation has new tags, which count for the time before a moment (milliseconds) as well. */
export interface LateTags {
  conversationId: string
  before: number
  tagIds: readonly number[]
}

/** Gives conversations presence by their new tags where there are no messages any more: a tag is there whenever they were. */
export function saveLatePresence(workspaceId: string, late: readonly LateTags[]): Sql | undefined {
  const rows = late.flatMap(({ conversationId, before, tagIds }) =>
    tagIds.map((tagId) => ({ conversationId, before: at(before), tagId })),
  )
  if (rows.length === 0) return undefined
  return sql`INSERT INTO metric_fact (workspace_id, kind, word_id, entity_id, tag_id, day, at, prev_at, channel_id, provider_id)
        SELECT f.workspace_id, f.kind, n.word_id, f.entity_id, f.tag_id, f.day, f.at, f.prev_at, f.channel_id, f.provider_id
        FROM unnest(${rows.map((row) => row.conversationId)}::uuid[], ${rows.map((row) => row.before)}::timestamptz[],
               ${rows.map((row) => row.tagId)}::int[]) AS n(entity_id, before, word_id)
        JOIN metric_fact f ON f.workspace_id = ${workspaceId}::uuid AND f.entity_id = n.entity_id AND f.kind = 'V'
          AND f.word_id = 0 AND f.at < n.before
        ON CONFLICT DO NOTHING`
}

/** Adds to sums. Nobody else may: the pool is held. */
export function addCounts(workspaceId: string, rows: readonly CountRow[]): Sql | undefined {
  if (rows.length === 0) return undefined
  const sum = (name: (typeof SUMS)[number]) => list(rows.map(({ sums }) => sums[SUMS.indexOf(name)]!))
  return sql`INSERT INTO metric_rollup AS r (workspace_id, word_id, grain, at, received, sent, paid, received_replies,
          received_reply_ms, sent_replies, sent_reply_ms, user_sessions, business_sessions, conversed, resolved)
        SELECT ${workspaceId}::uuid, n.*
        FROM unnest(${list(rows.map((row) => row.wordId))}::text::int[], ${list(rows.map((row) => row.grain))}::text::smallint[],
               ${list(rows.map((row) => at(row.at)))}::text::timestamptz[], ${sum('received')}::text::int[], ${sum('sent')}::text::int[],
               ${sum('paid')}::text::int[], ${sum('received_replies')}::text::int[], ${sum('received_reply_ms')}::text::bigint[],
               ${sum('sent_replies')}::text::int[], ${sum('sent_reply_ms')}::text::bigint[], ${sum('user_sessions')}::text::int[],
               ${sum('business_sessions')}::text::int[], ${sum('conversed')}::text::int[], ${sum('resolved')}::text::int[]) AS n
        ON CONFLICT (workspace_id, word_id, grain, at) DO UPDATE
        SET received = r.received + excluded.received, sent = r.sent + excluded.sent, paid = r.paid + excluded.paid,
            received_replies = r.received_replies + excluded.received_replies,
            received_reply_ms = r.received_reply_ms + excluded.received_reply_ms,
            sent_replies = r.sent_replies + excluded.sent_replies,
            sent_reply_ms = r.sent_reply_ms + excluded.sent_reply_ms,
            user_sessions = r.user_sessions + excluded.user_sessions,
            business_sessions = r.business_sessions + excluded.business_sessions,
            conversed = r.conversed + excluded.conversed, resolved = r.resolved + excluded.resolved`
}
