import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { markDeleted } from './store.ts'

/**
 * Deletes a voice file, whatever its status. It is gone at once; its bytes and then its row go with the next sweep.
 * Throws INSUFFICIENT_SCOPE (`voiceFiles:write`), NOT_FOUND (also the second time).
 */
export async function deleteVoiceFile(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'voiceFiles:write')
  if (!isUuid(id)) throw new NotFoundError('voice file', ['id'])
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    if (!(await markDeleted(tx, viewer.workspaceId, id, world.clock.now())))
      throw new NotFoundError('voice file', ['id'])
    emit('voiceFile.deleted', { voiceFileId: id })
  })
}
