import { decodeEventCursor } from '../../events/index.ts'
import { ExpectedError, NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { lockDelivery, restartDelivery } from './delivery-store.ts'
import { rewindFeed } from './feed-store.ts'
import { lockFeedOf, lockWebhook, type WebhookRow } from './store.ts'

/**
 * Sends one delivery again, at once and with all its attempts anew, under the id it has. Throws INSUFFICIENT_SCOPE
 * (`webhooks:write`), NOT_FOUND, WEBHOOK_DISABLED.
 */
export async function redeliver(world: World, viewer: Viewer, deliveryId: string): Promise<void> {
  requireScope(viewer, 'webhooks:write')
  if (!isUuid(deliveryId)) throw new NotFoundError('delivery', ['id'])
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    const delivery = await lockDelivery(tx, workspaceId, deliveryId)
    if (!delivery) throw new NotFoundError('delivery', ['id'])
    // Also of a webhook that was retired with its link: what it has to deliver it still has.
    requireEnabled(await lockWebhook(tx, workspaceId, delivery.webhook_id, 'retired too'))
    await restartDelivery(tx, workspaceId, deliveryId, world.clock.now())
    emit('webhook.deliveryRestarted', { webhookId: delivery.webhook_id, deliveryId })
  })
}

/**
 * Delivers everything that happened after a cursor again, and what a webhook has not had yet: events that it had keep
 * the ids of their deliveries, so that a receiver can tell. Throws INSUFFICIENT_SCOPE (`webhooks:write`), NOT_FOUND,
 * WEBHOOK_DISABLED, INVALID_CURSOR, CURSOR_EXPIRED.
 */
export async function replayWebhook(world: World, viewer: Viewer, id: string, after: string): Promise<void> {
  requireScope(viewer, 'webhooks:write')
  if (!isUuid(id)) throw new NotFoundError('webhook', ['id'])
  const { workspaceId } = viewer
  const position = decodeEventCursor(workspaceId, after)
  await world.events.write(workspaceId, async (tx, emit) => {
    await lockFeedOf(tx, workspaceId, id)
    requireEnabled(await lockWebhook(tx, workspaceId, id))
    // Refuses a cursor from the future and one that retention has passed.
    await world.events.read(workspaceId, position, 1, {}, tx)
    await rewindFeed(tx, workspaceId, id, position)
    emit('webhook.replayed', { webhookId: id })
  })
}

function requireEnabled(webhook: WebhookRow | undefined): void {
  if (!webhook) throw new NotFoundError('webhook', ['id'])
  if (!webhook.enabled) throw new ExpectedError('WEBHOOK_DISABLED', 'This webhook is disabled. Enable it first.')
}
