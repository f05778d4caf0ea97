import type { Queryable, Tx } from '../../db/database.ts'
import { instantText, sql } from '../../db/sql.ts'
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
  campaign_id: string | null
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

const columns = sql`id, workspace_id, name, url, format, event_types, link_id, campaign_id, enabled, failing_since`
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
    campaignId: string | null
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
          INSERT INTO webhook (id, workspace_id, name, url, format, event_types, link_id, campaign_id, enabled,
                               disabled_reason, disabled_at, created_at, updated_at)
          VALUES (${id}::uuid, ${workspaceId}::uuid, ${webhook.name}, ${webhook.url}, ${webhook.format}::webhook_format,
                  ${webhook.eventTypes}::text[], ${webhook.linkId}::uuid, ${webhook.campaignId}::uuid, ${webhook.enabled},
                  ${webhook.enabled ? null : 'requested'}::webhook_disabled_reason,
                  ${webhook.enabled ? null : now}::timestamptz, ${now}::timestamptz, ${now}::timestamptz)
        ), keyed AS (
          INSERT INTO webhook_secret (webhook_id, workspace_id, sealed)
          SELECT ${id}::uuid, ${workspaceId}::uuid, sealed FROM (VALUES (${webhook.sealed}::text)) AS given(sealed)
          WHERE sealed IS NOT NULL
        )
        INSERT INTO webhook_feed (webhook_id, workspace_id, position, watches, stream_id)
        SELECT ${id}::uuid, ${workspaceId}::uuid, position, ${webhook.watches}::text[],
               ${webhook.linkId ?? webhook.campaignId}::uuid
        FROM event_head WHERE workspace_id = ${workspaceId}::uuid`,
  )
}

/**
 * Locks the webhook until the transaction ends; undefined for an unknown one and, unless asked for, a retired one. Whoever
 * writes its feed as well takes that first: `lockFeedOf`.
 */
export async function lockWebhook(
  tx: Tx,
  workspaceId: string,
  id: string,
  which: 'living' | 'retired too' = 'living',
): Promise<WebhookRow | undefined> {
  const living = which === 'living' ? sql`AND retired_at IS NULL` : sql``
  const [row] = await tx.query<WebhookRow>(
    sql`SELECT ${columns} FROM webhook
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid ${living} FOR NO KEY UPDATE`,
  )
  return row
}

/**
 * Locks the feed of a webhook. Everybody takes the feed, then deliveries, then the webhook, as feeding and recording do:
 * in another order two could wait for each other.
 */
export async function lockFeedOf(tx: Tx, workspaceId: string, id: string): Promise<void> {
  await tx.query(
    sql`SELECT 1 FROM webhook_feed WHERE workspace_id = ${workspaceId}::uuid AND webhook_id = ${id}::uuid FOR UPDATE`,
  )
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

/** What a webhook is about, when not about the whole workspace: the stream of its events. */
export function streamOf({ link_id, campaign_id }: Pick<WebhookRow, 'link_id' | 'campaign_id'>): string | null {
  return link_id ?? campaign_id
}

/** Whether there was one to delete. Its deliveries go with it. */
export async function deleteWebhookRow(tx: Tx, workspaceId: string, id: string): Promise<boolean> {
  await lockFeedOf(tx, workspaceId, id)
  // They would go with it, but it would be locked before them.
  await tx.query(
    sql`DELETE FROM webhook_delivery WHERE id IN (
          SELECT d.id FROM webhook_delivery d
          JOIN webhook w ON w.workspace_id = d.workspace_id AND w.id = d.webhook_id AND w.retired_at IS NULL
          WHERE d.workspace_id = ${workspaceId}::uuid AND d.webhook_id = ${id}::uuid ORDER BY d.id FOR UPDATE OF d
        )`,
  )
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

/** Ends a webhook whose link or campaign is gone: it is listed no more; what it has still to deliver goes out. */
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

/**
 * Puts a secret in the place of the present one, which stays valid until `previousUntil`. Whether there was one.
 */
export async function replaceSecret(
  tx: Tx,
  workspaceId: string,
  id: string,
  sealed: string,
  previousUntil: Date,
): Promise<boolean> {
  const [row] = await tx.query<{ had: boolean }>(
    sql`INSERT INTO webhook_secret (webhook_id, workspace_id, sealed) VALUES (${id}::uuid, ${workspaceId}::uuid, ${sealed})
        ON CONFLICT (webhook_id) DO UPDATE SET sealed = excluded.sealed, previous_sealed = webhook_secret.sealed,
          previous_until = ${previousUntil}::timestamptz
        RETURNING previous_sealed IS NOT NULL AS had`,
  )
  return row!.had
}

/** Notes when attempts began to fail; one that failed before keeps its moment. */
export async function noteFailure(tx: Tx, workspaceId: string, webhookId: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE webhook SET failing_since = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${webhookId}::uuid AND failing_since IS NULL`,
  )
}

export async function failingSinceOf(tx: Tx, workspaceId: string, webhookId: string): Promise<Date | null> {
  const [row] = await tx.query<{ failing_since: Date | null }>(
    sql`SELECT failing_since FROM webhook WHERE workspace_id = ${workspaceId}::uuid AND id = ${webhookId}::uuid`,
  )
  return row?.failing_since ?? null
}

/** Holds the link against deletion until the transaction ends; false when the workspace has no such link. */
export async function holdLivingLink(tx: Tx, workspaceId: string, linkId: string): Promise<boolean> {
  const rows = await tx.query(
    sql`SELECT 1 FROM link WHERE workspace_id = ${workspaceId}::uuid AND id = ${linkId}::uuid AND deleted_at IS NULL
        FOR SHARE`,
  )
  return rows.length > 0
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
