import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { isUuid } from '../../platform/ids.ts'
import type { SmsEvent } from '../../providers/sms/index.ts'
import { lockCampaigns, type MessageKind } from '../campaigns/index.ts'
import type { World } from '../world.ts'
import { MessageBatch } from './message-batch.ts'
import { lockMessages } from './message-row.ts'

export type SmsReceipt = Extract<SmsEvent, { type: 'delivered' | 'failed' }>

/**
 * What became of news about a message: `recorded`, also when it was known; `unknown`, it is about none of ours; `early`, it
 * may be about one that is on its way, whose name at the provider is not recorded yet, and should come again.
 */
export type Reception = 'recorded' | 'unknown' | 'early'

/** Records what a network says of an SMS. It may come late, doubled and out of order. */
export async function recordReceipt(world: World, receipt: SmsReceipt): Promise<Reception> {
  const message = await findMessage(world.db, receipt.providerId)
  if (!message || message.state === 'queued')
    return (await isAnyOnItsWay(world.db, 'sms_broadcast')) ? 'early' : 'unknown'
  await change(world, message, async (tx, batch, rows) => {
    if (receipt.type === 'failed') {
      const { cause, code, at } = receipt
      batch.bounced(...rows, { reason: cause, detail: code === undefined ? cause : `${cause} (${code})` }, at)
    } else if (await areAllDelivered(tx, message, receipt)) batch.delivered(...rows, receipt.at)
  })
  return 'recorded'
}

export interface MessagePlace {
  id: string
  workspaceId: string
  campaignId: string
  state: string
}

type Rows = [Parameters<MessageBatch['delivered']>[0], Parameters<MessageBatch['delivered']>[1]]

/** Changes a message of its campaign, in one transaction. */
export async function change(
  world: World,
  { id, workspaceId, campaignId }: MessagePlace,
  apply: (tx: Tx, batch: MessageBatch, rows: Rows) => Promise<void>,
): Promise<void> {
  await world.events.write(workspaceId, async (tx, emit) => {
    const [campaign] = await lockCampaigns(tx, workspaceId, [campaignId])
    const { messages, receivers } = await lockMessages(tx, workspaceId, [id])
    const message = messages.get(id)!
    const batch = new MessageBatch(tx, emit, campaign!, world.clock.now())
    await apply(tx, batch, [message, receivers.get(message.receiver_id)!])
    await batch.save()
  })
}

/** By a provider's name of it or of one of its parts, or by ours, which gateways may hand back; of several the latest. */
async function findMessage(db: Queryable, providerId: string): Promise<MessagePlace | undefined> {
  const [message] = await db.query<MessagePlace>(
    sql`SELECT m.id, m.workspace_id AS "workspaceId", m.campaign_id AS "campaignId", m.state::text
        FROM outbound_message m
        WHERE m.id IN (
          SELECT id FROM outbound_message WHERE provider_id = ${providerId}
          UNION ALL SELECT message_id FROM outbound_message_part WHERE provider_id = ${providerId}
          UNION ALL SELECT ${isUuid(providerId) ? providerId : null}::uuid
        ) ORDER BY m.created_at DESC, m.id DESC LIMIT 1`,
  )
  return message
}

/** Whether a message of a kind is on its way from any process. */
export async function isAnyOnItsWay(db: Queryable, kind: MessageKind): Promise<boolean> {
  const [row] = await db.query(
    sql`SELECT 1 FROM outbound_message m
        JOIN campaign c ON c.workspace_id = m.workspace_id AND c.id = m.campaign_id AND c.kind = ${kind}::campaign_kind
        WHERE m.due_at IS NOT NULL AND m.state = 'queued' LIMIT 1`,
  )
  return row !== undefined
}

/** Notes the part that arrived. The caller holds the message. */
async function areAllDelivered(
  tx: Tx,
  { id, workspaceId }: MessagePlace,
  { providerId, at }: SmsReceipt,
): Promise<boolean> {
  await tx.query(
    sql`UPDATE outbound_message_part SET delivered_at = coalesce(delivered_at, ${at}::timestamptz)
        WHERE workspace_id = ${workspaceId}::uuid AND message_id = ${id}::uuid AND provider_id = ${providerId}`,
  )
  const [missing] = await tx.query(
    sql`SELECT 1 FROM outbound_message_part
        WHERE workspace_id = ${workspaceId}::uuid AND message_id = ${id}::uuid AND delivered_at IS NULL LIMIT 1`,
  )
  return missing === undefined
}
