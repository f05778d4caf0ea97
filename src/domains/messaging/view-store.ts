import type { Queryable } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { isStorable } from '../../platform/validation.ts'
import type { World } from '../world.ts'
import { tagFilter } from './tags.ts'

/** A conversation as it is shown. Times in milliseconds. */
export interface ConversationView {
  id: string
  /** The client's own name of it. */
  key: string
  provider: string
  channel: string
  tenantChannelIdentifier: string
  received: number
  sent: number
  firstMessageAt: Date
  lastMessageAt: Date
  firstReceivedAt: Date | null
  firstReplyAt: Date | null
  firstReplyAgent: string | null
  firstReplyMs: number | null
  /** In business hours. */
  openFirstReplyMs: number | null
  calendarVersion: number | null
  resolvedAt: Date | null
  resolvedBy: string | null
  agents: string[]
  /** With their prefixes. */
  tags: string[]
}

export interface MessageView {
  id: string
  threadId: string
  conversationId: string | null
  direction: 'in' | 'out'
  time: Date
  provider: string
  channel: string
  tenantChannelIdentifier: string
  /** Null once the customer was erased. */
  customerChannelIdentifier: string | null
  agent: string | null
  /** With their prefixes. */
  tags: string[]
  /** Null: dropped, reduced, erased or never there. */
  content: Record<string, unknown> | null
  /** Since its predecessor that went the other way. */
  replyMs: number | null
  opensSession: 'user' | 'business' | null
  /** Of what the workspace sent or received itself. */
  own: { kind: 'call' | 'sms' | 'email'; id: string } | null
  createdAt: Date
}

/** All that was ever exchanged with one customer over one channel. */
export interface ThreadView {
  id: string
  channel: string
  tenantChannelIdentifier: string
  /** Null once the customer was erased. */
  customerChannelIdentifier: string | null
  /** Of a telephone number, ISO 3166-1 alpha-2. */
  country: string | null
  lastMessageAt: Date
  createdAt: Date
}

/** A place within a list: the moment that it is ordered by, ties by id. */
export interface Place {
  at: Date
  id: string
}

/** A part of a list, from its front or, `backward`, from its end towards the front. */
export interface Page {
  limit: number
  after?: Place | null | undefined
  before?: Place | null | undefined
  backward?: boolean | undefined
}

/** What opens sealed content. */
type Reading = Pick<World, 'db' | 'sealer'>

/** By id; those of other workspaces are left out. */
export async function findConversations(
  db: Queryable,
  workspaceId: string,
  ids: readonly string[],
): Promise<ConversationView[]> {
  return readConversations(
    db,
    sql`SELECT * FROM conversation WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${[...ids]}::uuid[])`,
  )
}

/** By id; those of other workspaces are left out. */
export async function findMessages(
  reading: Reading,
  workspaceId: string,
  ids: readonly string[],
): Promise<MessageView[]> {
  return readMessages(
    reading,
    sql`SELECT * FROM message WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${[...ids]}::uuid[])`,
  )
}

/** By id; those of other workspaces are left out. */
export async function findThreads(db: Queryable, workspaceId: string, ids: readonly string[]): Promise<ThreadView[]> {
  return readThreads(db, sql`t.workspace_id = ${workspaceId}::uuid AND t.id = ANY(${[...ids]}::uuid[])`)
}

/** Of each customer, by the address that it has on a channel, up to `limit` threads, the latest first. */
export async function findThreadsOfCustomers(
  db: Queryable,
  workspaceId: string,
  identifiers: readonly string[],
  limit: number,
): Promise<ThreadView[]> {
  return readThreads(
    db,
    sql`t.workspace_id = ${workspaceId}::uuid AND t.id IN (
          SELECT latest.id FROM unnest(${[...identifiers]}::text[]) AS customer(identifier)
          CROSS JOIN LATERAL (
            SELECT id FROM message_thread
            WHERE workspace_id = ${workspaceId}::uuid AND customer_identifier = customer.identifier
            ORDER BY last_message_at DESC, id DESC LIMIT ${limit}::int
          ) latest
        )`,
  )
}

