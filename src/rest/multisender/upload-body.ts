import type { Multipart, MultipartFile } from '@fastify/multipart'
import { type IncomingVoiceFile, MAX_FILES } from '../../domains/voice-files/index.ts'
import { ExpectedError, ValidationError } from '../../platform/errors.ts'
import { bytesOf } from '../../platform/incoming.ts'
import { type PartLimits, Refused, type RequestBody } from '../legacy/index.ts'

/** `files` may be repeated; with brackets it is what PHP makes of that. */
const PART_NAMES: ReadonlySet<string> = new Set(['files', 'files[]'])

/** One more file than is taken, so that it is told of. The size of files is the domain's to judge, while they stream. */
const LIMITS: PartLimits = {
  ...{ files: MAX_FILES + 1, fileSize: Number.POSITIVE_INFINITY },
  ...{ fields: 100, parts: 200, fieldSize: 10_000, fieldNameSize: 200, headerPairs: 50 },
}

/**
 * The parser of an upload: the fields before the first file, as texts, and `files` as they arrive. A credential among
 * the fields therefore has to come before the files, of which nothing is taken from a stranger.
 */
export async function parseUpload(body: RequestBody): Promise<Record<string, unknown>> {
  const parts = body.parts(LIMITS)[Symbol.asyncIterator]()
  const fields = new Map<string, unknown>()
  let part = await nextOf(parts)
  for (; part && part.type === 'field'; part = await nextOf(parts)) fields.set(part.fieldname, part.value)
  return { ...Object.fromEntries(fields), files: filesOf(parts, part) }
}

async function* filesOf(
  parts: AsyncIterator<Multipart>,
  first: MultipartFile | undefined,
): AsyncGenerator<IncomingVoiceFile> {
  for (let part: Multipart | undefined = first; part; part = await nextOf(parts)) {
    if (part.type !== 'file') continue
    if (!PART_NAMES.has(part.fieldname)) {
      throw new ValidationError([
        { path: ['files'], rule: 'unknown_key', message: 'must be the name of every file part' },
      ])
    }
    yield { fileName: part.filename || null, source: bytesOf(part.file, malformed) }
  }
}

async function nextOf(parts: AsyncIterator<Multipart>): Promise<Multipart | undefined> {
  try {
    const { done, value } = await parts.next()
    return done ? undefined : value
  } catch (error) {
    if (error instanceof ExpectedError) throw error
    throw malformed('is not a complete multipart/form-data body')
  }
}

const malformed = (message: string) => new Refused({ kind: 'malformed_body', message: `it ${message}` })
