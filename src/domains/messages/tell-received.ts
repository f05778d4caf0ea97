import { sql } from '../../db/sql.ts'
import type { SmsEvent } from '../../providers/sms/index.ts'
import type { World } from '../world.ts'

export type InboundSms = Extract<SmsEvent, { type: 'inbound' }>

/**
 * Says that somebody texted back, to the workspace that texted the number last and not before `since`: the sender does not
 * say whom it is for. Nothing of it is kept. What a provider brings again under its own name has the same id again.
 */
export async function tellReceived(world: World, sms: InboundSms, since: Date): Promise<void> {
  // One message, however many parts its sender's phone made of it.
  if (sms.part && sms.part.number !== 1) return
  const [answered] = await world.db.query<{
    workspace_id: string
    campaign_id: string
    receiver_id: string
    id: string
  }>(
    sql`SELECT workspace_id, campaign_id, receiver_id, id FROM outbound_message
        WHERE address = ${sms.from} AND created_at > ${since}::timestamptz AND state <> 'queued'
        ORDER BY created_at DESC, id DESC LIMIT 1`,
  )
  if (!answered) return
  const { workspace_id: workspaceId, campaign_id: campaignId, receiver_id: receiverId, id } = answered
  await world.events.write(workspaceId, async (_tx, emit) => {
    const inboundMessageId = idOf(world, sms, workspaceId)
    emit('inboundMessage.received', { campaignId, receiverId, outboundMessageId: id, inboundMessageId })
  })
}

/** A UUID (version 8) made of the provider's name of it, which tells nothing without the server's key. */
function idOf({ sealer, newId }: World, { from, providerId }: InboundSms, workspaceId: string): string {
  if (providerId === undefined) return newId()
  const hex = sealer.fingerprint(`${from} ${providerId}`, `inbound ${workspaceId}`)
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
