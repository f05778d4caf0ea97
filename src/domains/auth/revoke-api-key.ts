import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { World } from '../world.ts'
import { markKeyRevoked } from './store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/**
 * Ends a key at once: requests with it fail from the commit on, and the event closes its open sockets and those of
 * browser tokens exchanged for it, in every process. A key may revoke itself. Throws NOT_FOUND, also the second time.
 */
export async function revokeApiKey(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'tokens:write')
  if (!isUuid(id)) throw new NotFoundError('API key', ['id'])
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    const revoked = await markKeyRevoked(tx, viewer.workspaceId, id, world.clock.now())
    if (!revoked) throw new NotFoundError('API key', ['id'])
    emit('apiKey.revoked', { apiKeyId: id })
  })
}
