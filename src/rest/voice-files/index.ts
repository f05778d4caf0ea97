import multipart from '@fastify/multipart'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { requireScope } from '../../domains/auth/index.ts'
import { MAX_FILES, uploadVoiceFiles, type VoiceFileDeps } from '../../domains/voice-files/index.ts'
import { ExpectedError } from '../../platform/errors.ts'
import { answerFailures, type EntranceDeps, viewerOf } from '../entrance.ts'
import { incomingFiles } from './incoming-files.ts'

export interface VoiceFilesDeps extends EntranceDeps {
  voiceFiles: VoiceFileDeps
}

/** Boundaries and part headers around the files of a multipart body. */
const ENVELOPE_BYTES = 100_000

/**
 * `POST /voice-files` with `Authorization: Bearer`: audio in parts named `files`, or as the whole body. Answers 201 with
 * what was made, all of it pending. docs/voice-files.md describes it.
 */
export function voiceFilesPlugin(deps: VoiceFilesDeps): FastifyPluginAsync {
  const { voiceFiles } = deps

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
    answerFailures(app, deps, 'taking voice files failed')
    app.removeAllContentTypeParsers()
    await app.register(multipart)
    // Anything else is a file as it comes.
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))

    app.post('/voice-files', async (request, reply) => {
      const viewer = await viewerOf(deps, request)
      requireScope(viewer, 'voiceFiles:write')
      checkAnnouncedSize(request)
      const made = await uploadVoiceFiles(voiceFiles, viewer, incomingFiles(request))
      return reply.code(201).send({ voiceFiles: made.map((file) => ({ ...file, status: 'pending' })) })
    })
  }
}
