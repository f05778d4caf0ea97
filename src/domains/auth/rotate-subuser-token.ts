import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { World } from '../world.ts'
import { newLegacyToken } from './legacy-token.ts'
import { lockSubuser } from './subuser-store.ts'
import { replaceSecret } from './user-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/**
 * Gives a subuser another token for the legacy APIs; whatever it entered with before ends, browser tokens and open
 * sockets included. Throws INSUFFICIENT_SCOPE (`subusers:write`), NOT_FOUND.
 */
export async function rotateSubuserToken(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'subusers:write')
  if (!isUuid(id)) throw new NotFoundError('subuser', ['id'])
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    const subuser = await lockSubuser(tx, viewer.workspaceId, id)
    if (!subuser) throw new NotFoundError('subuser', ['id'])
    const { childId, userId } = subuser
    await replaceSecret(tx, childId, userId, { token: newLegacyToken(world.sealer, userId) })
    emit('user.tokenRotated', { userId }, childId)
    emit('subuser.tokenRotated', { subuserId: id })
  })
}
