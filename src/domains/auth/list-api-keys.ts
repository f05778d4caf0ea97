import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { World } from '../world.ts'
import { type ApiKeyView, selectKeyViews } from './store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/** The unrevoked keys of the workspace, newest first, ties by id. Throws INSUFFICIENT_SCOPE (`tokens:read`). */
export async function listApiKeys(world: World, viewer: Viewer): Promise<ApiKeyView[]> {
  requireScope(viewer, 'tokens:read')
  return selectKeyViews(world.db, viewer.workspaceId)
}

/**
 * One unrevoked key, for whoever may read or write keys, since who made it may see it. Throws INSUFFICIENT_SCOPE
 * (`tokens:read`), NOT_FOUND.
 */
export async function getApiKey(world: World, viewer: Viewer, id: string): Promise<ApiKeyView> {
  if (!viewer.scopes.has('tokens:write')) requireScope(viewer, 'tokens:read')
  const [found] = isUuid(id) ? await selectKeyViews(world.db, viewer.workspaceId, id) : []
  if (!found) throw new NotFoundError('API key', ['id'])
  return found
}
