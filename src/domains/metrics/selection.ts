import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { BoundedMap } from '../../platform/bounded-map.ts'
import { tagFilter } from '../messaging/index.ts'
import type { MetricFilter } from './request.ts'

/** A filter by the numbers that things are stored under. Null: anything; an empty list: nothing. */
export interface Selection {
  direction: 'in' | 'out' | null
  initiatedBy: 'user' | 'business' | null
  agents: readonly number[] | null
  providers: readonly number[] | null
  /** Channels with their addresses. */
  channels: readonly number[] | null
  tags: readonly number[] | null
  /**
   * Where an identifier is a customer's: the threads with it, the conversations that these had messages of which were
   * reduced, and the channels of which it may be the workspace's instead; those are not in `channels` then.
   */
  customers: { threads: readonly string[]; conversations: readonly string[]; channels: readonly number[] } | null
  conversations: readonly string[] | null
}

/** Whether nothing can match. */
export function isEmpty(selection: Selection): boolean {
  const { agents, providers, channels, tags, conversations, customers } = selection
  return (
    [agents, providers, channels, tags, conversations].some((list) => list?.length === 0) ||
    (customers !== null && customers.threads.length === 0 && customers.channels.length === 0)
  )
}

/** What a filter means in a workspace. Names that are not known match nothing. */
export async function select(db: Queryable, workspaceId: string, filter: MetricFilter = {}): Promise<Selection> {
  const { direction = null, initiatedBy = null } = filter
  const [words, channels, identified, threads, conversations] = await Promise.all([
    findWords(db, workspaceId, filter),
    given(filter.channels) ? findChannels(db, workspaceId, filter.channels) : null,
    given(filter.identifiers) ? findAddresses(db, workspaceId, filter.identifiers) : null,
    given(filter.identifiers) ? findCustomers(db, workspaceId, filter.identifiers) : null,
    given(filter.conversations) ? findKeys(db, workspaceId, filter.conversations) : null,
  ])
  const isCustomers = threads !== null && threads.length > 0
  const reduced = threads?.flatMap((thread) => thread.reduced) ?? []
  return {
    ...{ direction, initiatedBy, ...words, conversations },
    channels: isCustomers ? channels : intersection(channels, identified),
    customers: isCustomers
      ? { threads: threads.map(({ id }) => id), conversations: reduced, channels: identified ?? [] }
      : null,
  }
}

function given(list: readonly string[] | undefined): list is readonly string[] {
  return list !== undefined && list.length > 0
}

function intersection(a: readonly number[] | null, b: readonly number[] | null): readonly number[] | null {
  if (a === null || b === null) return a ?? b
  return a.filter((id) => b.includes(id))
}

/** Numbers of words never change, so those that were found once are remembered. */
const numbers = new BoundedMap<string, number>(50_000)

async function findWords(
  db: Queryable,
  workspaceId: string,
  { agents, providers, tags }: MetricFilter,
): Promise<Pick<Selection, 'agents' | 'providers' | 'tags'>> {
  const wanted = {
    agent: given(agents) ? agents : null,
    provider: given(providers) ? providers.map((name) => name.toUpperCase()) : null,
    tag: given(tags) ? tags.map(tagFilter) : null,
  }
  const place = (kind: string, value: string) => `${workspaceId}\n${kind}\n${value}`
  const unknown = Object.entries(wanted).flatMap(([kind, values]) =>
    (values ?? [])
      .filter((value) => numbers.get(place(kind, value)) === undefined)
      .map((value) => [kind, value] as const),
  )
  if (unknown.length > 0) {
    const rows = await db.query<{ id: number; kind: string; value: string }>(
      sql`SELECT w.id, w.kind, w.value
          FROM unnest(${unknown.map(([kind]) => kind)}::text[], ${unknown.map(([, value]) => value)}::text[]) AS k(kind, value)
          JOIN message_word w ON w.workspace_id = ${workspaceId}::uuid AND w.kind = k.kind AND w.value = k.value`,
    )
    for (const { id, kind, value } of rows) numbers.set(place(kind, value), id)
  }
  const of = (kind: keyof typeof wanted) =>
    wanted[kind] && [...new Set(wanted[kind].flatMap((value) => numbers.get(place(kind, value)) ?? []))]
  return { agents: of('agent'), providers: of('provider'), tags: of('tag') }
}

async function findChannels(db: Queryable, workspaceId: string, names: readonly string[]): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    sql`SELECT id FROM message_channel WHERE workspace_id = ${workspaceId}::uuid
          AND channel = ANY(${names.map((name) => name.toUpperCase())}::text[])`,
  )
  return rows.map(({ id }) => id)
}

async function findAddresses(db: Queryable, workspaceId: string, identifiers: readonly string[]): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    sql`SELECT id FROM message_channel WHERE workspace_id = ${workspaceId}::uuid
          AND tenant_identifier = ANY(${identifiers}::text[])`,
  )
  return rows.map(({ id }) => id)
}

function findCustomers(
  db: Queryable,
  workspaceId: string,
  identifiers: readonly string[],
): Promise<{ id: string; reduced: string[] }[]> {
  return db.query(
    sql`SELECT id, reduced_conversation_ids AS reduced FROM message_thread WHERE workspace_id = ${workspaceId}::uuid
          AND customer_identifier = ANY(${identifiers}::text[])`,
  )
}

async function findKeys(db: Queryable, workspaceId: string, keys: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    sql`SELECT id FROM conversation WHERE workspace_id = ${workspaceId}::uuid AND key = ANY(${keys}::text[])`,
  )
  return rows.map(({ id }) => id)
}
