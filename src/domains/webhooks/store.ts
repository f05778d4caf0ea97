import type { Queryable, Tx } from '../../db/database.ts'
import { instantText, json, sql } from '../../db/sql.ts'
import type { EventType } from '../../events/index.ts'
import type { WebhookFormatName } from './format.ts'

export type DisabledReason = 'requested' | 'failing' | 'gone'

export interface WebhookRow {
  id: string
  workspace_id: string
  name: string | null
  url: string
  format: WebhookFormatName
  event_types: EventType[]
  link_id: string | null
  enabled: boolean
  failing_since: Date | null
}

/** A webhook as lists show it. The instants are UTC text with microseconds, as `instantText` writes them. */
export interface WebhookView {
  id: string
  name: string | null
  url: string
  format: WebhookFormatName
  eventTypes: EventType[]
  linkId: string | null
  enabled: boolean
  createdAt: string
  updatedAt: string
}

const columns = sql`id, workspace_id, name, url, format, event_types, link_id, enabled, failing_since`
const view = sql`id, name, url, format, event_types AS "eventTypes", link_id AS "linkId", enabled,
  ${instantText(sql`created_at`)} AS "createdAt", ${instantText(sql`updated_at`)} AS "updatedAt"`

export async function insertWebhook(
  tx: Tx,
  webhook: {
    id: string
    workspaceId: string
    name: string | null
    url: string
    format: WebhookFormatName
    eventTypes: readonly EventType[]
    watches: readonly EventType[]
    linkId: string | null
    enabled: boolean
    /** Encrypted; null: unsigned. */
    sealed: string | null
    now: Date
  },
): Promise<void> {
  const { id, workspaceId, now } = webhook
  // Constraints are judged at the end of a statement, so all three rows can be one.
  await tx.query(
    sql`WITH made AS (
          INSERT INTO webhook (id, workspace_id, name, url, format, event_types, link_id, enabled, disabled_reason,
                               disabled_at, created_at, updated_at)
          VALUES (${id}::uuid, ${workspaceId}::uuid, ${webhook.name}, ${webhook.url}, ${webhook.format}::webhook_format,
                  ${webhook.eventTypes}::text[], ${webhook.linkId}::uuid, ${webhook.enabled},
                  ${webhook.enabled ? null : 'requested'}::webhook_disabled_reason,
                  ${webhook.enabled ? null : now}::timestamptz, ${now}::timestamptz, ${now}::timestamptz)
        ), keyed AS (
          INSERT INTO webhook_secret (webhook_id, workspace_id, sealed)
          SELECT ${id}::uuid, ${workspaceId}::uuid, sealed FROM (VALUES (${webhook.sealed}::text)) AS given(sealed)
          WHERE sealed IS NOT NULL
        )
        INSERT INTO webhook_feed (webhook_id, workspace_id, position, watches, stream_id)
        SELECT ${id}::uuid, ${workspaceId}::uuid, position, ${webhook.watches}::text[], ${webhook.linkId}::uuid
        FROM event_head WHERE workspace_id = ${workspaceId}::uuid`,
  )
}

/** Locks the webhook until the transaction ends; undefined for an unknown one and, unless asked for, a retired one. */
export async function lockWebhook(
  tx: Tx,
  workspaceId: string,
  id: string,
  which: 'living' | 'retired too' = 'living',
): Promise<WebhookRow | undefined> {
  const living = which === 'living' ? sql`AND retired_at IS NULL` : sql``
  const [row] = await tx.query<WebhookRow>(
    sql`SELECT ${columns} FROM webhook
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid ${living} FOR UPDATE`,
  )
  return row
}

export async function findWebhook(db: Queryable, workspaceId: string, id: string): Promise<WebhookRow | undefined> {
  const [row] = await db.query<WebhookRow>(
    sql`SELECT ${columns} FROM webhook
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND retired_at IS NULL`,
  )
  return row
}

/** Newest first. */
export function selectWebhookViews(db: Queryable, workspaceId: string): Promise<WebhookView[]> {
  return db.query<WebhookView>(
    sql`SELECT ${view} FROM webhook WHERE workspace_id = ${workspaceId}::uuid AND retired_at IS NULL
        ORDER BY webhook.created_at DESC, id DESC`,
  )
}

export async function selectWebhookView(
  db: Queryable,
  workspaceId: string,
  id: string,
): Promise<WebhookView | undefined> {
  const [row] = await db.query<WebhookView>(
    sql`SELECT ${view} FROM webhook
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND retired_at IS NULL`,
  )
  return row
}

