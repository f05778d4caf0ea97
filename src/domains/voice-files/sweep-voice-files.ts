import type { Storage } from '../../providers/storage/index.ts'
import type { World } from '../world.ts'
import { fail } from './prepare-voice-file.ts'
import { removeBytes } from './remove-bytes.ts'
import { claimDue, claimDueArrivals, deleteArrival, deleteRow } from './store.ts'

const BATCH = 100
const NEXT_TURN_MS = 600_000

/**
 * Removes deleted voice files and uploads that never became one: the bytes first, then the row, so that a crash in
 * between repeats and forgets nothing. A voice file that is pending for longer than PENDING_MS has failed: what should
 * have prepared it is lost. Returns how many it dealt with; what will not go is left for a later turn, and its error
 * thrown when the others are done.
 */
export async function sweepVoiceFiles(world: World, storage: Storage): Promise<number> {
  const now = world.clock.now()
  const nextTurn = new Date(now.getTime() + NEXT_TURN_MS)
  const arrivals = await claimDueArrivals(world.db, now, nextTurn, BATCH)
  const files = await claimDue(world.db, now, nextTurn, BATCH)
  const failures: unknown[] = []
  const attempt = (work: () => Promise<void>) => work().catch((error) => void failures.push(error))
  for (const { workspace_id: workspaceId, id } of arrivals) {
    await attempt(async () => {
      await removeBytes(storage, workspaceId, id)
      await deleteArrival(world.db, workspaceId, id)
    })
  }
  for (const file of files) {
    await attempt(async () => {
      if (!file.deleted) return fail(world, file, 'failed', 'it was not converted within a day')
      await removeBytes(storage, file.workspace_id, file.id)
      await deleteRow(world.db, file.workspace_id, file.id)
    })
  }
  if (failures.length > 0) throw failures[0]
  return arrivals.length + files.length
}
