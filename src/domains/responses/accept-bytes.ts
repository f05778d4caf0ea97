import { createHash } from 'node:crypto'
import type { Tx } from '../../db/database.ts'
import { ValidationError } from '../../platform/errors.ts'
import type { Audio } from '../../providers/audio/index.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { type Configuration, isVoice, type QuestionRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { judgeRecording } from './judge-recording.ts'
import { type AskedQuestion, type SavedAnswer, saveAnswer } from './record-answer.ts'
import { rejected, tooLarge } from './rejected.ts'
import type { ResponseRow, UploadFacts } from './store.ts'
import type { TokenSigner } from './tokens.ts'
import { acceptedType, judgeContent, SNIFF_BYTES } from './upload-type.ts'

const MEGABYTE = 1_000_000
const MAX_FILE_NAME = 255

export interface UploadDeps {
  world: World
  signer: TokenSigner
  storage: Storage
  /** Listens to recordings before they become answers. */
  audio: Pick<Audio, 'inspect'>
  /** The most bytes of one upload, whatever its question allows. */
  maxUploadBytes: number
  /** How long that listening may take. Default 20 seconds. */
  judgeMs?: number
}

/**
 * Streams bytes to storage while they are counted, judges them by their content, and makes them the answer, in one
 * transaction that `claim` begins. Throws UPLOAD_REJECTED, NOT_FOUND, SESSION_COMPLETED, LINK_DELETED, or the error of
 * `source` or `claim`; the bytes are then left to whoever called.
 */
export async function acceptBytes(
  deps: Pick<UploadDeps, 'world' | 'storage' | 'audio' | 'judgeMs'>,
  response: ResponseRow,
  asked: AskedQuestion,
  upload: { id: string; storageKey: string; fileName: string | null; limit: number },
  source: AsyncIterable<Uint8Array>,
  claim: (tx: Tx, facts: UploadFacts) => Promise<void>,
): Promise<SavedAnswer> {
  const { world, storage } = deps
  const { question } = asked
  const { id, storageKey, fileName } = upload
  const measured = measure(source, upload.limit)
  await storage.write(storageKey, measured.stream)
  if (measured.size === 0) throw rejected('empty', 'The file is empty.')
  const whole = async () => (await storage.read(storageKey))?.stream
  const mediaType = acceptedType(question, await judgeContent(measured.head(), fileName, whole))
  if (!mediaType) throw rejected('type_not_allowed', describeAllowed(question))
  const isRecording = isVoice(question.type)
  const facts = {
    ...{ mediaType, size: measured.size, sha256: measured.sha256(), isRecording },
    durationSeconds: isRecording ? await judgeRecording(deps, question, storageKey) : null,
  }
  return saveAnswer(world, response, asked, { value: undefined, uploadId: id }, (tx) => claim(tx, facts))
}

/**
 * The most bytes that a question takes. Throws VALIDATION_FAILED for one that is answered with a value.
 */
export function sizeLimit({ type, configuration }: QuestionRow, maxUploadBytes: number): number {
  if (isVoice(type)) return maxUploadBytes
  if (type !== 'file_upload') {
    const message = `a question of type ${type} is answered with a value, not with a file`
    throw new ValidationError([{ path: ['value'], rule: 'needs_value', message }])
  }
  const { max_size_mb } = configuration as Configuration<'file_upload'>
  return max_size_mb === undefined ? maxUploadBytes : Math.min(maxUploadBytes, Math.floor(max_size_mb * MEGABYTE))
}

/** What a person may be shown of the name a browser sent: its last part, without control characters. */
export function cleanFileName(name: string | null): string | null {
  const clean = name
    ?.split(/[/\\]/)
    .at(-1)
    ?.replace(/[\p{C}]/gu, '')
    .trim()
    .slice(0, MAX_FILE_NAME)
    .replace(/\p{Cs}/u, '') // half a character, when the cut went through one
  return clean || null
}

function measure(source: AsyncIterable<Uint8Array>, limit: number) {
  const hash = createHash('sha256')
  const head: Uint8Array[] = []
  let headSize = 0
  let size = 0
  async function* stream() {
    for await (const chunk of source) {
      size += chunk.length
      if (size > limit) throw tooLarge(limit)
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
