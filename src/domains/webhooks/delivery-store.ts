import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { EventType } from '../../events/index.ts'
import type { WebhookFormatName } from './format.ts'
import type { SecretRow } from './store.ts'

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
 * takes the room of another, and of equal order keys only the first. Those of a workspace that nobody can enter any more
 * stay.
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
          JOIN workspace ON workspace.id = w.workspace_id AND workspace.deactivated_at IS NULL
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
        UPDATE webhook_delivery d SET due_at = ${lease}::timestamptz, held_back = false
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

/**
 * Adds an attempt to the log of its delivery; false when the delivery is gone, with its webhook. What was answered is left
 * out when whom the delivery is about was erased meanwhile.
 */
export async function insertAttempt(tx: Tx, attempt: AttemptRecord): Promise<boolean> {
  const rows = await tx.query(
    sql`WITH counted AS (
          UPDATE webhook_delivery SET attempt_count = attempt_count + 1
          WHERE workspace_id = ${attempt.workspaceId}::uuid AND id = ${attempt.deliveryId}::uuid
          RETURNING attempt_count, forgotten
        )
        INSERT INTO webhook_attempt (id, workspace_id, delivery_id, number, url, started_at, duration_ms, status_code,
                                     failure, message, response_body)
        SELECT ${attempt.id}::uuid, ${attempt.workspaceId}::uuid, ${attempt.deliveryId}::uuid, counted.attempt_count,
               ${attempt.url}, ${attempt.startedAt}::timestamptz, ${attempt.durationMs}::int,
               ${attempt.statusCode}::int, ${attempt.failure}::attempt_failure, ${attempt.message},
               CASE WHEN NOT counted.forgotten THEN ${attempt.responseBody} END
        FROM counted RETURNING id`,
  )
  return rows.length > 0
}

/**
 * Records an attempt that worked, in one statement, since nearly all do: the attempt, the delivery settled if it is
 * pending still, and the webhook well again. Nothing happens when the delivery is gone, with its webhook. What was
 * answered is left out when whom the delivery is about was erased meanwhile.
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
          RETURNING attempt_count, forgotten
        ), well AS (
          UPDATE webhook SET failing_since = NULL
          WHERE workspace_id = ${attempt.workspaceId}::uuid AND id = ${webhookId}::uuid AND failing_since IS NOT NULL
        )
        INSERT INTO webhook_attempt (id, workspace_id, delivery_id, number, url, started_at, duration_ms, status_code,
                                     response_body)
        SELECT ${attempt.id}::uuid, ${attempt.workspaceId}::uuid, ${attempt.deliveryId}::uuid, settled.attempt_count,
               ${attempt.url}, ${attempt.startedAt}::timestamptz, ${attempt.durationMs}::int,
               ${attempt.statusCode}::int, CASE WHEN NOT settled.forgotten THEN ${attempt.responseBody} END
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
               attempts_since_start = 0, held_back = false
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
          LIMIT ${PRUNE_BATCH}::int FOR UPDATE OF d SKIP LOCKED
        ) RETURNING id`,
  )
  return rows.length
}

/**
 * Forgets what was answered to deliveries about these responses, respondents, receivers of campaigns and contacts: it may
 * repeat what was sent. Attempts that are under way leave nothing either.
 */
export async function forgetAnswersOfReceivers(
  tx: Tx,
  workspaceId: string,
  orderKeys: readonly string[],
): Promise<void> {
  await tx.query(
    sql`WITH told AS (
          SELECT id FROM webhook_delivery
          WHERE workspace_id = ${workspaceId}::uuid AND order_key = ANY(${orderKeys}::uuid[]) ORDER BY id FOR UPDATE
        )
        UPDATE webhook_delivery SET forgotten = true
        WHERE workspace_id = ${workspaceId}::uuid AND id IN (SELECT id FROM told)`,
  )
  // By a look of its own: an attempt may have been recorded while the first waited for its delivery.
  await tx.query(
    sql`UPDATE webhook_attempt a SET response_body = NULL FROM webhook_delivery d
        WHERE d.workspace_id = ${workspaceId}::uuid AND d.order_key = ANY(${orderKeys}::uuid[])
          AND a.workspace_id = d.workspace_id AND a.delivery_id = d.id`,
  )
}
