import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { findReadyUpload } from '../../domains/responses/index.ts'
import type { World } from '../../domains/world.ts'
import { ERROR_CODES, ExpectedError, NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { parseRange } from './range.ts'
import { type SignedQuery, verifyMediaUrl } from './signed-url.ts'

export { audioFileName, DEFAULT_TTL_SECONDS, type SignMediaUrlOptions, signMediaUrl } from './signed-url.ts'

export interface MediaDeps {
  world: World
  storage: Storage
  /** What `signMediaUrl` signs with. */
  secret: Uint8Array
  logger: Logger
}

/** A file is somebody else's: it may be shown and played, and can do nothing. */
const CONTENT_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
/** Shown in place; everything else is handed over as a download. SVG is a program, so it is not among them. */
const INLINE = /^(audio|video|image)\/(?!svg)/
const MAX_CACHE_SECONDS = 3_600
const STATUS: Readonly<Record<string, number>> = { UNAUTHENTICATED: 403, NOT_FOUND: 404 }

interface Route {
  Params: { uploadId: string }
  Querystring: Record<string, unknown>
}

/**
 * `GET` and `HEAD /media/{uploadId}?workspace=&expires=&signature=`: recordings and files that people sent, by signed
 * address, with byte ranges so that players can seek. Any name may follow the id, such as `/audio.mp3`. 403 for an
 * address that is not signed or has expired, 404 when the upload is gone, 416 for a range beyond its end.
 */
export function mediaPlugin({ world, storage, secret, logger }: MediaDeps): FastifyPluginAsync {
  async function serve(request: FastifyRequest<Route>, reply: FastifyReply) {
    const { uploadId } = request.params
    const query = signedQuery(request.query)
    if (!query || !verifyMediaUrl(secret, world.clock, uploadId, query)) {
      throw new ExpectedError('UNAUTHENTICATED', 'This address is not signed by this server, or it has expired.')
    }
    const known = isUuid(uploadId) && isUuid(query.workspace)
    const upload = known ? await findReadyUpload(world.db, query.workspace, uploadId) : undefined
    if (!upload) throw new NotFoundError('upload', ['uploadId'])

    const { size, media_type: mediaType } = upload
    const secondsLeft = Math.floor(Number(query.expires) - world.clock.now().getTime() / 1000)
    reply.headers({
      'accept-ranges': 'bytes',
      'access-control-allow-origin': '*',
      'cache-control': `private, max-age=${Math.min(secondsLeft, MAX_CACHE_SECONDS)}`,
      'content-security-policy': CONTENT_POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    if (!INLINE.test(mediaType)) {
      reply.header('content-disposition', `attachment; filename*=UTF-8''${encodeName(upload.file_name ?? uploadId)}`)
    }
    const range = parseRange(request.headers.range, size)
    if (range === 'unsatisfiable') {
      return reply.code(416).header('content-range', `bytes */${size}`).send()
    }
    const length = range ? range.end - range.start + 1 : size
    reply.code(range ? 206 : 200)
    if (range) reply.header('content-range', `bytes ${range.start}-${range.end}/${size}`)
    reply.headers({ 'content-type': mediaType, 'content-length': length })
    if (request.method === 'HEAD') return reply.send()
    const object = await storage.read(upload.storage_key, range)
    if (!object) throw new NotFoundError('upload', ['uploadId'])
    return reply.send(object.stream)
  }

  return async (app) => {
    app.setErrorHandler((error, request, reply) => {
      for (const header of Object.keys(reply.getHeaders())) reply.removeHeader(header)
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
      app.route<Route>({ method: ['GET', 'HEAD'], url, handler: serve })
    }
  }
}

/** Each parameter once; anything else was not made by `signMediaUrl`. */
function signedQuery({ workspace, expires, signature }: Record<string, unknown>): SignedQuery | undefined {
  if (typeof workspace !== 'string' || typeof expires !== 'string' || typeof signature !== 'string') return undefined
  return { workspace, expires, signature }
}

/** As RFC 8187 wants it: `encodeURIComponent` leaves four characters alone that may not stand there. */
function encodeName(name: string): string {
  const safe = name.toWellFormed()
  return encodeURIComponent(safe).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
