import { createHmac } from 'node:crypto'
import {
  type CampaignState,
  campaignForDelivery,
  type ReceiverOutcome,
  receiverForDelivery,
} from '../../domains/campaigns/index.ts'
import type { BuildRequest, DeliveryFacts } from '../../domains/webhooks/index.ts'
import type { World } from '../../domains/world.ts'
import { writeDateTime } from './date-times.ts'
import { writeId } from './ids.ts'
import { writeState } from './rsvp-calls.ts'

/**
 * What Multisender's webhooks send (contract/multisender.md 8). Signed only when the webhook was given a secret in the
 * graph, which Multisender's clients cannot.
 */
export function multisenderWebhookRequest({ world }: { world: Pick<World, 'db'> }): BuildRequest {
  return async (delivery, { secrets }) => {
    const told =
      delivery.eventType === 'campaign.stateChanged' ? await stateOf(world, delivery) : await resultOf(world, delivery)
    if (!told) return undefined
    const body = JSON.stringify({ ...told, timestamp: writeTimestamp(delivery.occurredAt) })
    const [present, previous] = secrets
    return {
      headers: {
        'Content-Type': 'application/json',
        'X-Multisender-Delivery-Id': delivery.id,
        ...(present === undefined ? {} : { 'X-Multisender-Signature': signature(present, body) }),
        ...(previous === undefined ? {} : { 'X-Multisender-Signature-Previous': signature(previous, body) }),
      },
      body,
    }
  }
}

/** With the totals of the moment of the change, and both documented names of the first. */
async function stateOf(world: Pick<World, 'db'>, { workspaceId, payload }: DeliveryFacts): Promise<object | undefined> {
  const { campaignId, to, stats } = payload as {
    campaignId: string
    to: CampaignState
    stats: { dialedCalls: number; answeredCalls: number; totalSeconds: number; accepts: number }
  }
  const campaign = await campaignForDelivery(world, workspaceId, campaignId)
  if (!campaign) return undefined
  return {
    ...idOf(campaign),
    state: writeState(to),
    dialedCalls: stats.dialedCalls,
    totalDialedCalls: stats.dialedCalls,
    answeredCalls: stats.answeredCalls,
    totalDuration: stats.totalSeconds,
    acceptsReceived: stats.accepts,
  }
}

async function resultOf(
  world: Pick<World, 'db'>,
  { workspaceId, payload }: DeliveryFacts,
): Promise<object | undefined> {
  const { receiverId, outcome } = payload as { receiverId: string; outcome: ReceiverOutcome }
  const receiver = await receiverForDelivery(world, workspaceId, receiverId)
  if (!receiver) return undefined
  const reply = REPLIES[outcome] ?? 'noReply'
  return {
    ...idOf(receiver),
    phoneNumber: receiver.phone,
    accountId: writeId(receiver.contactLegacyId),
    ...(receiver.kind === 'click_to_call' ? { reply } : {}),
    rsvpReply: reply,
    meta: receiver.meta ?? {},
  }
}

const REPLIES: Readonly<Partial<Record<ReceiverOutcome, string>>> = {
  accepted: 'accept',
  declined: 'decline',
  opted_out: 'decline',
}

function idOf({ kind, legacyId }: { kind: string; legacyId: number }) {
  const id = writeId(legacyId)
  return kind === 'click_to_call' ? { clickToCallId: id } : { rsvpCallId: id }
}

/** A colon between day and time, as in the documentation's example. */
function writeTimestamp(instant: Date): string {
  return writeDateTime(instant).replace(' ', ':')
}

function signature(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}