/** Writes name, address and types of a webhook; what it watches goes to its feed. */
export async function updateWebhookRow(
  tx: Tx,
  webhook: WebhookRow,
  watches: readonly EventType[],
  now: Date,
): Promise<void> {
  const { id, workspace_id: workspaceId } = webhook
  await tx.query(
    sql`UPDATE webhook SET name = ${webhook.name}, url = ${webhook.url}, event_types = ${webhook.event_types}::text[],
               failing_since = ${webhook.failing_since}::timestamptz, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
  await tx.query(
    sql`UPDATE webhook_feed SET watches = ${watches}::text[]
        WHERE workspace_id = ${workspaceId}::uuid AND webhook_id = ${id}::uuid`,
  )
}

/** Whether there was one to delete. Its deliveries go with it. */
export async function deleteWebhookRow(tx: Tx, workspaceId: string, id: string): Promise<boolean> {
  const rows = await tx.query(
    sql`DELETE FROM webhook WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND retired_at IS NULL
        RETURNING id`,
  )
  return rows.length > 0
}

/** Enables or disables; false when it is so already. */
export async function setWebhookEnabled(
  tx: Tx,
  workspaceId: string,
  id: string,
  disabled: DisabledReason | null,
  now: Date,
): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE webhook SET enabled = ${disabled === null}, disabled_reason = ${disabled}::webhook_disabled_reason,
               disabled_at = ${disabled === null ? null : now}::timestamptz, failing_since = NULL,
               updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND enabled = ${disabled !== null} RETURNING id`,
  )
  return rows.length > 0
}

