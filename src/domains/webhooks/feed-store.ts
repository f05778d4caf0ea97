import type { Queryable, Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { EventType } from '../../events/index.ts'
import type { WebhookRow } from './store.ts'

/** Events after its position that a feed (`f`) watches. */
const concerning = sql`SELECT 1 FROM event e
  WHERE e.workspace_id = f.workspace_id AND e.position > f.position AND e.type = ANY(f.watches)
    AND (f.stream_id IS NULL OR e.stream_id = f.stream_id)`

/**
 * Webhooks that have something to read: enabled, behind an event that concerns them, and with less than `full` waiting. In
 * a random order, so that none is always beyond the limit.
 */
export async function webhooksWithNews(
  db: Queryable,
  { limit, full }: { limit: number; full: number },
): Promise<{ webhook_id: string; workspace_id: string }[]> {
  return db.query(
    sql`SELECT f.webhook_id, f.workspace_id
        FROM webhook_feed f
        JOIN webhook w ON w.workspace_id = f.workspace_id AND w.id = f.webhook_id AND w.enabled AND w.retired_at IS NULL
        JOIN event_head h ON h.workspace_id = f.workspace_id AND h.position > f.position
        JOIN workspace s ON s.id = f.workspace_id AND s.deactivated_at IS NULL
        WHERE (EXISTS (${concerning}) OR h.pruned > f.position)
          AND NOT EXISTS (
            SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = f.webhook_id AND d.state = 'pending'
            OFFSET ${full - 1}::int
          )
        ORDER BY random() LIMIT ${limit}::int`,
  )
}

export interface FeedRow extends WebhookRow {
  position: number
  watches: EventType[]
  stream_id: string | null
}

/** Takes the feed of a webhook for this transaction; undefined when another has it or there is nothing to feed. */
export async function takeFeed(tx: Tx, workspaceId: string, webhookId: string): Promise<FeedRow | undefined> {
  const [row] = await tx.query<FeedRow>(
    sql`SELECT w.id, w.workspace_id, w.name, w.url, w.format, w.event_types, w.link_id, w.campaign_id, w.enabled,
               w.failing_since, f.position, f.watches, f.stream_id
        FROM webhook_feed f JOIN webhook w ON w.workspace_id = f.workspace_id AND w.id = f.webhook_id
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.webhook_id = ${webhookId}::uuid
          AND w.enabled AND w.retired_at IS NULL
        FOR UPDATE OF f SKIP LOCKED`,
  )
  return row
}

export async function countPending(db: Queryable, webhookId: string, upTo: number): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM (
          SELECT 1 FROM webhook_delivery WHERE webhook_id = ${webhookId}::uuid AND state = 'pending' LIMIT ${upTo}::int
        ) pending`,
  )
  return row!.count
}

export async function moveFeed(tx: Tx, workspaceId: string, webhookId: string, position: number): Promise<void> {
  await tx.query(
    sql`UPDATE webhook_feed SET position = ${position}::bigint
        WHERE workspace_id = ${workspaceId}::uuid AND webhook_id = ${webhookId}::uuid`,
  )
}

/** Moves a feed back, never forward, so that what follows is read again. */
export async function rewindFeed(tx: Tx, workspaceId: string, webhookId: string, position: number): Promise<void> {
  await tx.query(
    sql`UPDATE webhook_feed SET position = least(position, ${position}::bigint)
        WHERE workspace_id = ${workspaceId}::uuid AND webhook_id = ${webhookId}::uuid`,
  )
}

/**
 * Moves feeds that are far behind, but behind nothing that concerns them, to the end of their log, so that retention
 * never passes them. Returns how many.
 */
export async function moveIdleFeeds(db: Queryable, lag: number): Promise<number> {
  const rows = await db.query(
    sql`UPDATE webhook_feed f SET position = h.position
        FROM event_head h
        WHERE h.workspace_id = f.workspace_id AND h.position > f.position + ${lag}::int AND h.pruned <= f.position
          AND NOT EXISTS (${concerning})
          AND f.webhook_id IN (SELECT id FROM webhook WHERE enabled AND retired_at IS NULL)
        RETURNING f.webhook_id`,
  )
  return rows.length
}

export interface NewDelivery {
  id: string
  eventId: string
  eventType: EventType
  position: number
  orderKey: string
  occurredAt: Date
  payload: object
  dueAt: Date
  /** Whether it waits until then for something that may happen before. */
  heldBack: boolean
}

/** Deliveries for events; one that was settled before (a replay) begins anew under the id it had. */
export async function insertDeliveries(
  tx: Tx,
  workspaceId: string,
  webhookId: string,
  deliveries: readonly NewDelivery[],
  now: Date,
): Promise<void> {
  if (deliveries.length === 0) return
  await tx.query(
    sql`INSERT INTO webhook_delivery (id, workspace_id, webhook_id, event_id, event_type, position, order_key,
                                      occurred_at, payload, state, due_at, held_back, created_at)
        SELECT d.id, ${workspaceId}::uuid, ${webhookId}::uuid, d."eventId", d."eventType", d.position, d."orderKey",
               d."occurredAt", d.payload, 'pending', d."dueAt", d."heldBack",
               ${now}::timestamptz
        FROM jsonb_to_recordset(${json(deliveries)}::jsonb)
          AS d(id uuid, "eventId" uuid, "eventType" text, position bigint, "orderKey" uuid, "occurredAt" timestamptz,
               payload jsonb, "dueAt" timestamptz, "heldBack" boolean)
        ON CONFLICT (webhook_id, event_id) DO UPDATE
          SET state = 'pending', due_at = excluded.due_at, held_back = excluded.held_back, settled_at = NULL,
              attempts_since_start = 0
          WHERE webhook_delivery.state <> 'pending'`,
  )
}

/** Lets deliveries that are held back go now: those of these keys, and none that is on its way already. */
export async function hurryDeliveries(
  tx: Tx,
  webhookId: string,
  eventType: EventType,
  orderKeys: readonly string[],
  now: Date,
): Promise<void> {
  await tx.query(
    sql`UPDATE webhook_delivery SET due_at = ${now}::timestamptz, held_back = false
        WHERE webhook_id = ${webhookId}::uuid AND state = 'pending' AND order_key = ANY(${orderKeys}::uuid[])
          AND event_type = ${eventType} AND held_back AND due_at > ${now}::timestamptz`,
  )
}

/** The position of the last event of these types, and of this link or campaign; undefined when the log keeps none. */
export async function lastEventFor(
  db: Queryable,
  workspaceId: string,
  types: readonly EventType[],
  streamId: string | null,
): Promise<number | undefined> {
  const ofStream = streamId === null ? sql`` : sql`AND stream_id = ${streamId}::uuid`
  const [row] = await db.query<{ position: number | null }>(
    sql`SELECT max(position) AS position FROM event
        WHERE workspace_id = ${workspaceId}::uuid AND type = ANY(${types}::text[]) ${ofStream}`,
  )
  return row?.position ?? undefined
}
