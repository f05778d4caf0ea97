import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { moveFeed } from './feed-store.ts'
import { lockFeedOf, lockWebhook, setWebhookEnabled } from './store.ts'

export interface EnableWebhookInput {
  /** Whether events that happened while it was disabled are delivered now, as far as the log keeps them. Default false. */
  catchUp?: boolean
}

/**
 * Delivers again; what waited when it was disabled goes out in any case. Nothing happens to one that is enabled.
 * Throws INSUFFICIENT_SCOPE (`webhooks:write`), NOT_FOUND.
 */
export async function enableWebhook(
  world: World,
  viewer: Viewer,
  id: string,
  { catchUp = false }: EnableWebhookInput = {},
): Promise<void> {
  requireScope(viewer, 'webhooks:write')
  if (!isUuid(id)) throw new NotFoundError('webhook', ['id'])
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    await lockFeedOf(tx, workspaceId, id)
    if (!(await lockWebhook(tx, workspaceId, id))) throw new NotFoundError('webhook', ['id'])
    if (!(await setWebhookEnabled(tx, workspaceId, id, null, world.clock.now()))) return
    if (!catchUp) await moveFeed(tx, workspaceId, id, (await world.events.head(workspaceId, tx)).position)
    emit('webhook.enabled', { webhookId: id })
  })
}

/**
 * Stops a webhook: nothing is sent any more, what waits stays. Nothing happens to one that is disabled. Throws
 * INSUFFICIENT_SCOPE (`webhooks:write`), NOT_FOUND.
 */
export async function disableWebhook(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'webhooks:write')
  if (!isUuid(id)) throw new NotFoundError('webhook', ['id'])
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    if (!(await lockWebhook(tx, viewer.workspaceId, id))) throw new NotFoundError('webhook', ['id'])
    if (!(await setWebhookEnabled(tx, viewer.workspaceId, id, 'requested', world.clock.now()))) return
    emit('webhook.disabled', { webhookId: id, reason: 'requested' })
  })
}
