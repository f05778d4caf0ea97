import type { FastifyRequest } from 'fastify'
import { ExpectedError } from '../platform/errors.ts'
import { bytesOf, dispositionName, isBodyRefusal } from '../platform/incoming.ts'
import { malformed } from './errors.ts'

/** Boundaries, part headers and hidden fields around the files of a multipart body. */
const ENVELOPE_BYTES = 100_000

/** A file as it arrives. */
export interface IncomingFile {
  fileName: string | null
  source: AsyncIterable<Uint8Array>
}

/** Throws UPLOAD_REJECTED for a body that says of itself that it is too large, before a byte of it is read. */
export function checkAnnouncedSize(request: FastifyRequest, maxBytes: number): void {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced <= maxBytes + ENVELOPE_BYTES) return
  throw new ExpectedError('UPLOAD_REJECTED', `The file is larger than ${maxBytes} bytes.`, {
    path: ['value'],
    details: { rule: 'too_large' },
  })
}

/** The file of an upload request: its first file part when it is multipart, its whole body otherwise. */
export async function incomingFile(request: FastifyRequest): Promise<IncomingFile> {
  if (request.isMultipart()) {
    for await (const part of partsOf(request, { files: 1 })) {
      if (part.type === 'file') return { fileName: part.filename, source: bytesOf(part.file, malformed) }
    }
    throw malformed('must hold a file part')
  }
  const named = (request.query as Record<string, unknown>).filename
  const fileName = typeof named === 'string' ? named : dispositionName(request.headers['content-disposition'])
  return { fileName, source: bytesOf(request.raw, malformed) }
}

/** The parts of a multipart body as they arrive. Throws VALIDATION_FAILED when it is broken or stops coming. */
export async function* partsOf(request: FastifyRequest, limits: { files: number }) {
  // The size of files is the domain's to judge, while they stream.
  const options = { limits: { ...limits, ...FIELD_LIMITS, fileSize: Number.POSITIVE_INFINITY } }
  try {
    yield* request.parts(options)
  } catch (error) {
    if (error instanceof ExpectedError || isBodyRefusal(error)) throw error
    throw malformed('is not a complete multipart/form-data body')
  }
}

/** 200 questions of up to 200 boxes fit, and the longest text with every character escaped. */
const FIELD_LIMITS = { fields: 50_000, parts: 50_000, fieldSize: 200_000, fieldNameSize: 200, headerPairs: 50 }
