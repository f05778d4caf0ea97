import type { LinkRow } from '../links/index.ts'
import { acceptBytes, cleanFileName, sizeLimit, type UploadDeps } from './accept-bytes.ts'
import { sessionResponse, sessionUnknown } from './open-session.ts'
import { checkChangeable, questionOf, type SavedAnswer } from './record-answer.ts'
import { rejected } from './rejected.ts'
import { discardUploads, findReadyUpload, insertUpload, markUploadReady, uploadKey } from './store.ts'

/** An upload that has not arrived by then never will; the sweep removes what there is of it. */
const PENDING_MS = 3_600_000

/**
 * Answers a question with a recording or a file. The bytes are streamed to storage while they are counted and judged
 * by their content, and a recording is listened to; the answer appears when all of them are there, and nothing remains
 * when they are refused or stop coming. Throws UPLOAD_REJECTED (rule `too_large`, `empty`, `type_not_allowed`, `too_slow`,
 * or one of judgeRecording), VALIDATION_FAILED (the question takes no upload), NOT_FOUND, SESSION_COMPLETED,
 * LINK_DELETED, or the error of `source`.
 */
export async function uploadAnswer(
  deps: UploadDeps,
  link: LinkRow,
  input: { token: string; fieldKey: string; fileName: string | null; source: AsyncIterable<Uint8Array> },
): Promise<SavedAnswer & { uploadId: string }> {
  const { world, signer, storage, maxUploadBytes } = deps
  const response = await sessionResponse(world, signer, link, input.token)
  checkChangeable(response, link)
  const asked = await questionOf(world, response, input.fieldKey)
  const limit = sizeLimit(asked.question, maxUploadBytes)
  const id = world.newId()
  const storageKey = uploadKey(response.workspace_id, id)
  const fileName = cleanFileName(input.fileName)
  const now = world.clock.now()
  // The row comes first: whatever happens from here on, the sweep knows of the bytes.
  const dueAt = new Date(now.getTime() + PENDING_MS)
  const isKept = await insertUpload(world.db, { id, response, storageKey, fileName, now, dueAt })
  if (!isKept) throw sessionUnknown()
  try {
    const upload = { id, storageKey, fileName, limit }
    const saved = await acceptBytes(deps, response, asked, upload, input.source, async (tx, facts) => {
      const isOurs = await markUploadReady(tx, response.workspace_id, { ...upload, receivedSize: 0 }, facts)
      if (!isOurs) throw rejected('too_slow', 'The file took too long to arrive.')
    })
    return { ...saved, uploadId: id }
  } catch (error) {
    await discardUploads(world.db, response.workspace_id, [id], world.clock.now())
    // It is ready when only the news of its commit was lost. Otherwise the bytes go now: a sweep that overtook this
    // upload has looked for them already, and forgets them with the row.
    if (!(await findReadyUpload(world.db, response.workspace_id, id))) {
      await storage.delete(storageKey).catch(() => {}) // the sweep tries again; the caller hears what was wrong first
    }
    throw error
  }
}
