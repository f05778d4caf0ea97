import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { type IncomingVoiceFile, MAX_FILES } from '../../domains/voice-files/index.ts'
import { ExpectedError, ValidationError } from '../../platform/errors.ts'

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
    yield { fileName, source: bytesOf(request.raw) }
    return
  }
  try {
    for await (const part of request.parts({ limits: LIMITS })) {
      if (part.type !== 'file') continue
      if (part.fieldname !== PART_NAME) throw broken('unknown_key', `must have its files in parts named ${PART_NAME}`)
      yield { fileName: part.filename ?? null, source: bytesOf(part.file) }
    }
  } catch (error) {
    if (error instanceof ExpectedError || isFramework(error)) throw error
    throw broken('malformed', 'is not a complete multipart/form-data body')
  }
}

/** Whoever stops early leaves the stream open: destroying it would take down the connection, and with it the answer. */
async function* bytesOf(stream: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* stream.iterator({ destroyOnReturn: false })
  } catch {
    throw broken('malformed', 'stopped before it was complete')
  }
}

function isFramework(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && code.startsWith('FST_') && code !== 'FST_MP_PREMATURE_CLOSE'
}

/** `filename*` or `filename` of a Content-Disposition header (RFC 6266). */
function dispositionName(header: string | undefined): string | null {
  const extended = /(?:^|;)\s*filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)/i.exec(header ?? '')?.[1]
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended)
    } catch {
      // Fall back to the plain name.
    }
  }
  const plain = /(?:^|;)\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header ?? '')
  return plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2] ?? null
}

function broken(rule: string, message: string): ValidationError {
  return new ValidationError([{ path: ['body'], rule, message }])
}
