import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { findRecording } from '../../domains/campaigns/index.ts'
import { findReadyUpload, type ReadyUpload, SOUND_FORMS, storedForm } from '../../domains/responses/index.ts'
import { findPlayable } from '../../domains/voice-files/index.ts'
import type { World } from '../../domains/world.ts'
import { ERROR_CODES, ExpectedError, NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import { type StoredBytes, serveBytes } from '../../platform/serve-bytes.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { dropHeaders } from '../entrance.ts'
import {
  formNamed,
  recordingResource,
  type SignedQuery,
  uploadFormName,
  verifyMediaUrl,
  voiceFileResource,
} from './signed-url.ts'

export {
  audioFileName,
  DEFAULT_TTL_SECONDS,
  type SignMediaUrlOptions,
  type SignRecordingUrlOptions,
  type SignVoiceFileUrlOptions,
  signMediaUrl,
  signRecordingUrl,
  signVoiceFileUrl,
  uploadFormName,
} from './signed-url.ts'

export interface MediaDeps {
  world: World
  storage: Storage
  /** What `signMediaUrl` signs with. */
  secret: Uint8Array
  logger: Logger
}

const MAX_CACHE_SECONDS = 3_600
const STATUS: Readonly<Record<string, number>> = { UNAUTHENTICATED: 403, NOT_FOUND: 404 }

interface Route {
  Params: Record<string, string>
  Querystring: Record<string, unknown>
}

/**
 * `GET` and `HEAD` of bytes by signed address (`?workspace=&expires=&signature=`), with byte ranges so that players can
 * seek. `/media/{uploadId}`: recordings and files that people sent; any name may follow the id. Of a recording that was
 * prepared, `/audio.mp3` and `/audio-16khz.wav` are what was made of it; until then they are the recording.
 * `/media/voice/{voiceFileId}/{name}`: a form of a voice file. `/media/recordings/{recordingId}/{name}`: what was said in
 * a call. 403 for an address that is not signed or has expired, 404
 * when what it is of is gone, 416 for a range beyond its end.
 */
export function mediaPlugin({ world, storage, secret, logger }: MediaDeps): FastifyPluginAsync {
  /** The query, once it is known to be signed for this. */
  function signedFor(resource: string, request: FastifyRequest<Route>): SignedQuery {
    const query = signedQuery(request.query)
    if (query && verifyMediaUrl(secret, world.clock, resource, query)) return query
    throw new ExpectedError('UNAUTHENTICATED', 'This address is not signed by this server, or it has expired.')
  }

  async function serveUpload(request: FastifyRequest<Route>, reply: FastifyReply) {
    const { uploadId = '' } = request.params
    const query = signedFor(uploadId, request)
    const known = isUuid(uploadId) && isUuid(query.workspace)
    const upload = known ? await findReadyUpload(world.db, query.workspace, uploadId) : undefined
    if (!upload) throw new NotFoundError('upload', ['uploadId'])
    return serve(
      request,
      reply,
      query,
      formOf(upload, request.params.fileName) ?? { ...upload, file_name: upload.file_name ?? uploadId },
    )
  }

  async function serveVoiceFile(request: FastifyRequest<Route>, reply: FastifyReply) {
    const { voiceFileId = '', fileName = '' } = request.params
    const form = formNamed(fileName)
    if (!form) throw new NotFoundError('voice file', ['fileName'])
    const query = signedFor(voiceFileResource(voiceFileId, form), request)
    const known = isUuid(voiceFileId) && isUuid(query.workspace)
    const found = known ? await findPlayable(world.db, query.workspace, voiceFileId, form) : undefined
    if (!found) throw new NotFoundError('voice file', ['voiceFileId'])
    return serve(request, reply, query, { ...found, file_name: fileName })
  }

  async function serveRecording(request: FastifyRequest<Route>, reply: FastifyReply) {
    const { recordingId = '', fileName = '' } = request.params
    const query = signedFor(recordingResource(recordingId), request)
    const known = isUuid(recordingId) && isUuid(query.workspace)
    const found = known ? await findRecording(world.db, query.workspace, recordingId) : undefined
    if (!found) throw new NotFoundError('recording', ['recordingId'])
    return serve(request, reply, query, { ...found, file_name: fileName })
  }

  async function serve(request: FastifyRequest<Route>, reply: FastifyReply, query: SignedQuery, stored: StoredBytes) {
    const secondsLeft = Math.floor(Number(query.expires) - world.clock.now().getTime() / 1000)
    reply.headers({
      'access-control-allow-origin': '*',
      'cache-control': `private, max-age=${Math.min(secondsLeft, MAX_CACHE_SECONDS)}`,
    })
    return serveBytes(request, reply, storage, stored)
  }

  return async (app) => {
    app.setErrorHandler((error, request, reply) => {
      dropHeaders(reply)
      reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
      if (error instanceof ExpectedError) {
        const { code, message, path, retryable } = error
        return reply.code(STATUS[code] ?? 400).send({ error: { code, message, path, retryable } })
      }
      logger.error({ err: error, requestId: request.id }, 'serving media failed')
      const { retryable } = ERROR_CODES.INTERNAL_SERVER_ERROR
      const message = `Something failed on the server. Request id: ${request.id}.`
      return reply.code(500).send({ error: { code: 'INTERNAL_SERVER_ERROR', message, path: [], retryable } })
    })
    for (const url of ['/media/:uploadId', '/media/:uploadId/:fileName']) {
      app.route<Route>({ method: ['GET', 'HEAD'], url, handler: serveUpload })
    }
    app.route<Route>({ method: ['GET', 'HEAD'], url: '/media/voice/:voiceFileId/:fileName', handler: serveVoiceFile })
    app.route<Route>({
      method: ['GET', 'HEAD'],
      url: '/media/recordings/:recordingId/:fileName',
      handler: serveRecording,
    })
  }
}

/** What was made of a recording, when that is what its address names. */
function formOf(upload: ReadyUpload, fileName: string | undefined): StoredBytes | undefined {
  const form = SOUND_FORMS.find((each) => fileName === uploadFormName(each))
  const stored = form && storedForm(upload, form)
  return stored && { ...stored, file_name: uploadFormName(form) }
}

/** Each parameter once; anything else was not made by `signMediaUrl`. */
function signedQuery({ workspace, expires, signature }: Record<string, unknown>): SignedQuery | undefined {
  if (typeof workspace !== 'string' || typeof expires !== 'string' || typeof signature !== 'string') return undefined
  return { workspace, expires, signature }
}
