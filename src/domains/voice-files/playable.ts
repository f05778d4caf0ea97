import type { Queryable } from '../../db/database.ts'
import { storageKey, type VoiceFileForm } from './storage-keys.ts'
import { selectForm } from './store.ts'

/**
 * Where the bytes of a form of a ready voice file are, with their type and number; undefined when the workspace has none.
 * For whoever holds a signed address or dials: it asks for no scope.
 */
export async function findPlayable(db: Queryable, workspaceId: string, id: string, form: VoiceFileForm) {
  const found = await selectForm(db, workspaceId, id, form)
  return found && { ...found, storage_key: storageKey(workspaceId, id, form) }
}
