import type { Storage } from '../../providers/storage/index.ts'
import type { World } from '../world.ts'
import { claimDuePieces, deletePiece, listAttempts } from './piece-store.ts'
import { removeForms } from './sound-forms.ts'
import { claimDueUploads, type DueUpload, deleteUpload, sweepAgain, uploadKey } from './store.ts'

const BATCH = 100
const NEXT_TURN_MS = 600_000

/**
 * Removes what is left of uploads that never finished, were refused or replaced, with what was made of them, and the
 * pieces that a whole upload came in: the bytes first, then the row, so that a crash in between repeats and forgets
 * nothing. Returns how many are gone; what will not go is left for a later turn, and its error thrown when the others
 * are done.
 */
export async function sweepUploads(world: World, storage: Storage): Promise<number> {
  const now = world.clock.now()
  const nextTurn = new Date(now.getTime() + NEXT_TURN_MS)
  const due = await claimDueUploads(world.db, now, nextTurn, BATCH)
  const pieces = await claimDuePieces(world.db, now, nextTurn, BATCH)
  const failures: unknown[] = []
  const attempt = (work: () => Promise<void>) => work().catch((error) => void failures.push(error))
  for (const upload of due) await attempt(() => remove(world, storage, upload, now))
  for (const { workspace_id: workspaceId, id } of pieces) {
    await attempt(async () => {
      await storage.delete(uploadKey(workspaceId, id))
      await deletePiece(world.db, workspaceId, id)
    })
  }
  if (failures.length > 0) throw failures[0]
  return due.length + pieces.length
}

async function remove({ db }: World, storage: Storage, upload: DueUpload, now: Date): Promise<void> {
  const { id, workspace_id: workspaceId, storage_key: storageKey, preparing_until: preparingUntil } = upload
  await storage.delete(storageKey)
  if (upload.has_sound) await removeForms(storage, storageKey)
  for (const piece of await listAttempts(db, workspaceId, id)) await storage.delete(uploadKey(workspaceId, piece.id))
  // Somebody may be making a form of it at this moment, and die before seeing that nobody wants it any more.
  if (preparingUntil !== null && preparingUntil > now) await sweepAgain(db, workspaceId, id, preparingUntil)
  else await deleteUpload(db, workspaceId, id)
}
