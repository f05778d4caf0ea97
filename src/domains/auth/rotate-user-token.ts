import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { World } from '../world.ts'
import { newLegacyToken } from './legacy-token.ts'
import { lockUser, replaceSecret } from './user-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/**
 * Gives a user another token for the legacy APIs, which the next login tells; whatever the user entered with before
 * ends, browser tokens and open sockets included. Throws INSUFFICIENT_SCOPE (`users:write`), NOT_FOUND.
 */
export async function rotateUserToken(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'users:write')
  if (!isUuid(id)) throw new NotFoundError('user', ['id'])
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    if (!(await lockUser(tx, workspaceId, id))) throw new NotFoundError('user', ['id'])
    await replaceSecret(tx, workspaceId, id, { token: newLegacyToken(world.sealer, id) })
    emit('user.tokenRotated', { userId: id })
  })
}
