import { createHash } from 'node:crypto'
import { ExpectedError, ValidationError } from '../../platform/errors.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import { PENDING_MS, type VoiceFileDeps } from './deps.ts'
import { MAX_NAME } from './fields.ts'
import { storageKey } from './storage-keys.ts'
import { discardArrivals, forgetArrivals, insertArrival, insertVoiceFile, notStored } from './store.ts'
import { prepareVoiceFileTask } from './tasks.ts'

/** Files of one upload. */
export const MAX_FILES = 20
/** Bytes that have not arrived by then never will; the sweep removes what there is of them. */
const ARRIVAL_MS = 3_600_000
const MAX_FILE_NAME = 255

/** A file as it arrives. */
export interface IncomingVoiceFile {
  /** As the sender calls it. */
  fileName: string | null
  source: AsyncIterable<Uint8Array>
}

interface Arrived {
  id: string
  fileName: string | null
  size: number
  sha256: string
}

/** What came of a file: a pending voice file. */
export interface UploadedVoiceFile {
  id: string
  legacyId: number
  /** Its file name without the ending, or `Voice file`. */
  name: string
  fileName: string | null
  /** Bytes. */
  size: number
}

/**
 * Makes a voice file of each file, or nothing at all when one of them is refused or stops coming. The bytes are streamed
 * to storage while they are counted; what they are is judged by the job that converts them, until which the voice files
 * are pending. Returned in the order of the files. Throws INSUFFICIENT_SCOPE (`voiceFiles:write`),
 * UPLOAD_REJECTED (rule `too_large`, `empty` or `too_slow`, `path` names the file by its number), VALIDATION_FAILED (no
 * file, or more than MAX_FILES), or the error of `files`.
 */
export async function uploadVoiceFiles(
  deps: Pick<VoiceFileDeps, 'world' | 'queue' | 'storage' | 'maxUploadBytes'>,
  viewer: Viewer,
  files: AsyncIterable<IncomingVoiceFile>,
): Promise<UploadedVoiceFile[]> {
  requireScope(viewer, 'voiceFiles:write')
  const { world, storage } = deps
  const { workspaceId } = viewer
  const begun: string[] = []
  try {
    const arrived: Arrived[] = []
    for await (const file of files) {
      if (arrived.length >= MAX_FILES) throw invalid('too_many', `must hold at most ${MAX_FILES} files`)
      const id = world.newId()
      // The row comes first: whatever happens from here on, the sweep knows of the bytes.
      const dueAt = new Date(world.clock.now().getTime() + ARRIVAL_MS)
      await insertArrival(world.db, { id, workspaceId, dueAt })
      begun.push(id)
      arrived.push({ id, ...(await store(deps, workspaceId, id, file, begun.length - 1)) })
    }
    if (arrived.length === 0) throw invalid('required', 'must hold at least one file')
    return await commit(deps, workspaceId, arrived)
  } catch (error) {
    await discardArrivals(world.db, workspaceId, begun, world.clock.now())
    // They are voice files when only the news of their commit was lost. Otherwise the bytes go now: a sweep that
    // overtook this upload has looked for them already, and forgets them with the row.
    for (const id of await notStored(world.db, workspaceId, begun)) {
      await storage.delete(storageKey(workspaceId, id, 'original')).catch(() => {}) // the sweep tries again
    }
    throw error
  }
}

async function store(
  { storage, maxUploadBytes }: Pick<VoiceFileDeps, 'storage' | 'maxUploadBytes'>,
  workspaceId: string,
  id: string,
  { fileName, source }: IncomingVoiceFile,
  index: number,
): Promise<Omit<Arrived, 'id'>> {
  const hash = createHash('sha256')
  let size = 0
  async function* measured() {
    for await (const chunk of source) {
      size += chunk.length
      if (size > maxUploadBytes) throw rejected(index, 'too_large', `The file is larger than ${maxUploadBytes} bytes.`)
      hash.update(chunk)
      yield chunk
    }
  }
  await storage.write(storageKey(workspaceId, id, 'original'), measured())
  if (size === 0) throw rejected(index, 'empty', 'The file is empty.')
  return { fileName: cleanFileName(fileName), size, sha256: hash.digest('hex') }
}

async function commit(
  { world, queue }: Pick<VoiceFileDeps, 'world' | 'queue'>,
  workspaceId: string,
  arrived: readonly Arrived[],
): Promise<UploadedVoiceFile[]> {
  const now = world.clock.now()
  const dueAt = new Date(now.getTime() + PENDING_MS)
  const ids = arrived.map(({ id }) => id)
  return world.events.write(workspaceId, async (tx, emit) => {
    if ((await forgetArrivals(tx, workspaceId, ids)) < ids.length) {
      throw rejected(0, 'too_slow', 'The files took too long to arrive.')
    }
    const first = await takeLegacyIds(tx, workspaceId, 'voiceFile', ids.length)
    const made: UploadedVoiceFile[] = []
    for (const [index, { id, fileName, size, sha256 }] of arrived.entries()) {
      const file = { id, legacyId: first + index, name: nameOf(fileName), fileName, size }
      await insertVoiceFile(tx, {
        ...{ ...file, workspaceId, description: null, kind: 'upload', text: null, voice: null, sha256, now, dueAt },
      })
      made.push(file)
      await queue.send(prepareVoiceFileTask, { workspaceId, voiceFileId: id }, { tx })
      emit('voiceFile.created', { voiceFileId: id })
    }
    return made
  })
}

/** What a person may be shown of the name that a sender gave: its last part, without control characters. */
function cleanFileName(name: string | null): string | null {
  const clean = name
    ?.split(/[/\\]/)
    .at(-1)
    ?.replace(/\p{C}/gu, '')
    .trim()
    .slice(0, MAX_FILE_NAME)
    .replace(/\p{Cs}/u, '') // half a character, when the cut went through one
  return clean || null
}

/** `greeting` for `greeting.wav`. */
function nameOf(fileName: string | null): string {
  const stem = fileName
    ?.replace(/(?<=.)\.[^.]*$/, '')
    .slice(0, MAX_NAME)
    .replace(/\p{Cs}/u, '')
    .trim()
  return stem || 'Voice file'
}

function rejected(index: number, rule: string, message: string): ExpectedError {
  return new ExpectedError('UPLOAD_REJECTED', message, { path: ['files', index], details: { rule } })
}

function invalid(rule: string, message: string): ValidationError {
  return new ValidationError([{ path: ['files'], rule, message }])
}
