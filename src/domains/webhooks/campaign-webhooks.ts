import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit, EventType } from '../../events/index.ts'
import { parse, webAddress } from '../../platform/validation.ts'
import type { World } from '../world.ts'
import { watchesOf } from './create-webhook.ts'
import { deleteWebhookRow, insertWebhook, lockWebhook, updateWebhookRow, type WebhookRow } from './store.ts'

/** The addresses that hear of one campaign in Multisender's form (contract/multisender.md 8). */
export interface CampaignAddresses {
  /** Of each change of its state. */
  stateWebhookUrl: string | null
  /** Of each receiver's result. */
  receiverWebhookUrl: string | null
}

const FORMAT = 'multisender'
const EVENTS: Readonly<Record<keyof CampaignAddresses, EventType>> = {
  stateWebhookUrl: 'campaign.stateChanged',
  receiverWebhookUrl: 'receiver.settled',
}

/**
 * Makes, changes and ends the webhooks of a campaign, as part of the transaction that makes or changes the campaign:
 * null ends one, an absent address stays as it is. Throws VALIDATION_FAILED at once, with the paths of the input.
 */
export function campaignWebhooks(
  world: World,
  workspaceId: string,
  addresses: Partial<CampaignAddresses>,
): (tx: Tx, emit: Emit, campaignId: string) => Promise<void> {
  const asked = (Object.keys(EVENTS) as (keyof CampaignAddresses)[]).flatMap((which) => {
    const url = addresses[which]
    return url === undefined ? [] : [{ which, url: url === null ? null : parse(webAddress(), url, [which]) }]
  })
  return async (tx, emit, campaignId) => {
    if (asked.length === 0) return
    const present = await lockOf(tx, workspaceId, campaignId)
    for (const { which, url } of asked) {
      const eventType = EVENTS[which]
      const webhook = present.find((each) => each.event_types.includes(eventType))
      await keep(world, tx, emit, { workspaceId, campaignId, eventType, webhook, url })
    }
  }
}

/** The addresses of campaigns, by campaign; one that hears of nothing is missing. */
export async function campaignAddresses(
  db: Queryable,
  workspaceId: string,
  campaignIds: readonly string[],
): Promise<Map<string, CampaignAddresses>> {
  const rows = await db.query<{ campaign_id: string; url: string; event_types: EventType[] }>(
    sql`SELECT campaign_id, url, event_types FROM webhook
        WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ANY(${campaignIds}::uuid[])
          AND format = ${FORMAT}::webhook_format AND retired_at IS NULL
        ORDER BY created_at DESC, id DESC`,
  )
  const found = new Map<string, CampaignAddresses>()
  for (const { campaign_id, url, event_types } of rows) {
    const addresses = found.get(campaign_id) ?? { stateWebhookUrl: null, receiverWebhookUrl: null }
    for (const which of Object.keys(EVENTS) as (keyof CampaignAddresses)[]) {
      if (event_types.includes(EVENTS[which])) addresses[which] = url
    }
    found.set(campaign_id, addresses)
  }
  return found
}

/** Those of a campaign. Their feeds are locked, so that nobody else changes them; `lockFeedOf` says why those. */
async function lockOf(tx: Tx, workspaceId: string, campaignId: string): Promise<WebhookRow[]> {
  await tx.query(
    sql`SELECT 1 FROM webhook_feed f JOIN webhook w ON w.workspace_id = f.workspace_id AND w.id = f.webhook_id
        WHERE w.workspace_id = ${workspaceId}::uuid AND w.campaign_id = ${campaignId}::uuid
          AND w.format = ${FORMAT}::webhook_format AND w.retired_at IS NULL
        ORDER BY f.webhook_id FOR UPDATE OF f`,
  )
  return tx.query<WebhookRow>(
    sql`SELECT id, workspace_id, name, url, format, event_types, link_id, campaign_id, enabled, failing_since
        FROM webhook
        WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ${campaignId}::uuid
          AND format = ${FORMAT}::webhook_format AND retired_at IS NULL
        ORDER BY created_at, id`,
  )
}

async function keep(
  world: World,
  tx: Tx,
  emit: Emit,
  {
    workspaceId,
    campaignId,
    eventType,
    webhook,
    url,
  }: {
    workspaceId: string
    campaignId: string
    eventType: EventType
    webhook: WebhookRow | undefined
    url: string | null
  },
): Promise<void> {
  const now = world.clock.now()
  const scope = { format: FORMAT, linkId: null, campaignId } as const
  if (webhook && url !== null) {
    if (url === webhook.url) return
    // Under its lock: an attempt may be disabling it. What is given up is locked after its deliveries.
    if (webhook.enabled && (await lockWebhook(tx, workspaceId, webhook.id))?.enabled) {
      const watches = watchesOf({ ...scope, eventTypes: webhook.event_types })
      await updateWebhookRow(tx, { ...webhook, url, failing_since: null }, watches, now)
      emit('webhook.updated', { webhookId: webhook.id })
      return
    }
  }
  // Another address in the place of one that was given up is a beginning, which clients of this form cannot ask for.
  if (webhook) {
    await deleteWebhookRow(tx, workspaceId, webhook.id)
    emit('webhook.deleted', { webhookId: webhook.id })
  }
  if (url === null) return
  const id = world.newId()
  const watches = watchesOf({ ...scope, eventTypes: [eventType] })
  const made = { ...scope, id, workspaceId, name: null, url, eventTypes: [eventType], watches, enabled: true }
  await insertWebhook(tx, { ...made, sealed: null, now })
  emit('webhook.created', { webhookId: id })
}
