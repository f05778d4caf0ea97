import type { Queryable, Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import { QUARTER_MS, type QuarterCount } from './counts.ts'
import type { Conversation } from './fold-conversation.ts'
import type { ThreadState } from './fold-thread.ts'
import type { Checkpoint } from './history-store.ts'

/** Workspaces that keep messages for so many days only. */
export function findRetentions(db: Queryable): Promise<{ workspaceId: string; days: number }[]> {
  return db.query(
    sql`SELECT workspace_id AS "workspaceId", retention_days AS days FROM message_pool
        WHERE retention_days IS NOT NULL ORDER BY workspace_id`,
  )
}

/** Lets nothing be added any more from before a moment, unless retention was changed meanwhile. */
export async function saveFloor(
  db: Queryable,
  workspaceId: string,
  { days, floor }: { days: number; floor: Date },
): Promise<void> {
  await db.query(
    sql`UPDATE message_pool SET reduced_before = ${floor}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND retention_days = ${days}::int
          AND (reduced_before IS NULL OR reduced_before < ${floor}::timestamptz)`,
  )
}

export interface OldMessage {
  id: string
  time: Date
  threadId: string
  conversationId: string | null
  /** Its conversation goes on after a resolution from before the floor, so it is needed to count that right. */
  isNeeded: boolean
  hasContent: boolean
}

/** A place among a workspace's messages, in the order in which they are gone through. */
export type OldPlace = Pick<OldMessage, 'time' | 'id'>

/** A conversation (`c`) that was resolved before the floor, at a moment before messages that it had already. */
const goesOnResolved = (floor: Date) =>
  sql`(c.resolved_at < ${floor}::timestamptz AND c.last_message_at >= ${floor}::timestamptz)`

/** The next messages from before the floor, oldest first. */
export function pageOfOldMessages(
  tx: Tx,
  workspaceId: string,
  floor: Date,
  after: OldPlace,
  limit: number,
): Promise<OldMessage[]> {
  return tx.query(
    sql`SELECT m.id, m.time, m.thread_id AS "threadId", m.conversation_id AS "conversationId",
               coalesce(${goesOnResolved(floor)}, false) AS "isNeeded",
               m.content IS NOT NULL OR m.sealed_content IS NOT NULL OR m.extra IS NOT NULL AS "hasContent"
        FROM message m LEFT JOIN conversation c ON c.workspace_id = m.workspace_id AND c.id = m.conversation_id
        WHERE m.workspace_id = ${workspaceId}::uuid AND m.time < ${floor}::timestamptz
          AND (m.time, m.id) > (${after.time}::timestamptz, ${after.id}::uuid)
        ORDER BY m.time, m.id LIMIT ${limit}::int`,
  )
}

/** The threads that conversations reached into before the floor. */
export async function threadsOfConversations(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
  floor: Date,
): Promise<{ threadId: string; conversationId: string }[]> {
  if (ids.length === 0) return []
  return tx.query(
    sql`SELECT DISTINCT thread_id AS "threadId", conversation_id AS "conversationId" FROM message
        WHERE workspace_id = ${workspaceId}::uuid AND conversation_id = ANY(${ids}::uuid[])
          AND time < ${floor}::timestamptz`,
  )
}

/** What messages of conversations from before the floor count for their tags, by conversation. */
export async function countQuarters(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
  floor: Date,
): Promise<Map<string, QuarterCount[]>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.query<{ id: string; counts: QuarterCount }>(
    sql`SELECT id, json_build_array(quarter, count(*), count(*) FILTER (WHERE session = 'U'),
                                     count(*) FILTER (WHERE session = 'B')) AS counts
        FROM (SELECT conversation_id AS id, session,
                     floor(extract(epoch FROM time) * 1000 / ${QUARTER_MS}::int)::bigint AS quarter
              FROM message WHERE workspace_id = ${workspaceId}::uuid AND conversation_id = ANY(${ids}::uuid[])
                AND time < ${floor}::timestamptz) m
        GROUP BY id, quarter`,
  )
  return new Map(
    [...Map.groupBy(rows, ({ id }) => id)].map(([id, quarters]) => [id, quarters.map(({ counts }) => counts)]),
  )
}

/**
 * Says of conversations where counting stands without their messages; `quarters` are added to what they have, null: they
 * take no more tags.
 */
export async function saveConversationCheckpoints(
  tx: Tx,
  workspaceId: string,
  conversations: readonly (Conversation & {
    checkpoint: Checkpoint<Conversation>
    quarters: readonly QuarterCount[] | null
  })[],
  now: Date,
): Promise<void> {
  if (conversations.length === 0) return
  const rows = conversations.map(({ id, state, checkpoint, quarters }) => ({
    ...{ id, state: { ...state, checkpoint }, quarters: quarters ?? undefined },
  }))
  await tx.query(
    sql`UPDATE conversation c SET state = n.state, reduced_at = ${now}::timestamptz,
          reduced_quarters = coalesce(c.reduced_quarters, '[]') || n.quarters
        FROM json_to_recordset(${json(rows)}::json) AS n(id uuid, state json, quarters jsonb)
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.id = n.id`,
  )
}

/** Says of threads where counting stands without messages from before; and which conversations they once had. */
export async function saveThreadCheckpoints(
  tx: Tx,
  workspaceId: string,
  threads: readonly { id: string; checkpoint: Checkpoint<ThreadState> | null; conversationIds: readonly string[] }[],
): Promise<void> {
  if (threads.length === 0) return
  const rows = threads.map(({ id, checkpoint, conversationIds }) => ({ id, checkpoint, gone: conversationIds }))
  await tx.query(
    sql`UPDATE message_thread t
        SET checkpoint = n.checkpoint,
            reduced_conversation_ids = ARRAY(SELECT DISTINCT g FROM unnest(t.reduced_conversation_ids || n.gone) AS g)
        FROM json_to_recordset(${json(rows)}::json) AS n(id uuid, checkpoint json, gone uuid[])
        WHERE t.workspace_id = ${workspaceId}::uuid AND t.id = n.id`,
  )
}

/** Removes messages from before the floor: those named, and all of these conversations. Returns how many there were. */
export async function deleteMessages(
  tx: Tx,
  workspaceId: string,
  { ids, conversationIds, floor }: { ids: readonly string[]; conversationIds: readonly string[]; floor: Date },
): Promise<number> {
  const [gone] = await tx.query<{ count: number }>(
    sql`WITH gone AS (
          DELETE FROM message WHERE workspace_id = ${workspaceId}::uuid AND time < ${floor}::timestamptz
            AND (id = ANY(${ids}::uuid[]) OR conversation_id = ANY(${conversationIds}::uuid[])) RETURNING 1
        ) SELECT count(*)::int AS count FROM gone`,
  )
  return gone!.count
}

/** Removes what was said, and what came with it, from messages that are kept. */
export async function stripMessages(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.query(
    sql`UPDATE message SET content = NULL, sealed_content = NULL, extra = NULL
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
}
