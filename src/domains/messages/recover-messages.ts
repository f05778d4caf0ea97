import { sql } from '../../db/sql.ts'
import { channelOf, lockCampaigns, type MessageKind } from '../campaigns/index.ts'
import type { MessageChannel, MessageDeps } from './deps.ts'
import { MessageBatch } from './message-batch.ts'
import { lockMessages } from './message-row.ts'

const BATCH = 500

/**
 * Takes up messages whose process died, or whose provider never answered. With a provider that knows a message again, the
 * receiver waits once more and is judged like all others, and the message goes out under its id; with one that does not,
 * nobody can tell whether it was sent, and it is not sent again. Returns how many there were.
 */
export async function recoverMessages(
  deps: Pick<MessageDeps, 'world' | 'sms' | 'email'>,
  onRecovered: () => void = () => {},
): Promise<number> {
  const { world } = deps
  const now = world.clock.now()
  const lost = await world.db.query<{ id: string; workspace_id: string; campaign_id: string; kind: MessageKind }>(
    sql`SELECT m.id, m.workspace_id, m.campaign_id, c.kind FROM outbound_message m
        JOIN campaign c ON c.workspace_id = m.workspace_id AND c.id = m.campaign_id
        WHERE m.due_at <= ${now}::timestamptz ORDER BY m.due_at LIMIT ${BATCH}`,
  )
  for (const group of Map.groupBy(lost, (row) => row.campaign_id).values()) {
    const { workspace_id: workspaceId, campaign_id: campaignId, kind } = group[0]!
    const { sendsOnce } = deps[channelOf(kind) as MessageChannel]
    await world.events.write(workspaceId, async (tx, emit) => {
      const [campaign] = await lockCampaigns(tx, workspaceId, [campaignId])
      const ids = group.map(({ id }) => id)
      const { messages, receivers } = await lockMessages(tx, workspaceId, ids)
      const batch = new MessageBatch(tx, emit, campaign!, now)
      for (const message of messages.values()) {
        if (message.due_at === null || message.due_at > now) continue
        const receiver = receivers.get(message.receiver_id)!
        if (sendsOnce) batch.later(message, receiver, { failure: null, readyAt: now, counts: true })
        else batch.lost(message, receiver)
      }
      await batch.save()
    })
  }
  if (lost.length > 0) onRecovered()
  return lost.length
}
