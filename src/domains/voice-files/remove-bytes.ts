import type { Storage } from '../../providers/storage/index.ts'
import { storageKey, VOICE_FILE_FORMS } from './storage-keys.ts'

/** Removes all objects of a voice file; those that are not there are no matter. */
export async function removeBytes(storage: Storage, workspaceId: string, id: string): Promise<void> {
  for (const form of VOICE_FILE_FORMS) await storage.delete(storageKey(workspaceId, id, form))
}
