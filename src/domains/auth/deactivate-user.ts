import { NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { World } from '../world.ts'
import { isSubuser } from './subuser-store.ts'
import { markUserDeactivated } from './user-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/**
 * Ends a user's access at once: password, token and browser tokens, with their open sockets. The row stays, for what
 * refers to it; its e-mail address is free again. Throws INSUFFICIENT_SCOPE (`users:write`), NOT_FOUND, also the second
 * time, and VALIDATION_FAILED (`parents_own`) for the user through whom a parent workspace administers this one.
 */
export async function deactivateUser(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'users:write')
  if (!isUuid(id)) throw new NotFoundError('user', ['id'])
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    if (await isSubuser(tx, workspaceId, id)) {
      const message = 'is a subuser: only the parent workspace can delete it'
      throw new ValidationError([{ path: ['id'], rule: 'parents_own', message }])
    }
    if (!(await markUserDeactivated(tx, workspaceId, id, world.clock.now()))) throw new NotFoundError('user', ['id'])
    emit('user.deactivated', { userId: id })
  })
}
