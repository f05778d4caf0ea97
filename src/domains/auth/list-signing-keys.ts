import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { World } from '../world.ts'
import { type SigningKeyView, selectSigningKeys } from './signing-key-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/**
 * The unrevoked signing keys of the workspace, or of one of its API keys, newest first. Throws INSUFFICIENT_SCOPE
 * (`tokens:read`).
 */
export async function listSigningKeys(world: World, viewer: Viewer, apiKeyId?: string): Promise<SigningKeyView[]> {
  requireScope(viewer, 'tokens:read')
  if (apiKeyId !== undefined && !isUuid(apiKeyId)) return []
  return selectSigningKeys(world.db, viewer.workspaceId, { apiKeyId: apiKeyId ?? null })
}

/** One of them, for whoever may read or write keys. Throws INSUFFICIENT_SCOPE (`tokens:read`), NOT_FOUND. */
export async function getSigningKey(world: World, viewer: Viewer, id: string): Promise<SigningKeyView> {
  if (!viewer.scopes.has('tokens:write')) requireScope(viewer, 'tokens:read')
  const [found] = isUuid(id) ? await selectSigningKeys(world.db, viewer.workspaceId, { id }) : []
  if (!found) throw new NotFoundError('signing key', ['id'])
  return found
}
