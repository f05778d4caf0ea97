import { ExpectedError, NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { campaignsPlaying, markDeleted } from './store.ts'

const MOST_NAMED = 100

/**
 * Deletes a voice file, whatever its status. It is gone at once; its bytes and then its row go with the next sweep.
 * Throws INSUFFICIENT_SCOPE (`voiceFiles:write`), NOT_FOUND (also the second time), VOICE_FILE_IN_USE (a campaign that is
 * not completed plays it: contract/multisender.md 5.11; `details.campaignIds` are up to 100 UUIDs).
 */
export async function deleteVoiceFile(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'voiceFiles:write')
  if (!isUuid(id)) throw new NotFoundError('voice file', ['id'])
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    if (!(await markDeleted(tx, viewer.workspaceId, id, world.clock.now())))
      throw new NotFoundError('voice file', ['id'])
    // After it is marked, which waits for whoever holds it to play it (`holdVoiceFiles`).
    const campaignIds = await campaignsPlaying(tx, viewer.workspaceId, id, MOST_NAMED)
    if (campaignIds.length > 0) {
      const message = 'A campaign that is not completed plays this voice file.'
      throw new ExpectedError('VOICE_FILE_IN_USE', message, { path: ['id'], details: { campaignIds } })
    }
    emit('voiceFile.deleted', { voiceFileId: id })
  })
}
