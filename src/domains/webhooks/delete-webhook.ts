import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { deleteWebhookRow } from './store.ts'

/**
 * Removes a webhook for good, with its deliveries, also those that wait. Throws INSUFFICIENT_SCOPE (`webhooks:write`),
 * NOT_FOUND (also the second time).
 */
export async function deleteWebhook(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'webhooks:write')
  if (!isUuid(id)) throw new NotFoundError('webhook', ['id'])
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    if (!(await deleteWebhookRow(tx, viewer.workspaceId, id))) throw new NotFoundError('webhook', ['id'])
    emit('webhook.deleted', { webhookId: id })
  })
}
