import { decodeEventCursor, type LoggedEvent } from '../../events/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { findDeliveryOf } from './delivery-store.ts'
import { lastEventFor } from './feed-store.ts'
import type { RequestBuilders } from './format.ts'
import { signingSecrets } from './signing-secrets.ts'
import { findSecret, findWebhook, streamOf } from './store.ts'

export interface DryRunInput {
  /** The cursor of the event; absent: the last that concerns the webhook. */
  cursor?: string | null
}

export interface DryRun {
  method: 'POST'
  url: string
  headers: Record<string, string>
  body: string
  event: LoggedEvent
}

/**
 * The very request that a webhook would send now for an event, signature included; nothing is sent or kept. Throws
 * INSUFFICIENT_SCOPE (`webhooks:write`, since it shows what the event leads to), NOT_FOUND (the webhook, an event that
 * concerns it, or what that event was about), INVALID_CURSOR, CURSOR_EXPIRED.
 */
export async function dryRunWebhook(
  world: World,
  builders: RequestBuilders,
  viewer: Viewer,
  id: string,
  { cursor }: DryRunInput = {},
): Promise<DryRun> {
  requireScope(viewer, 'webhooks:write')
  const { workspaceId } = viewer
  const webhook = isUuid(id) ? await findWebhook(world.db, workspaceId, id) : undefined
  if (!webhook) throw new NotFoundError('webhook', ['id'])
  const streamId = streamOf(webhook)
  const position =
    cursor == null
      ? await lastEventFor(world.db, workspaceId, webhook.event_types, streamId)
      : decodeEventCursor(workspaceId, cursor)
  const filter = { types: webhook.event_types, ...(streamId === null ? {} : { streamId }) }
  const [event] = position ? (await world.events.read(workspaceId, position - 1, 1, filter)).events : []
  if (!event || event.position !== position) throw new NotFoundError('event that concerns this webhook', ['cursor'])
  const now = world.clock.now()
  const facts = {
    id: (await findDeliveryOf(world.db, id, event.id)) ?? world.newId(),
    workspaceId,
    webhookId: id,
    eventId: event.id,
    eventType: event.type,
    position: event.position,
    occurredAt: event.occurredAt,
    payload: event.payload,
  }
  const secrets = signingSecrets(world.sealer, id, await findSecret(world.db, workspaceId, id), now)
  const request = await builders[webhook.format](facts, { secrets, now })
  if (!request) throw new NotFoundError('object of this event', ['cursor'])
  return { method: 'POST', url: webhook.url, ...request, event }
}
