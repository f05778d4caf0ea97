import { ExpectedError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { LinkRow } from '../links/index.ts'
import type { UploadDeps } from './accept-bytes.ts'
import { sessionResponse } from './open-session.ts'
import { findPiecedUpload, type PiecedUpload } from './piece-store.ts'
import { checkChangeable } from './record-answer.ts'
import { rejected } from './rejected.ts'
import { discardUploads, type ResponseRow } from './store.ts'

interface Named {
  token: string
  uploadId: string
}

/**
 * How much of an upload that comes in pieces is here, in bytes. All of it: it is an answer. Throws UPLOAD_REJECTED (rule
 * `expired`: nothing came for an hour, it is a day old, or it was refused), NOT_FOUND, LINK_DELETED, SESSION_COMPLETED.
 */
export async function uploadProgress(
  deps: Pick<UploadDeps, 'world' | 'signer'>,
  link: LinkRow,
  named: Named,
): Promise<{ receivedSize: number; expectedSize: number }> {
  const { upload } = await openUpload(deps, link, named)
  return { receivedSize: upload.received_size, expectedSize: upload.expected_size }
}

/** Ends an upload that is not whole yet; the sweep removes what there is of it. Throws as `uploadProgress`. */
export async function cancelUpload(
  deps: Pick<UploadDeps, 'world' | 'signer'>,
  link: LinkRow,
  named: Named,
): Promise<void> {
  const { upload } = await openUpload(deps, link, named)
  // What is an answer stays one: that is taken back by its field key.
  if (upload.state !== 'pending') throw unknownUpload()
  await discardUploads(deps.world.db, upload.workspace_id, [upload.id], deps.world.clock.now())
}

/** An upload of this session that is under way, or whole. Throws as `uploadProgress`. */
export async function openUpload(
  { world, signer }: Pick<UploadDeps, 'world' | 'signer'>,
  link: LinkRow,
  { token, uploadId }: Named,
): Promise<{ response: ResponseRow; upload: PiecedUpload }> {
  const response = await sessionResponse(world, signer, link, token)
  const upload = isUuid(uploadId) ? await findPiecedUpload(world.db, response, uploadId) : undefined
  if (!upload) throw unknownUpload()
  if (upload.state === 'ready') return { response, upload }
  checkChangeable(response, link)
  const isOver = upload.state === 'discarded' || (upload.due_at !== null && upload.due_at <= world.clock.now())
  if (isOver) throw expired()
  return { response, upload }
}

export function expired(): ExpectedError {
  return rejected(
    'expired',
    'This upload is over: it was refused or taken back, nothing came of it for an hour, or it took more than a day.',
  )
}

function unknownUpload(): ExpectedError {
  return new ExpectedError('NOT_FOUND', 'This session has no such upload under way.', { path: ['upload'] })
}