/** The conversation that a client calls so. */
export async function findConversationByKey(
  db: Queryable,
  workspaceId: string,
  named: { conversation: string; provider: string; channel: string; tenantChannelIdentifier: string },
): Promise<ConversationView | undefined> {
  if (!Object.values(named).every(isStorable)) return undefined
  const [found] = await readConversations(
    db,
    sql`SELECT c.* FROM conversation c
        JOIN message_word p ON p.id = c.provider_id
        JOIN message_channel n ON n.id = c.channel_id
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.key = ${named.conversation} AND p.value = ${named.provider}
          AND n.channel = ${named.channel} AND n.tenant_identifier = ${named.tenantChannelIdentifier}`,
  )
  return found
}

export interface ConversationFilter {
  isResolved?: boolean | undefined
  /** Who wrote or received any message of it, or resolved it. */
  agent?: string | undefined
  /** With or without `user:`; `team:` and `system:` with their prefix. */
  tag?: string | undefined
  /** Such as `WHATSAPP`. */
  channel?: string | undefined
}

function conversationsWhere(workspaceId: string, { isResolved, agent, tag, channel }: ConversationFilter): Sql {
  if (![agent, tag, channel].every((text) => text === undefined || isStorable(text))) return sql`false`
  const word = (kind: string, value: string) =>
    sql`(SELECT id FROM message_word WHERE workspace_id = ${workspaceId}::uuid AND kind = ${kind} AND value = ${value})`
  const resolved = isResolved === undefined ? sql`` : sql`AND (resolved_at IS NOT NULL) = ${isResolved}::boolean`
  const byAgent = agent === undefined ? sql`` : sql`AND ${word('agent', agent)} = ANY(agent_ids)`
  const byTag = tag === undefined ? sql`` : sql`AND ${word('tag', tagFilter(tag))} = ANY(tag_ids)`
  const byChannel =
    channel === undefined
      ? sql``
      : sql`AND channel_id IN (SELECT id FROM message_channel WHERE workspace_id = ${workspaceId}::uuid AND channel = ${channel})`
  return sql`workspace_id = ${workspaceId}::uuid ${resolved} ${byAgent} ${byTag} ${byChannel}`
}

/** The latest first, by their last message. */
export async function readConversationPage(
  db: Queryable,
  workspaceId: string,
  page: Page,
  filter: ConversationFilter,
): Promise<ConversationView[]> {
  const where = conversationsWhere(workspaceId, filter)
  const rows = await readConversations(
    db,
    sql`SELECT * FROM conversation WHERE ${where} ${cut(page, sql`last_message_at`, 'desc')}`,
  )
  return rows.sort(inOrder(page, 'desc', ({ lastMessageAt }) => lastMessageAt))
}

export async function countConversationRows(
  db: Queryable,
  workspaceId: string,
  filter: ConversationFilter,
): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM conversation WHERE ${conversationsWhere(workspaceId, filter)}`,
  )
  return row!.count
}

export interface MessageFilter {
  /** Of when it happened; inclusive. */
  from?: Date | undefined
  /** Exclusive. */
  to?: Date | undefined
  direction?: 'in' | 'out' | undefined
}

function messagesWhere(workspaceId: string, { from, to, direction }: MessageFilter): Sql {
  // No message is from before 1970, and the database does not know every year before it.
  const known = (moment: Date) => new Date(Math.max(moment.getTime(), 0))
  const since = from === undefined ? sql`` : sql`AND time >= ${known(from)}::timestamptz`
  const until = to === undefined ? sql`` : sql`AND time < ${known(to)}::timestamptz`
  const going = direction === undefined ? sql`` : sql`AND sent = ${direction === 'out'}::boolean`
  return sql`workspace_id = ${workspaceId}::uuid ${since} ${until} ${going}`
}

/** The latest first. */
export async function readMessagePage(
  reading: Reading,
  workspaceId: string,
  page: Page,
  filter: MessageFilter,
): Promise<MessageView[]> {
  const where = messagesWhere(workspaceId, filter)
  const rows = await readMessages(reading, sql`SELECT * FROM message WHERE ${where} ${cut(page, sql`time`, 'desc')}`)
  return rows.sort(inOrder(page, 'desc', ({ time }) => time))
}

export async function countMessageRows(db: Queryable, workspaceId: string, filter: MessageFilter): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM message WHERE ${messagesWhere(workspaceId, filter)}`,
  )
  return row!.count
}

/** What messages are listed of. */
export type MessageOwner = 'conversation' | 'thread'

