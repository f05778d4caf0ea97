import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { World } from '../world.ts'
import { markSigningKeyRevoked } from './signing-key-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/**
 * Ends a signing key, and all access tokens that were given for what it signed, from the commit on. Throws
 * INSUFFICIENT_SCOPE (`tokens:write`), NOT_FOUND, also the second time.
 */
export async function revokeSigningKey(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'tokens:write')
  if (!isUuid(id)) throw new NotFoundError('signing key', ['id'])
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    const apiKeyId = await markSigningKeyRevoked(tx, viewer.workspaceId, id, world.clock.now())
    if (apiKeyId === undefined) throw new NotFoundError('signing key', ['id'])
    emit('signingKey.revoked', { apiKeyId, signingKeyId: id })
  })
}
