import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { World } from '../world.ts'
import { markAllKeysRevoked } from './store.ts'
import { lockSubuser, markSubuserDeactivated } from './subuser-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/**
 * Deletes a subuser, as far as anybody can tell: its workspace can no longer be entered, by any key, token or password,
 * its open sockets are closed, the public pages of its links are gone and its webhooks are sent nothing. Its data stays
 * until it is erased. Throws INSUFFICIENT_SCOPE (`subusers:write`), NOT_FOUND, also the second time.
 */
export async function deactivateSubuser(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'subusers:write')
  if (!isUuid(id)) throw new NotFoundError('subuser', ['id'])
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    const subuser = await lockSubuser(tx, viewer.workspaceId, id)
    if (!subuser) throw new NotFoundError('subuser', ['id'])
    const now = world.clock.now()
    const { childId } = subuser
    for (const userId of await markSubuserDeactivated(tx, viewer.workspaceId, subuser, now)) {
      emit('user.deactivated', { userId }, childId)
    }
    for (const apiKeyId of await markAllKeysRevoked(tx, childId, now)) emit('apiKey.revoked', { apiKeyId }, childId)
    emit('subuser.deactivated', { subuserId: id })
  })
}
