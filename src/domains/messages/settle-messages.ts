import { sql } from '../../db/sql.ts'
import { lockCampaigns, PROVIDERS } from '../campaigns/index.ts'
import type { MessageChannel, MessageDeps } from './deps.ts'
import type { Outcome } from './hand-over.ts'
import { MessageBatch } from './message-batch.ts'
import { lockMessages } from './message-row.ts'
import type { PlannedMessage } from './plan-messages.ts'

/** What came of a message, and until when its provider is left alone when that is why. */
export interface HandedOver {
  message: PlannedMessage
  outcome: Outcome
  pausedUntil: Date | null
  /** Whether the provider took others after this one was made, so that it is not ill. */
  isWell: boolean
}

/** Between the attempts of a message that was refused for the time being: so many times longer each time. */
const GROWTH = 2

/** Records what came of messages of one campaign, in one transaction. What another process decided meanwhile stays. */
export async function settleMessages(
  { world }: MessageDeps,
  { workspaceId, campaignId }: { workspaceId: string; campaignId: string },
  handedOver: readonly HandedOver[],
): Promise<void> {
  await world.events.write(workspaceId, async (tx, emit) => {
    const now = world.clock.now()
    const [campaign] = await lockCampaigns(tx, workspaceId, [campaignId])
    const ids = handedOver.map(({ message }) => message.id)
    const { messages, receivers } = await lockMessages(tx, workspaceId, ids)
    const batch = new MessageBatch(tx, emit, campaign!, now)
    for (const { message: planned, outcome, pausedUntil, isWell } of handedOver) {
      const message = messages.get(planned.id)!
      const receiver = receivers.get(message.receiver_id)!
      if (outcome.kind === 'sent') {
        batch.sent(message, receiver, outcome.providerIds)
        continue
      }
      // Taken for lost, it became somebody else's; only that it was sent is news.
      if (message.due_at?.getTime() !== planned.lease.getTime()) continue
      if (outcome.kind === 'refused') batch.refused(message, receiver, outcome)
      else if (outcome.kind === 'unknown') batch.unknown(message, receiver, outcome)
      else {
        const counts = outcome.ailment === null || (outcome.ailment === 'unreachable' && isWell)
        const delayMs = campaign!.redial_after_seconds * 1_000 * GROWTH ** (receiver.attempts - 1)
        const readyAt = counts ? new Date(now.getTime() + delayMs) : (pausedUntil ?? now)
        batch.later(message, receiver, { failure: outcome, readyAt, counts })
      }
    }
    await batch.save()
  })
}

/** Says of a provider that it is left alone for a while, and why; every process keeps to it. */
export async function pauseProvider(
  { world }: MessageDeps,
  channel: MessageChannel,
  until: Date,
  detail: string,
): Promise<void> {
  await world.db.query(
    sql`UPDATE provider_state
        SET paused_until = greatest(paused_until, ${until}::timestamptz), detail = ${detail}
        WHERE port = ${PROVIDERS[channel]}`,
  )
}

/** The provider takes messages again. */
export async function clearProvider({ world }: MessageDeps, channel: MessageChannel): Promise<void> {
  await world.db.query(
    sql`UPDATE provider_state SET paused_until = NULL, detail = NULL
        WHERE port = ${PROVIDERS[channel]} AND paused_until <= ${world.clock.now()}::timestamptz`,
  )
}
