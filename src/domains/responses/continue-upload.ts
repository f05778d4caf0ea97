import { ExpectedError } from '../../platform/errors.ts'
import type { LinkRow } from '../links/index.ts'
import { acceptBytes, sizeLimit, type UploadDeps } from './accept-bytes.ts'
import { dueAfter } from './begin-upload.ts'
import { addPiece, deletePiece, insertPiece, listPieces, type PiecedUpload } from './piece-store.ts'
import { questionOf, type SavedAnswer } from './record-answer.ts'
import { rejected } from './rejected.ts'
import { discardUploads, findReadyUpload, markUploadReady, type ResponseRow, uploadKey } from './store.ts'
import { openUpload } from './upload-progress.ts'

/** So much is kept at once: what a crash of this server loses at most. */
const PIECE_BYTES = 4_000_000

/**
 * Takes the next bytes of an upload. They are kept as they come: when `source` breaks off, what came before stays, and
 * its error is thrown. With the last byte the upload becomes the answer, or is refused, exactly as by uploadAnswer; until
 * that is done its last piece does not count, so that a crash in between is mended by sending it again. Returns how many
 * bytes are here, and the answer once it is one. Throws as uploadProgress and uploadAnswer, and UPLOAD_REJECTED with rule
 * `wrong_offset` (others brought these bytes, or those before are missing), `too_large` (more than was announced).
 */
export async function continueUpload(
  deps: UploadDeps,
  link: LinkRow,
  input: {
    token: string
    uploadId: string
    /** How many bytes of the upload come before those of `source`. */
    offset: number
    /** How many `source` has, as far as it says so. */
    announced: number | null
    source: AsyncIterable<Uint8Array>
  },
): Promise<{ receivedSize: number; answer: SavedAnswer | null }> {
  const { response, upload } = await openUpload(deps, link, input)
  const { expected_size: expected, received_size: received } = upload
  if (input.offset !== received) throw wrongOffset(received)
  if (received + (input.announced ?? 0) > expected) throw beyond(expected)
  const incoming = createReader(input.source)
  let at = received
  while (await incoming.hasMore()) {
    const end = await keepPiece(deps, response, upload, at, incoming)
    if (end.answer) return { receivedSize: expected, answer: end.answer }
    at = end.at
  }
  if (incoming.failure()) throw incoming.failure()
  return { receivedSize: at, answer: null }
}

type Reader = ReturnType<typeof createReader>

/** Stores what comes next, up to PIECE_BYTES, and adds it to the upload. */
async function keepPiece(
  deps: UploadDeps,
  response: ResponseRow,
  upload: PiecedUpload,
  offset: number,
  incoming: Reader,
): Promise<{ at: number; answer: SavedAnswer | null }> {
  const { world, storage } = deps
  const { workspace_id: workspaceId, expected_size: expected, created_at: begunAt } = upload
  const id = world.newId()
  const dueAt = () => dueAfter(world.clock.now(), begunAt)
  let size = 0
  async function* bytes() {
    for await (const chunk of incoming.take(PIECE_BYTES)) {
      size += chunk.length
      if (offset + size > expected) throw beyond(expected)
      yield chunk
    }
  }
  await insertPiece(world.db, { id, upload, offset, dueAt: dueAt() })
  try {
    await storage.write(uploadKey(workspaceId, id), bytes())
    if (offset + size === expected) {
      const answer = await complete(deps, response, upload, offset, id)
      const pieces = await listPieces(world.db, workspaceId, upload.id)
      for (const piece of [...pieces, { id }]) await drop(deps, workspaceId, piece.id)
      return { at: expected, answer }
    }
    if (!(await addPiece(world.db, { id, upload, offset, size, dueAt: dueAt() }))) throw wrongOffset()
    return { at: offset + size, answer: null }
  } catch (error) {
    await drop(deps, workspaceId, id)
    throw error
  }
}

/** Puts all pieces together and makes them the answer. What is refused is over. */
async function complete(
  deps: UploadDeps,
  response: ResponseRow,
  upload: PiecedUpload,
  receivedSize: number,
  lastPieceId: string,
): Promise<SavedAnswer> {
  const { world, storage, maxUploadBytes } = deps
  const { workspace_id: workspaceId, id: uploadId } = upload
  const before = await listPieces(world.db, workspaceId, uploadId)
  // An object of its own: another request may be putting other last bytes to the same pieces.
  const wholeId = world.newId()
  const storageKey = uploadKey(workspaceId, wholeId)
  const dueAt = dueAfter(world.clock.now(), upload.created_at)
  await insertPiece(world.db, { id: wholeId, upload, offset: 0, dueAt })
  async function* all() {
    for (const id of [...before.map((piece) => piece.id), lastPieceId]) {
      const stored = await storage.read(uploadKey(workspaceId, id))
      if (!stored) throw wrongOffset()
      yield* stored.stream as AsyncIterable<Uint8Array>
    }
  }
  try {
    const asked = await questionOf(world, response, upload.field_key)
    const limit = sizeLimit(asked.question, maxUploadBytes)
    const made = { id: uploadId, storageKey, fileName: upload.file_name, limit }
    return await acceptBytes(deps, response, asked, made, all(), async (tx, facts) => {
      if (!(await markUploadReady(tx, workspaceId, { ...made, receivedSize }, facts))) throw wrongOffset()
      await deletePiece(tx, workspaceId, wholeId)
    })
  } catch (error) {
    const ready = await findReadyUpload(world.db, workspaceId, uploadId)
    // Only the news of its commit was lost: the bytes are the answer's.
    if (ready?.storage_key === storageKey) throw error
    await drop(deps, workspaceId, wholeId)
    // Whatever went wrong, pieces that were taken away for instance: another request was faster.
    if (ready) throw wrongOffset(upload.expected_size)
    if (isFinal(error)) await discardUploads(world.db, workspaceId, [uploadId], world.clock.now())
    throw error
  }
}

/** Whether sending the last bytes again would change nothing. */
function isFinal(error: unknown): boolean {
  return error instanceof ExpectedError && error.details.rule !== 'wrong_offset'
}

/** Forgets a piece; what will not go now is left to the sweep. */
async function drop({ world, storage }: UploadDeps, workspaceId: string, id: string): Promise<void> {
  try {
    await storage.delete(uploadKey(workspaceId, id))
    await deletePiece(world.db, workspaceId, id)
  } catch {
    // The sweep tries again; the caller hears what was wrong first.
  }
}

/** Reads chunks one by one. A source that breaks off ends like any other; `failure` tells the two apart. */
function createReader(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]()
  let next: Uint8Array | undefined
  let ended = false
  let failure: unknown

  async function hasMore(): Promise<boolean> {
    while (next === undefined && !ended) {
      try {
        const { value, done } = await iterator.next()
        if (done) ended = true
        else if (value.length > 0) next = value
      } catch (error) {
        ended = true
        failure = error
      }
    }
    return next !== undefined
  }

  return {
    hasMore,
    failure: () => failure,
    async *take(limit: number): AsyncGenerator<Uint8Array> {
      for (let taken = 0; taken < limit && (await hasMore()); ) {
        const chunk = next!
        next = undefined
        taken += chunk.length
        yield chunk
      }
    },
  }
}

function wrongOffset(received?: number): ExpectedError {
  const where = received === undefined ? '' : ` It has ${received} bytes so far.`
  return rejected('wrong_offset', `These bytes are not the next of the upload.${where} Ask where it stands, and go on.`)
}

function beyond(expected: number): ExpectedError {
  return rejected('too_large', `The upload has more bytes than the ${expected} that were announced.`)
}