const OWNER: Record<MessageOwner, { column: Sql; of(message: MessageView): string | null }> = {
  conversation: { column: sql`conversation_id`, of: ({ conversationId }) => conversationId },
  thread: { column: sql`thread_id`, of: ({ threadId }) => threadId },
}

/** The same page of the messages of each owner, oldest first, in one statement. */
export async function readMessagesOf(
  reading: Reading,
  workspaceId: string,
  owner: MessageOwner,
  ids: readonly string[],
  page: Page,
): Promise<Map<string, MessageView[]>> {
  const { column, of } = OWNER[owner]
  const rows = await readMessages(
    reading,
    sql`SELECT m.* FROM unnest(${[...ids]}::uuid[]) AS owner(id)
        CROSS JOIN LATERAL (
          SELECT * FROM message
          WHERE workspace_id = ${workspaceId}::uuid AND ${column} = owner.id ${cut(page, sql`time`, 'asc')}
        ) m`,
  )
  return Map.groupBy(rows.sort(inOrder(page, 'asc', ({ time }) => time)), (message) => of(message)!)
}

/** How many messages each owner has; one without any is left out. */
export async function countMessagesOfOwners(
  db: Queryable,
  workspaceId: string,
  owner: MessageOwner,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const { column } = OWNER[owner]
  const rows = await db.query<{ id: string; count: number }>(
    sql`SELECT ${column} AS id, count(*)::int AS count FROM message
        WHERE workspace_id = ${workspaceId}::uuid AND ${column} = ANY(${[...ids]}::uuid[]) GROUP BY 1`,
  )
  return new Map(rows.map(({ id, count }) => [id, count]))
}

type Direction = 'asc' | 'desc'

/** The end of a statement over one table that reads a page of it: further conditions, its order and its limit. */
function cut({ limit, after, before, backward = false }: Page, column: Sql, order: Direction): Sql {
  const ascending = (order === 'asc') !== backward
  const beyond = (place: Place | null | undefined, later: boolean) => {
    if (!place) return sql``
    const { at, id } = place
    return later
      ? sql`AND (${column}, id) > (${at}::timestamptz, ${id}::uuid)`
      : sql`AND (${column}, id) < (${at}::timestamptz, ${id}::uuid)`
  }
  const bounds = sql`${beyond(after, order === 'asc')} ${beyond(before, order !== 'asc')}`
  return ascending
    ? sql`${bounds} ORDER BY ${column}, id LIMIT ${limit}::int`
    : sql`${bounds} ORDER BY ${column} DESC, id DESC LIMIT ${limit}::int`
}

/** How the rows of a page follow each other; joining what they name loses the order in which they were found. */
function inOrder<Row extends { id: string }>(
  { backward = false }: Page,
  order: Direction,
  momentOf: (row: Row) => Date,
): (one: Row, other: Row) => number {
  const sign = (order === 'asc') !== backward ? 1 : -1
  return (one, other) => sign * (momentOf(one).getTime() - momentOf(other).getTime() || (one.id < other.id ? -1 : 1))
}

interface ConversationRow {
  id: string
  key: string
  provider: string
  channel: string
  tenant_identifier: string
  received: number
  sent: number
  first_message_at: Date
  last_message_at: Date
  first_received_at: Date | null
  first_reply_at: Date | null
  first_reply_agent: string | null
  first_reply_ms: number | null
  first_reply_open_ms: number | null
  calendar_version: number | null
  resolved_at: Date | null
  resolved_by: string | null
  agents: string[]
  tags: string[]
}

