import multipart from '@fastify/multipart'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { requireScope, type Viewer } from '../../domains/auth/index.ts'
import { MAX_FILES, uploadVoiceFiles, type VoiceFileDeps } from '../../domains/voice-files/index.ts'
import { ERROR_CODES, type ErrorCode, ExpectedError, ValidationError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/logger.ts'
import { incomingFiles } from './incoming-files.ts'

export interface VoiceFilesDeps {
  voiceFiles: VoiceFileDeps
  logger: Logger
  /** Throws UNAUTHENTICATED. */
  authenticate(credential: string): Promise<Viewer>
  /** Throws RATE_LIMITED. */
  limit(viewer: Viewer): Promise<void>
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  INSUFFICIENT_SCOPE: 403,
  RATE_LIMITED: 429,
}

/** Boundaries and part headers around the files of a multipart body. */
const ENVELOPE_BYTES = 100_000

/**
 * `POST /voice-files` with `Authorization: Bearer`: audio in parts named `files`, or as the whole body. Answers 201 with
 * what was made, all of it pending. docs/voice-files.md describes it.
 */
export function voiceFilesPlugin({ voiceFiles, logger, authenticate, limit }: VoiceFilesDeps): FastifyPluginAsync {
  async function viewerOf({ headers }: FastifyRequest): Promise<Viewer> {
    const credential = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
    if (credential === undefined) throw new ExpectedError('UNAUTHENTICATED', 'Send a key as `Authorization: Bearer`.')
    const viewer = await authenticate(credential)
    await limit(viewer)
    requireScope(viewer, 'voiceFiles:write')
    return viewer
  }

  /** Throws UPLOAD_REJECTED for a body that says of itself that it is too large, before a byte of it is read. */
  function checkAnnouncedSize(request: FastifyRequest): void {
    const files = request.isMultipart() ? MAX_FILES : 1
    const most = files * voiceFiles.maxUploadBytes + ENVELOPE_BYTES
    if (Number(request.headers['content-length'] ?? 0) <= most) return
    throw new ExpectedError('UPLOAD_REJECTED', `The body is larger than ${most} bytes.`, {
      path: ['files'],
      details: { rule: 'too_large' },
    })
  }

  return async (app) => {
    app.removeAllContentTypeParsers()
    await app.register(multipart)
    // Anything else is a file as it comes.
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))

    app.post('/voice-files', async (request, reply) => {
      const viewer = await viewerOf(request)
      checkAnnouncedSize(request)
      const made = await uploadVoiceFiles(voiceFiles, viewer, incomingFiles(request))
      return reply.code(201).send({ voiceFiles: made.map((file) => ({ ...file, status: 'pending' })) })
    })

    app.setErrorHandler((error, request, reply) => {
      for (const header of Object.keys(reply.getHeaders())) reply.removeHeader(header)
      reply.header('cache-control', 'no-store')
      // What is left of a body that is not read ends with its connection.
      if (!request.raw.complete) reply.header('connection', 'close')
      if (error instanceof ExpectedError) {
        const { code, message, path, retryable, details } = error
        if (code === 'RATE_LIMITED') reply.header('retry-after', String(details.retryAfter ?? 1))
        const issues = error instanceof ValidationError ? { issues: error.issues } : {}
        const status = details.rule === 'too_large' ? 413 : (STATUS[code] ?? 400)
        return reply.code(status).send({ error: { code, message, path, retryable, ...issues } })
      }
      const { statusCode, message: said } = error as { statusCode?: number; message: string }
      if (statusCode !== undefined && statusCode < 500) {
        const code: ErrorCode = statusCode === 413 ? 'PAYLOAD_TOO_LARGE' : 'VALIDATION_FAILED'
        return reply.code(statusCode).send({ error: { code, message: said, path: ['body'], retryable: false } })
      }
      logger.error({ err: error, requestId: request.id }, 'taking voice files failed')
      const { retryable } = ERROR_CODES.INTERNAL_SERVER_ERROR
      const message = `Something failed on the server. Request id: ${request.id}.`
      return reply.code(500).send({ error: { code: 'INTERNAL_SERVER_ERROR', message, path: [], retryable } })
    })
  }
}
