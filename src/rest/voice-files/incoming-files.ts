import type { FastifyRequest } from 'fastify'
import { type IncomingVoiceFile, MAX_FILES } from '../../domains/voice-files/index.ts'
import { ExpectedError, ValidationError } from '../../platform/errors.ts'
import { bytesOf, dispositionName, isBodyRefusal } from '../../platform/incoming.ts'

const PART_NAME = 'files'
/** One more file than is taken, so that it is told of. The size of files is the domain's to judge, while they stream. */
const LIMITS = {
  ...{ files: MAX_FILES + 1, fileSize: Number.POSITIVE_INFINITY },
  ...{ fields: 100, parts: 200, fieldSize: 10_000, fieldNameSize: 200, headerPairs: 50 },
}

/**
 * The files of an upload as they arrive: all parts named `files` of a multipart body, or else the whole body, named by
 * `?filename=` or Content-Disposition. Throws VALIDATION_FAILED when the body is broken or stops coming.
 */
export async function* incomingFiles(request: FastifyRequest): AsyncGenerator<IncomingVoiceFile> {
  if (!request.isMultipart()) {
    const named = (request.query as Record<string, unknown>).filename
    const fileName = typeof named === 'string' ? named : dispositionName(request.headers['content-disposition'])
    yield { fileName, source: bytesOf(request.raw, malformed) }
    return
  }
  try {
    for await (const part of request.parts({ limits: LIMITS })) {
      if (part.type !== 'file') continue
      if (part.fieldname !== PART_NAME) throw broken('unknown_key', `must have its files in parts named ${PART_NAME}`)
      yield { fileName: part.filename ?? null, source: bytesOf(part.file, malformed) }
    }
  } catch (error) {
    if (error instanceof ExpectedError || isBodyRefusal(error)) throw error
    throw malformed('is not a complete multipart/form-data body')
  }
}

const malformed = (message: string) => broken('malformed', message)

function broken(rule: string, message: string): ValidationError {
  return new ValidationError([{ path: ['body'], rule, message }])
}
