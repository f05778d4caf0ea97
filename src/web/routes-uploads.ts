import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { beginUpload, cancelUpload, continueUpload, uploadProgress } from '../domains/responses/index.ts'
import { ExpectedError, ValidationError } from '../platform/errors.ts'
import { bytesOf } from '../platform/incoming.ts'
import { pagePath } from './cookies.ts'
import { take, type Web } from './deps.ts'
import { malformed } from './errors.ts'
import { tokenOf } from './session-token.ts'
import { linkAt } from './workspace.ts'

interface Route {
  Params: { workspace?: string; slug: string }
}
interface AnswerRoute {
  Params: Route['Params'] & { fieldKey: string }
}
interface UploadRoute {
  Params: Route['Params'] & { uploadId: string }
}

/** https://tus.io/protocols/resumable-upload, with the extensions `creation` and `termination`. */
const VERSION = '1.0.0'
const CONTENT_TYPE = 'application/offset+octet-stream'
/** What a person may have named a file, in base64. */
const MAX_METADATA = 4_000

const EXPOSED = [
  ...['Location', 'Upload-Offset', 'Upload-Length', 'Retry-After'],
  ...['Tus-Resumable', 'Tus-Version', 'Tus-Extension', 'Tus-Max-Size'],
].join(', ')
const PREFLIGHT = {
  'access-control-allow-methods': 'HEAD, POST, PATCH, DELETE',
  'access-control-allow-headers': [
    ...['authorization', 'content-type', 'tus-resumable', 'upload-length', 'upload-metadata', 'upload-offset'],
    'x-http-method-override',
  ].join(', '),
  'access-control-max-age': '86400',
  'tus-version': VERSION,
  'tus-extension': 'creation,termination',
}

/** Uploads that go on where they stopped, for networks that come and go (docs/public-api.md). */
export function resumableUploadRoutes(web: Web): FastifyPluginAsync {
  const { world, signer, publicUrl, maxUploadBytes } = web
  const linkOf = ({ hostname, params }: FastifyRequest<Route>) => linkAt(world, publicUrl, { hostname, ...params })

  return async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.headers({ 'tus-resumable': VERSION, 'access-control-expose-headers': EXPOSED })
      if (request.method === 'OPTIONS' || request.headers['tus-resumable'] === VERSION) return
      reply.header('tus-version', VERSION)
      const message = `Send "Tus-Resumable: ${VERSION}", the version of the protocol that is spoken here.`
      throw new ExpectedError('UPLOAD_REJECTED', message, {
        path: ['tus-resumable'],
        details: { rule: 'unsupported_version' },
      })
    })
    app.removeAllContentTypeParsers()
    // The handler streams it.
    app.addContentTypeParser('*', (_request, _body, done) => done(null))

    const preflight = async (_request: FastifyRequest, reply: FastifyReply) =>
      reply
        .code(204)
        .headers({ ...PREFLIGHT, 'tus-max-size': maxUploadBytes })
        .send()
    app.options('/session/answers/:fieldKey/uploads', preflight)
    app.options('/session/uploads/:uploadId', preflight)

    app.post<AnswerRoute>('/session/answers/:fieldKey/uploads', async (request, reply) => {
      const link = await linkOf(request)
      await take(web, 'uploads', request.ip)
      const { uploadId } = await beginUpload(web, link, {
        token: tokenOf(request),
        fieldKey: request.params.fieldKey,
        size: bytesNamed(request, 'upload-length'),
        fileName: fileNameOf(request),
      })
      const location = `${pagePath(request.params.workspace, link)}/session/uploads/${uploadId}`
      return reply.code(201).header('location', location).send()
    })

    app.head<UploadRoute>('/session/uploads/:uploadId', async (request, reply) => {
      const link = await linkOf(request)
      await take(web, 'pieces', request.ip)
      const named = { token: tokenOf(request), uploadId: request.params.uploadId }
      const { receivedSize, expectedSize } = await uploadProgress({ world, signer }, link, named)
      return reply.headers({ 'upload-offset': receivedSize, 'upload-length': expectedSize }).send()
    })

    const patch = async (request: FastifyRequest<UploadRoute>, reply: FastifyReply) => {
      const offset = bytesNamed(request, 'upload-offset')
      if (request.headers['content-type'] !== CONTENT_TYPE) {
        throw new ExpectedError('UPLOAD_REJECTED', `The body of a PATCH must be of type ${CONTENT_TYPE}.`, {
          path: ['content-type'],
          details: { rule: 'type_not_allowed' },
        })
      }
      const link = await linkOf(request)
      await take(web, 'pieces', request.ip)
      const announced = request.headers['content-length']
      const { receivedSize, answer } = await continueUpload(web, link, {
        ...{ token: tokenOf(request), uploadId: request.params.uploadId, offset },
        announced: announced === undefined ? null : Number(announced),
        source: bytesOf(request.raw, malformed),
      })
      reply.header('upload-offset', receivedSize)
      if (!answer) return reply.code(204).send()
      return { answerId: answer.answerId, visible: [...answer.visible] }
    }

    const cancel = async (request: FastifyRequest<UploadRoute>, reply: FastifyReply) => {
      const link = await linkOf(request)
      await take(web, 'pieces', request.ip)
      await cancelUpload({ world, signer }, link, { token: tokenOf(request), uploadId: request.params.uploadId })
      return reply.code(204).send()
    }

    app.patch<UploadRoute>('/session/uploads/:uploadId', patch)
    app.delete<UploadRoute>('/session/uploads/:uploadId', cancel)
    // For surroundings that let through no other method.
    app.post<UploadRoute>('/session/uploads/:uploadId', async (request, reply) => {
      const method = request.headers['x-http-method-override']
      if (method === 'PATCH') return patch(request, reply)
      if (method === 'DELETE') return cancel(request, reply)
      throw invalid('x-http-method-override', 'must be PATCH or DELETE')
    })
  }
}

/** A number of bytes from a header. Throws VALIDATION_FAILED. */
function bytesNamed(request: FastifyRequest, name: 'upload-length' | 'upload-offset'): number {
  const given = request.headers[name]
  if (typeof given === 'string' && /^\d{1,15}$/.test(given)) return Number(given)
  throw invalid(name, 'must be a number of bytes')
}

/** `filename` of Upload-Metadata: pairs of a key and a value in base64, between commas. */
function fileNameOf(request: FastifyRequest): string | null {
  const given = request.headers['upload-metadata']
  if (given === undefined) return null
  if (typeof given !== 'string' || given.length > MAX_METADATA) {
    throw invalid('upload-metadata', `must have at most ${MAX_METADATA} characters`)
  }
  for (const pair of given.split(',')) {
    const [key, value = ''] = pair.trim().split(' ')
    if (key === 'filename') return Buffer.from(value, 'base64').toString('utf8')
  }
  return null
}

function invalid(name: string, message: string): ValidationError {
  return new ValidationError([{ path: [name], rule: 'invalid', message }])
}
