import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import type { World } from '../world.ts'
import { markDeleted } from './store.ts'

/** Deletes what was said for one call only (`addSpeech`), within a change of the caller's. */
export async function dropSpeech(
  world: Pick<World, 'clock'>,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  ids: readonly string[],
): Promise<void> {
  for (const id of ids) {
    if (await markDeleted(tx, workspaceId, id, world.clock.now())) emit('voiceFile.deleted', { voiceFileId: id })
  }
}