/** Ends a webhook whose link is gone: it is listed no more; what it has still to deliver goes out. */
export async function retireWebhook(tx: Tx, workspaceId: string, id: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE webhook SET retired_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND retired_at IS NULL`,
  )
}

export interface SecretRow {
  sealed: string
  previous_sealed: string | null
  /** As JSON or as the driver reads it. */
  previous_until: Date | string | null
}

export async function findSecret(db: Queryable, workspaceId: string, id: string): Promise<SecretRow | undefined> {
  const [row] = await db.query<SecretRow>(
    sql`SELECT sealed, previous_sealed, previous_until FROM webhook_secret
        WHERE workspace_id = ${workspaceId}::uuid AND webhook_id = ${id}::uuid`,
  )
  return row
}

/** Puts a secret in the place of the present one, if there is one, which stays valid until `previousUntil`. */
export async function replaceSecret(
  tx: Tx,
  workspaceId: string,
  id: string,
  sealed: string,
  previousUntil: Date,
): Promise<void> {
  await tx.query(
    sql`INSERT INTO webhook_secret (webhook_id, workspace_id, sealed) VALUES (${id}::uuid, ${workspaceId}::uuid, ${sealed})
        ON CONFLICT (webhook_id) DO UPDATE SET sealed = excluded.sealed, previous_sealed = webhook_secret.sealed,
          previous_until = ${previousUntil}::timestamptz`,
  )
}

// The feed -------------------------------------------------------------------------------------------------------

/** Webhooks that have something to read: enabled, and behind an event that concerns them. */
export async function webhooksWithNews(
  db: Queryable,
  limit: number,
): Promise<{ webhook_id: string; workspace_id: string }[]> {
  return db.query(
    sql`SELECT f.webhook_id, f.workspace_id
        FROM webhook_feed f
        JOIN webhook w ON w.workspace_id = f.workspace_id AND w.id = f.webhook_id AND w.enabled AND w.retired_at IS NULL
        JOIN event_head h ON h.workspace_id = f.workspace_id AND h.position > f.position
        WHERE EXISTS (
          SELECT 1 FROM event e
          WHERE e.workspace_id = f.workspace_id AND e.position > f.position AND e.type = ANY(f.watches)
            AND (f.stream_id IS NULL OR e.stream_id = f.stream_id)
        ) OR h.pruned > f.position
        LIMIT ${limit}::int`,
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
    sql`SELECT w.id, w.workspace_id, w.name, w.url, w.format, w.event_types, w.link_id, w.enabled, w.failing_since,
               f.position, f.watches, f.stream_id
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
          AND NOT EXISTS (
            SELECT 1 FROM event e
            WHERE e.workspace_id = f.workspace_id AND e.position > f.position AND e.type = ANY(f.watches)
              AND (f.stream_id IS NULL OR e.stream_id = f.stream_id)
          )
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
                                      occurred_at, payload, state, due_at, created_at)
        SELECT d.id, ${workspaceId}::uuid, ${webhookId}::uuid, d."eventId", d."eventType", d.position, d."orderKey",
               d."occurredAt", d.payload, 'pending', d."dueAt", ${now}::timestamptz
        FROM jsonb_to_recordset(${json(deliveries)}::jsonb)
          AS d(id uuid, "eventId" uuid, "eventType" text, position bigint, "orderKey" uuid, "occurredAt" timestamptz,
               payload jsonb, "dueAt" timestamptz)
        ON CONFLICT (webhook_id, event_id) DO UPDATE
          SET state = 'pending', due_at = excluded.due_at, settled_at = NULL, attempts_since_start = 0
          WHERE webhook_delivery.state <> 'pending'`,
  )
}

/** Lets deliveries that wait for something happen now: those of these keys that were not attempted yet. */
export async function hurryDeliveries(
  tx: Tx,
  webhookId: string,
  eventType: EventType,
  orderKeys: readonly string[],
  now: Date,
): Promise<void> {
  await tx.query(
    sql`UPDATE webhook_delivery SET due_at = ${now}::timestamptz
        WHERE webhook_id = ${webhookId}::uuid AND state = 'pending' AND order_key = ANY(${orderKeys}::uuid[])
          AND event_type = ${eventType} AND attempts_since_start = 0 AND due_at > ${now}::timestamptz`,
  )
}

// Deliveries -----------------------------------------------------------------------------------------------------

export interface ClaimedDelivery {
  id: string
  workspace_id: string
  webhook_id: string
  event_id: string
  event_type: EventType
  position: number
  occurred_at: Date
  payload: Record<string, unknown>
  attempts_since_start: number
  url: string
  format: WebhookFormatName
  /** Null: unsigned. */
  secret: SecretRow | null
}

export interface ClaimRoom {
  /** Of one webhook that works, and of one that has been failing. */
  perWebhook: number
  perFailing: number
  /** In all. */
  total: number
  /** How many of each webhook this process has in flight. */
  busy: ReadonlyMap<string, number>
}

/**
 * Takes due deliveries for this process until `lease`: no more of each webhook than it has room for, so that none
 * takes the room of another, and of equal order keys only the first.
 */
export async function claimDeliveries(
  db: Queryable,
  now: Date,
  lease: Date,
  { perWebhook, perFailing, total, busy }: ClaimRoom,
): Promise<ClaimedDelivery[]> {
  return db.query<ClaimedDelivery>(
    sql`WITH waiting AS (
          SELECT DISTINCT webhook_id FROM webhook_delivery WHERE state = 'pending' AND due_at <= ${now}::timestamptz
        ), open AS (
          SELECT w.id, w.url, w.format,
                 (CASE WHEN w.failing_since IS NULL THEN ${perWebhook}::int ELSE ${perFailing}::int END)
                   - coalesce(b.count, 0) AS room
          FROM waiting JOIN webhook w ON w.id = waiting.webhook_id AND w.enabled
          LEFT JOIN unnest(${[...busy.keys()]}::uuid[], ${[...busy.values()]}::int[]) AS b(id, count) ON b.id = w.id
        ), picked AS (
          SELECT due.id, open.url, open.format,
                 (SELECT jsonb_build_object('sealed', s.sealed, 'previous_sealed', s.previous_sealed,
                                            'previous_until', s.previous_until)
                  FROM webhook_secret s WHERE s.webhook_id = open.id) AS secret
          FROM open CROSS JOIN LATERAL (
            SELECT d.id FROM webhook_delivery d
            WHERE d.webhook_id = open.id AND d.state = 'pending' AND d.due_at <= ${now}::timestamptz
              AND NOT EXISTS (
                SELECT 1 FROM webhook_delivery earlier
                WHERE earlier.webhook_id = d.webhook_id AND earlier.order_key = d.order_key
                  AND earlier.state = 'pending' AND earlier.position < d.position
              )
            ORDER BY d.due_at, d.position LIMIT greatest(0, open.room) FOR UPDATE SKIP LOCKED
          ) due
          LIMIT ${total}::int
        )
        UPDATE webhook_delivery d SET due_at = ${lease}::timestamptz
        FROM picked WHERE d.id = picked.id
        RETURNING d.id, d.workspace_id, d.webhook_id, d.event_id, d.event_type, d.position, d.occurred_at, d.payload,
                  d.attempts_since_start, picked.url, picked.format, picked.secret`,
  )
}

export interface AttemptRecord {
  id: string
  workspaceId: string
  deliveryId: string
  url: string
  startedAt: Date
  durationMs: number
  statusCode: number | null
  failure: string | null
  message: string | null
  responseBody: string | null
}

/** Adds an attempt to the log of its delivery; false when the delivery is gone, with its webhook. */
export async function insertAttempt(tx: Tx, attempt: AttemptRecord): Promise<boolean> {
  const rows = await tx.query(
    sql`WITH counted AS (
          UPDATE webhook_delivery SET attempt_count = attempt_count + 1
          WHERE workspace_id = ${attempt.workspaceId}::uuid AND id = ${attempt.deliveryId}::uuid RETURNING attempt_count
        )
        INSERT INTO webhook_attempt (id, workspace_id, delivery_id, number, url, started_at, duration_ms, status_code,
                                     failure, message, response_body)
        SELECT ${attempt.id}::uuid, ${attempt.workspaceId}::uuid, ${attempt.deliveryId}::uuid, counted.attempt_count,
               ${attempt.url}, ${attempt.startedAt}::timestamptz, ${attempt.durationMs}::int,
               ${attempt.statusCode}::int, ${attempt.failure}::attempt_failure, ${attempt.message},
               ${attempt.responseBody}
        FROM counted RETURNING id`,
  )
  return rows.length > 0
}

/**
 * Records an attempt that worked, in one statement, since nearly all do: the attempt, the delivery settled if it is
 * pending still, and the webhook well again. Nothing happens when the delivery is gone, with its webhook.
 */
export async function recordSuccess(
  db: Queryable,
  attempt: AttemptRecord,
  webhookId: string,
  now: Date,
): Promise<void> {
  await db.query(
    sql`WITH settled AS (
          UPDATE webhook_delivery SET attempt_count = attempt_count + 1, attempts_since_start = attempts_since_start + 1,
                 state = CASE WHEN state = 'pending' THEN 'succeeded' ELSE state END, due_at = NULL,
                 settled_at = CASE WHEN state = 'pending' THEN ${now}::timestamptz ELSE settled_at END
          WHERE workspace_id = ${attempt.workspaceId}::uuid AND id = ${attempt.deliveryId}::uuid
          RETURNING attempt_count
        ), well AS (
          UPDATE webhook SET failing_since = NULL
          WHERE workspace_id = ${attempt.workspaceId}::uuid AND id = ${webhookId}::uuid AND failing_since IS NOT NULL
        )
        INSERT INTO webhook_attempt (id, workspace_id, delivery_id, number, url, started_at, duration_ms, status_code,
                                     response_body)
        SELECT ${attempt.id}::uuid, ${attempt.workspaceId}::uuid, ${attempt.deliveryId}::uuid, settled.attempt_count,
               ${attempt.url}, ${attempt.startedAt}::timestamptz, ${attempt.durationMs}::int,
               ${attempt.statusCode}::int, ${attempt.responseBody}
        FROM settled`,
  )
}

/** Settles a pending delivery; false when it is pending no more. */
export async function settleDelivery(
  tx: Tx,
  delivery: ClaimedDelivery,
  state: 'dead' | 'cancelled',
  now: Date,
): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE webhook_delivery SET state = ${state}::delivery_state, due_at = NULL, settled_at = ${now}::timestamptz,
               attempts_since_start = attempts_since_start + 1
        WHERE workspace_id = ${delivery.workspace_id}::uuid AND id = ${delivery.id}::uuid AND state = 'pending'
        RETURNING id`,
  )
  return rows.length > 0
}