/** `source` finds rows of the table, of one workspace. */
async function readConversations(db: Queryable, source: Sql): Promise<ConversationView[]> {
  const rows = await db.query<ConversationRow>(
    sql`SELECT c.id, c.key, p.value AS provider, n.channel, n.tenant_identifier, c.received, c.sent, c.first_message_at,
               c.last_message_at, c.first_received_at, c.first_reply_at, f.value AS first_reply_agent, c.first_reply_ms,
               c.first_reply_open_ms, c.calendar_version, c.resolved_at, r.value AS resolved_by,
               ${words(sql`c.agent_ids`)} AS agents, ${words(sql`c.tag_ids`)} AS tags
        FROM (${source}) c
        JOIN message_word p ON p.id = c.provider_id
        JOIN message_channel n ON n.id = c.channel_id
        LEFT JOIN message_word f ON f.id = c.first_reply_agent_id
        LEFT JOIN message_word r ON r.id = c.resolved_by_id`,
  )
  return rows.map((row) => ({
    id: row.id,
    key: row.key,
    provider: row.provider,
    channel: row.channel,
    tenantChannelIdentifier: row.tenant_identifier,
    received: row.received,
    sent: row.sent,
    firstMessageAt: row.first_message_at,
    lastMessageAt: row.last_message_at,
    firstReceivedAt: row.first_received_at,
    firstReplyAt: row.first_reply_at,
    firstReplyAgent: row.first_reply_agent,
    firstReplyMs: row.first_reply_ms,
    openFirstReplyMs: row.first_reply_open_ms,
    calendarVersion: row.calendar_version,
    resolvedAt: row.resolved_at,
    resolvedBy: row.resolved_by,
    agents: row.agents,
    tags: row.tags,
  }))
}

interface MessageRow {
  id: string
  thread_id: string
  conversation_id: string | null
  sent: boolean
  time: Date
  provider: string
  channel: string
  tenant_identifier: string
  customer_identifier: string | null
  agent: string | null
  tags: string[]
  content: Record<string, unknown> | null
  sealed_content: string | null
  reply_ms: number | null
  session: 'U' | 'B' | null
  own_kind: 'call' | 'sms' | 'email' | null
  own_id: string | null
  created_at: Date
}

const OPENED_BY = { U: 'user', B: 'business' } as const

/** `source` finds rows of the table, of one workspace. */
async function readMessages({ db, sealer }: Reading, source: Sql): Promise<MessageView[]> {
  const rows = await db.query<MessageRow>(
    sql`SELECT m.id, m.thread_id, m.conversation_id, m.sent, m.time, p.value AS provider, n.channel, n.tenant_identifier,
               t.customer_identifier, a.value AS agent, ${words(sql`m.tag_ids`)} AS tags, m.content, m.sealed_content,
               m.reply_ms, m.session, m.own_kind, m.own_id, m.created_at
        FROM (${source}) m
        JOIN message_word p ON p.id = m.provider_id
        JOIN message_channel n ON n.id = m.channel_id
        JOIN message_thread t ON t.id = m.thread_id
        LEFT JOIN message_word a ON a.id = m.agent_id`,
  )
  return rows.map((row) => ({
    id: row.id,
    threadId: row.thread_id,
    conversationId: row.conversation_id,
    direction: row.sent ? 'out' : 'in',
    time: row.time,
    provider: row.provider,
    channel: row.channel,
    tenantChannelIdentifier: row.tenant_identifier,
    customerChannelIdentifier: row.customer_identifier,
    agent: row.agent,
    tags: row.tags,
    content:
      row.sealed_content === null ? row.content : JSON.parse(sealer.open(row.sealed_content, `message:${row.id}`)),
    replyMs: row.reply_ms,
    opensSession: row.session && OPENED_BY[row.session],
    own: row.own_kind && row.own_id ? { kind: row.own_kind, id: row.own_id } : null,
    createdAt: row.created_at,
  }))
}

interface ThreadRow {
  id: string
  channel: string
  tenant_identifier: string
  customer_identifier: string | null
  country: string | null
  last_message_at: Date
  created_at: Date
}

async function readThreads(db: Queryable, where: Sql): Promise<ThreadView[]> {
  const rows = await db.query<ThreadRow>(
    sql`SELECT t.id, n.channel, n.tenant_identifier, t.customer_identifier, t.country, t.last_message_at, t.created_at
        FROM message_thread t JOIN message_channel n ON n.id = t.channel_id
        WHERE ${where} ORDER BY t.last_message_at DESC, t.id DESC`,
  )
  return rows.map((row) => ({
    id: row.id,
    channel: row.channel,
    tenantChannelIdentifier: row.tenant_identifier,
    customerChannelIdentifier: row.customer_identifier,
    country: row.country,
    lastMessageAt: row.last_message_at,
    createdAt: row.created_at,
  }))
}

/** What a list of numbers stands for, ascending. */
function words(ids: Sql): Sql {
  return sql`ARRAY(SELECT w.value FROM message_word w WHERE w.id = ANY(${ids}) ORDER BY w.value COLLATE "C")`
}
