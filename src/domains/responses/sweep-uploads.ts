import type { Storage } from '../../providers/storage/index.ts'
import type { World } from '../world.ts'
import { claimDueUploads, deleteUpload } from './store.ts'

const BATCH = 100
const NEXT_TURN_MS = 600_000

/**
 * Removes what is left of uploads that never finished, were refused or replaced: the bytes first, then the row, so
 * that a crash in between repeats and forgets nothing. Returns how many are gone; what will not go is left for a later
 * turn, and its error thrown when the others are done.
 */
export async function sweepUploads(world: World, storage: Storage): Promise<number> {
  const now = world.clock.now()
  const due = await claimDueUploads(world.db, now, new Date(now.getTime() + NEXT_TURN_MS), BATCH)
  const failures: unknown[] = []
  for (const { id, workspace_id, storage_key } of due) {
    try {
      await storage.delete(storage_key)
      await deleteUpload(world.db, workspace_id, id)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return due.length
}
