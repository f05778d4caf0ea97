import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { selectWebhookView, selectWebhookViews, type WebhookView } from './store.ts'

/** All webhooks of the workspace, newest first. Throws INSUFFICIENT_SCOPE (`webhooks:read`). */
export async function listWebhooks(world: World, viewer: Viewer): Promise<WebhookView[]> {
  requireScope(viewer, 'webhooks:read')
  return selectWebhookViews(world.db, viewer.workspaceId)
}

/**
 * One webhook, for whoever may read or write webhooks, since who made it may see it. Throws INSUFFICIENT_SCOPE
 * (`webhooks:read`), NOT_FOUND.
 */
export async function getWebhook(world: World, viewer: Viewer, id: string): Promise<WebhookView> {
  if (!viewer.scopes.has('webhooks:write')) requireScope(viewer, 'webhooks:read')
  const found = isUuid(id) ? await selectWebhookView(world.db, viewer.workspaceId, id) : undefined
  if (!found) throw new NotFoundError('webhook', ['id'])
  return found
}
