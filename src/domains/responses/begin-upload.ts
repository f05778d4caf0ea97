import type { LinkRow } from '../links/index.ts'
import { cleanFileName, sizeLimit, type UploadDeps } from './accept-bytes.ts'
import { sessionResponse, sessionUnknown } from './open-session.ts'
import { discardOlderPieced } from './piece-store.ts'
import { checkChangeable, questionOf } from './record-answer.ts'
import { rejected, tooLarge } from './rejected.ts'
import { insertUpload, uploadKey } from './store.ts'

/** An upload that brings no more bytes for so long is over; the sweep removes what there is of it. */
export const IDLE_MS = 3_600_000
/** However slowly its bytes come: it is over so long after its beginning. */
const LIFETIME_MS = 24 * IDLE_MS
/** Uploads in pieces that one response may have under way; whoever begins another lets go of the oldest. */
const MAX_UNDER_WAY = 5
/** The column's. */
const MAX_SIZE = 2_147_483_647

/** When an upload that has just brought bytes is over, unless it brings more. */
export function dueAfter(now: Date, begunAt: Date): Date {
  return new Date(Math.min(now.getTime() + IDLE_MS, begunAt.getTime() + LIFETIME_MS))
}

/**
 * Begins an upload that comes in pieces, of so many bytes in all. One too many ends the oldest of the response. Throws UPLOAD_REJECTED (rule `too_large` or `empty`),
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
  const isKept = await insertUpload(world.db, {
    ...{ id, response, storageKey: uploadKey(response.workspace_id, id), fileName: cleanFileName(input.fileName), now },
    pieces: { fieldKey: input.fieldKey, expectedSize: input.size },
    dueAt: dueAfter(now, now),
  })
  if (!isKept) throw sessionUnknown()
  await discardOlderPieced(world.db, response, MAX_UNDER_WAY, now)
  return { uploadId: id }
}
