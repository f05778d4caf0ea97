import { createHash } from 'node:crypto'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import type { Storage } from '../../providers/storage/index.ts'
import type { World } from '../world.ts'
import { lockForAnalysis, repeatAnalysis } from './analysis-store.ts'
import { recordingSettled } from './phone-session.ts'
import { discardUploads, insertUpload, markUploadReady, type UploadFacts, uploadKey } from './store.ts'

/** Bytes that are on their way into the storage for so long never arrive; the sweep removes what there is of them. */
const PENDING_MS = 3_600_000

/** Where the bytes of an answer's recording are, before anything says that they are its. */
export interface PreparedUpload {
  uploadId: string
  answerId: string
  responseId: string
  storageKey: string
  facts: Pick<UploadFacts, 'mediaType' | 'size' | 'sha256'>
}

/**
 * Keeps the bytes of a recording as the upload of the answer that it is, so that whoever reads answers need not know of
 * calls. Undefined when no answer is waiting for it. The row comes first: whatever happens, the sweep knows of the bytes.
 */
export async function prepareRecordedAnswer(
  { world, storage }: { world: World; storage: Storage },
  { workspaceId, recordingId, bytes }: { workspaceId: string; recordingId: string; bytes: Uint8Array },
): Promise<PreparedUpload | undefined> {
  const [answer] = await world.db.query<{ id: string; response_id: string }>(
    sql`SELECT id, response_id FROM answer
        WHERE workspace_id = ${workspaceId}::uuid AND recording_id = ${recordingId}::uuid AND upload_id IS NULL`,
  )
  if (!answer) return undefined
  const id = world.newId()
  const storageKey = uploadKey(workspaceId, id)
  const now = world.clock.now()
  const response = { id: answer.response_id, workspace_id: workspaceId }
  const dueAt = new Date(now.getTime() + PENDING_MS)
  if (!(await insertUpload(world.db, { id, response, storageKey, fileName: null, now, dueAt }))) return undefined
  await storage.write(storageKey, oneChunk(bytes))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {
    ...{ uploadId: id, answerId: answer.id, responseId: answer.response_id, storageKey },
    facts: { mediaType: 'audio/wav', size: bytes.length, sha256 },
  }
}

/**
 * Makes the prepared bytes the answer's, in the transaction that says that the recording is here. From then on it is
 * processed as one that was made on the page. A response that was submitted meanwhile, on the page, is analysed once more.
 */
export async function attachRecordedAnswer(
  world: World,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  { uploadId, answerId, responseId, storageKey, facts }: PreparedUpload,
  durationMs: number,
): Promise<void> {
  const upload = { id: uploadId, storageKey, receivedSize: 0 }
  const sound = { ...facts, isRecording: true, durationSeconds: durationMs / 1_000 }
  // Before the answer, as everybody does.
  await lockForAnalysis(tx, workspaceId, responseId)
  const now = world.clock.now()
  if (await markUploadReady(tx, workspaceId, upload, sound)) {
    const attached = await tx.query(
      sql`UPDATE answer SET upload_id = ${uploadId}::uuid, process_due_at = ${now}::timestamptz,
                 updated_at = ${now}::timestamptz
          WHERE workspace_id = ${workspaceId}::uuid AND id = ${answerId}::uuid AND recording_id IS NOT NULL
            AND upload_id IS NULL RETURNING id`,
    )
    // It was answered otherwise meanwhile.
    if (attached.length === 0) await discardUploads(tx, workspaceId, [uploadId], now)
    else await repeatAnalysis(tx, workspaceId, responseId, now)
  }
  await recordingSettled(world, tx, emit, workspaceId, responseId)
}

/** A recording that never comes was no answer. */
export async function forgetRecordedAnswer(
  world: World,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  recordingId: string,
): Promise<void> {
  const isAwaiting = sql`FROM answer WHERE workspace_id = ${workspaceId}::uuid AND recording_id = ${recordingId}::uuid
                           AND upload_id IS NULL`
  const [awaiting] = await tx.query<{ response_id: string }>(sql`SELECT response_id ${isAwaiting}`)
  if (!awaiting) return
  // Before the answer, as above.
  await lockForAnalysis(tx, workspaceId, awaiting.response_id)
  const [answer] = await tx.query<{ response_id: string }>(sql`DELETE ${isAwaiting} RETURNING response_id`)
  if (answer) await recordingSettled(world, tx, emit, workspaceId, answer.response_id)
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