/** Whether this process still has the delivery for itself: its lease is the one it took. Locks it when so. */
export async function holdsLease(tx: Tx, delivery: ClaimedDelivery, lease: Date): Promise<boolean> {
  const rows = await tx.query(
    sql`SELECT 1 FROM webhook_delivery
        WHERE workspace_id = ${delivery.workspace_id}::uuid AND id = ${delivery.id}::uuid AND state = 'pending'
          AND due_at = ${lease}::timestamptz FOR UPDATE`,
  )
  return rows.length > 0
}

export async function postponeDelivery(tx: Tx, delivery: ClaimedDelivery, dueAt: Date): Promise<void> {
  await tx.query(
    sql`UPDATE webhook_delivery SET due_at = ${dueAt}::timestamptz, attempts_since_start = attempts_since_start + 1
        WHERE workspace_id = ${delivery.workspace_id}::uuid AND id = ${delivery.id}::uuid`,
  )
}

/** Notes when attempts began to fail; one that failed before keeps its moment. */
export async function noteFailure(tx: Tx, workspaceId: string, webhookId: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE webhook SET failing_since = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${webhookId}::uuid AND failing_since IS NULL`,
  )
}

export interface DeliveryRow {
  id: string
  webhook_id: string
  state: 'pending' | 'succeeded' | 'dead' | 'cancelled'
}

/** Locks a delivery until the transaction ends. */
export async function lockDelivery(tx: Tx, workspaceId: string, id: string): Promise<DeliveryRow | undefined> {
  const [row] = await tx.query<DeliveryRow>(
    sql`SELECT d.id, d.webhook_id, d.state FROM webhook_delivery d
        WHERE d.workspace_id = ${workspaceId}::uuid AND d.id = ${id}::uuid FOR UPDATE`,
  )
  return row
}

/** Begins a delivery anew, at once. */
export async function restartDelivery(tx: Tx, workspaceId: string, id: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE webhook_delivery SET state = 'pending', due_at = ${now}::timestamptz, settled_at = NULL,
               attempts_since_start = 0
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}

/** The delivery of an event to a webhook, if there is one. */
export async function findDeliveryOf(db: Queryable, webhookId: string, eventId: string): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>(
    sql`SELECT id FROM webhook_delivery WHERE webhook_id = ${webhookId}::uuid AND event_id = ${eventId}::uuid`,
  )
  return row?.id
}

/** How many deliveries one statement of the clean-up removes, so that none runs for long. */
const PRUNE_BATCH = 2_000

/** Removes settled deliveries that are older than their workspace keeps events. Returns how many went. */
export async function deleteOldDeliveries(db: Queryable, now: Date): Promise<number> {
  const rows = await db.query(
    sql`DELETE FROM webhook_delivery WHERE id IN (
          SELECT d.id FROM webhook_delivery d JOIN workspace w ON w.id = d.workspace_id
          WHERE d.settled_at < ${now}::timestamptz - make_interval(days => w.event_retention_days)
          LIMIT ${PRUNE_BATCH}::int
        ) RETURNING id`,
  )
  return rows.length
}

/** Removes retired webhooks whose deliveries are all gone. Returns how many. */
export async function deleteRetiredWebhooks(db: Queryable): Promise<number> {
  const rows = await db.query(
    sql`DELETE FROM webhook w WHERE retired_at IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = w.id)
        RETURNING id`,
  )
  return rows.length
}

export async function failingSinceOf(tx: Tx, workspaceId: string, webhookId: string): Promise<Date | null> {
  const [row] = await tx.query<{ failing_since: Date | null }>(
    sql`SELECT failing_since FROM webhook WHERE workspace_id = ${workspaceId}::uuid AND id = ${webhookId}::uuid`,
  )
  return row?.failing_since ?? null
}

/** The position of the last event of these types, and of this link; undefined when the log keeps none. */
export async function lastEventFor(
  db: Queryable,
  workspaceId: string,
  types: readonly EventType[],
  linkId: string | null,
): Promise<number | undefined> {
  const ofLink = linkId === null ? sql`` : sql`AND stream_id = ${linkId}::uuid`
  const [row] = await db.query<{ position: number | null }>(
    sql`SELECT max(position) AS position FROM event
        WHERE workspace_id = ${workspaceId}::uuid AND type = ANY(${types}::text[]) ${ofLink}`,
  )
  return row?.position ?? undefined
}

/** Holds the link against deletion until the transaction ends; false when the workspace has no such link. */
export async function holdLivingLink(tx: Tx, workspaceId: string, linkId: string): Promise<boolean> {
  const rows = await tx.query(
    sql`SELECT 1 FROM link WHERE workspace_id = ${workspaceId}::uuid AND id = ${linkId}::uuid AND deleted_at IS NULL
        FOR SHARE`,
  )
  return rows.length > 0
}

/** Forgets what receivers answered to deliveries about responses: they may have repeated what they were sent. */
export async function forgetAnswersOfReceivers(
  tx: Tx,
  workspaceId: string,
  responseIds: readonly string[],
): Promise<void> {
  await tx.query(
    sql`UPDATE webhook_attempt a SET response_body = NULL FROM webhook_delivery d
        WHERE d.workspace_id = ${workspaceId}::uuid AND d.order_key = ANY(${responseIds}::uuid[])
          AND a.workspace_id = d.workspace_id AND a.delivery_id = d.id`,
  )
}
