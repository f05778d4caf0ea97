import { createHash } from 'node:crypto'
import { ExpectedError, ValidationError } from '../../platform/errors.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { type Configuration, isVoice, type LinkRow, type QuestionRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { sessionResponse } from './open-session.ts'
import { checkChangeable, questionOf, type SavedAnswer, saveAnswer } from './record-answer.ts'
import { discardUploads, findReadyUpload, insertUpload, markUploadReady } from './store.ts'
import type { TokenSigner } from './tokens.ts'
import { acceptedType, judgeContent, SNIFF_BYTES } from './upload-type.ts'

const MEGABYTE = 1_000_000
/** An upload that has not arrived by then never will; the sweep removes what there is of it. */
const PENDING_MS = 3_600_000
const MAX_FILE_NAME = 255

export interface UploadDeps {
  world: World
  signer: TokenSigner
  storage: Storage
  /** The most bytes of one upload, whatever its question allows. */
  maxUploadBytes: number
}

/**
 * Answers a question with a recording or a file. The bytes are streamed to storage while they are counted and judged
 * by their content; the answer appears when all of them are there, and nothing remains when they are refused or stop
 * coming. Throws UPLOAD_REJECTED (rule `too_large`, `empty`, `type_not_allowed`), VALIDATION_FAILED (the question takes
 * no upload), NOT_FOUND, SESSION_COMPLETED, LINK_DELETED, or the error of `source`.
 */
export async function uploadAnswer(
  { world, signer, storage, maxUploadBytes }: UploadDeps,
  link: LinkRow,
  input: { token: string; fieldKey: string; fileName: string | null; source: AsyncIterable<Uint8Array> },
): Promise<SavedAnswer & { uploadId: string }> {
  const response = await sessionResponse(world, signer, link, input.token)
  checkChangeable(response, link)
  const asked = await questionOf(world, link, input.fieldKey)
  const { question } = asked
  const limit = Math.min(maxUploadBytes, sizeLimit(question))
  const id = world.newId()
  const storageKey = `uploads/${response.workspace_id}/${id}`
  const fileName = cleanFileName(input.fileName)
  const now = world.clock.now()
  // The row comes first: whatever happens from here on, the sweep knows of the bytes.
  await insertUpload(world.db, { id, response, storageKey, fileName, now, dueAt: new Date(now.getTime() + PENDING_MS) })
  try {
    const measured = measure(input.source, limit)
    await storage.write(storageKey, measured.stream)
    if (measured.size === 0) throw rejected('empty', 'The file is empty.')
    const whole = async () => (await storage.read(storageKey))?.stream
    const mediaType = acceptedType(question, await judgeContent(measured.head(), fileName, whole))
    if (!mediaType) throw rejected('type_not_allowed', describeAllowed(question))
    const facts = { mediaType, size: measured.size, sha256: measured.sha256() }
    const saved = await saveAnswer(world, response, asked, { value: undefined, uploadId: id }, async (tx) => {
      if (!(await markUploadReady(tx, response.workspace_id, id, facts))) {
        throw rejected('too_slow', 'The file took too long to arrive.')
      }
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

function sizeLimit(question: QuestionRow): number {
  if (isVoice(question.type)) return Number.POSITIVE_INFINITY
  if (question.type !== 'file_upload') {
    const message = `a question of type ${question.type} is answered with a value, not with a file`
    throw new ValidationError([{ path: ['value'], rule: 'needs_value', message }])
  }
  const { max_size_mb } = question.configuration as Configuration<'file_upload'>
  return max_size_mb === undefined ? Number.POSITIVE_INFINITY : Math.floor(max_size_mb * MEGABYTE)
}

function measure(source: AsyncIterable<Uint8Array>, limit: number) {
  const hash = createHash('sha256')
  const head: Uint8Array[] = []
  let headSize = 0
  let size = 0
  async function* stream() {
    for await (const chunk of source) {
      size += chunk.length
      if (size > limit) throw rejected('too_large', `The file is larger than ${limit} bytes.`)
      if (headSize < SNIFF_BYTES) {
        head.push(chunk.subarray(0, SNIFF_BYTES - headSize))
        headSize += chunk.length
      }
      hash.update(chunk)
      yield chunk
    }
  }
  return {
    stream: stream(),
    get size() {
      return size
    },
    head: () => Buffer.concat(head),
    sha256: () => hash.digest('hex'),
  }
}

function describeAllowed(question: QuestionRow): string {
  if (question.type !== 'file_upload') return 'The recording must be WebM, MP4, Ogg, WAV or MP3 audio.'
  const { allowed_types = [] } = question.configuration as Configuration<'file_upload'>
  return `The content of the file must be one of: ${allowed_types.join(', ')}.`
}

function rejected(rule: string, message: string): ExpectedError {
  return new ExpectedError('UPLOAD_REJECTED', message, { path: ['value'], details: { rule } })
}

/** What a person may be shown of the name a browser sent: its last part, without control characters. */
function cleanFileName(name: string | null): string | null {
  const clean = name
    ?.split(/[/\\]/)
    .at(-1)
    ?.replace(/[\p{C}]/gu, '')
    .trim()
    .slice(0, MAX_FILE_NAME)
    .replace(/\p{Cs}/u, '') // half a character, when the cut went through one
  return clean || null
}
