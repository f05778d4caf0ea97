import type { LinkRow } from '../links/index.ts'
import { cleanFileName, sizeLimit, type UploadDeps } from './accept-bytes.ts'
import { sessionResponse } from './open-session.ts'
import { checkChangeable, questionOf } from './record-answer.ts'
import { rejected, tooLarge } from './rejected.ts'
import { insertUpload, uploadKey } from './store.ts'

/** An upload that brings no more bytes for so long is over; the sweep removes what there is of it. */
export const IDLE_MS = 3_600_000
/** The column's. */
const MAX_SIZE = 2_147_483_647

/**
 * Begins an upload that comes in pieces, of so many bytes in all. Throws UPLOAD_REJECTED (rule `too_large` or `empty`),
 * VALIDATION_FAILED (the question takes no upload), NOT_FOUND, SESSION_COMPLETED, LINK_DELETED.
 */
export async function beginUpload(
  { world, signer, maxUploadBytes }: Pick<UploadDeps, 'world' | 'signer' | 'maxUploadBytes'>,
  link: LinkRow,
  input: { token: string; fieldKey: string; fileName: string | null; size: number },
): Promise<{ uploadId: string }> {
  const response = await sessionResponse(world, signer, link, input.token)
  checkChangeable(response, link)
  const { question } = await questionOf(world, response, input.fieldKey)
  const limit = Math.min(sizeLimit(question, maxUploadBytes), MAX_SIZE)
  if (input.size > limit) throw tooLarge(limit)
  if (input.size === 0) throw rejected('empty', 'The file is empty.')
  const id = world.newId()
  const now = world.clock.now()
  await insertUpload(world.db, {
    ...{ id, response, storageKey: uploadKey(response.workspace_id, id), fileName: cleanFileName(input.fileName), now },
    pieces: { fieldKey: input.fieldKey, expectedSize: input.size },
    dueAt: new Date(now.getTime() + IDLE_MS),
  })
  return { uploadId: id }
}
