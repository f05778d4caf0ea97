import multipart from '@fastify/multipart'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { DEFAULT_THANK_YOU } from '../domains/links/index.ts'
import {
  clearAnswer,
  openSession,
  recordAnswer,
  type SessionState,
  sessionState,
  submitResponse,
  uploadAnswer,
} from '../domains/responses/index.ts'
import { parse, text } from '../platform/validation.ts'
import { checkAnnouncedSize, incomingFile } from './body.ts'
import { pagePath, sessionCookieOf } from './cookies.ts'
import { take, type Web } from './deps.ts'
import { describe } from './errors.ts'
import { publicLink } from './link-view.ts'
import { liveRoutes } from './routes-live.ts'
import { recordingRoutes } from './routes-recording.ts'
import { speechRoutes } from './routes-speech.ts'
import { resumableUploadRoutes } from './routes-uploads.ts'
import { tokenOf } from './session-token.ts'
import { linkAt } from './workspace.ts'

interface Route {
  Params: { workspace?: string; slug: string }
}
interface AnswerRoute {
  Params: Route['Params'] & { fieldKey: string }
}

/** Pages of other origins may call it, without credentials of the browser: the session travels in a header. */
export const CORS_HEADERS = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after' }
const PREFLIGHT_HEADERS = {
  ...CORS_HEADERS,
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
  'access-control-allow-headers': 'authorization, content-type, content-disposition',
  'access-control-max-age': '86400',
}

const sessionInput = z.object({ respondent: text(200).nullish() })
const answerInput = z.object({ value: z.unknown() })

/** The public JSON API below one link (docs/public-api.md). */
export function jsonRoutes(web: Web): FastifyPluginAsync {
  const { world, signer, maxUploadBytes, publicUrl, logger } = web
  const linkOf = ({ hostname, params }: FastifyRequest<Route>) => linkAt(world, publicUrl, { hostname, ...params })

  return async (app) => {
    app.addHook('onRequest', async (_request, reply) => {
      reply.headers({ ...CORS_HEADERS, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    })
    app.setErrorHandler((error, request, reply) => sendFailure(error, request, reply, logger))

    const preflight = async (_request: FastifyRequest, reply: FastifyReply) =>
      reply.code(204).headers(PREFLIGHT_HEADERS).send()
    app.options('/', preflight)
    app.options('/*', preflight)

    // A body that is announced as JSON but absent is no body: clients set the header on every call.
    const parseJson = app.getDefaultJsonParser('error', 'error')
    app.removeContentTypeParser('application/json')
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
      if (body === '') done(null, undefined)
      else parseJson(request, body as string, done)
    })

    app.post<Route>('/sessions', async (request, reply) => {
      const link = await linkOf(request)
      await take(web, 'sessions', request.ip)
      const { respondent } = parse(sessionInput, request.body ?? {})
      const opened = await openSession(world, signer, link, {
        channel: 'web',
        respondentToken: respondent ?? undefined,
      })
      const path = pagePath(request.params.workspace, link)
      reply.header('set-cookie', sessionCookieOf(opened.token, { path, secure: publicUrl.protocol === 'https:' }))
      reply.code(201)
      return { session: opened.token, responseId: opened.responseId, link: await publicLink(web, link) }
    })

    app.get<Route>('/session', async (request) => {
      const link = await linkOf(request)
      return viewSession(await sessionState(world, signer, link, tokenOf(request)))
    })

    app.put<AnswerRoute>('/session/answers/:fieldKey', async (request) => {
      const link = await linkOf(request)
      await take(web, 'answers', request.ip)
      const token = tokenOf(request)
      const { value } = parse(answerInput, request.body)
      const { fieldKey } = request.params
      const { answerId, visible } = await recordAnswer(world, signer, link, { token, fieldKey, value })
      return { answerId, visible: [...visible] }
    })

    app.delete<AnswerRoute>('/session/answers/:fieldKey', async (request) => {
      const link = await linkOf(request)
      await take(web, 'answers', request.ip)
      const token = tokenOf(request)
      const { visible } = await clearAnswer(world, signer, link, { token, fieldKey: request.params.fieldKey })
      return { visible: [...visible] }
    })

    app.post<Route>('/session/submit', async (request) => {
      const link = await linkOf(request)
      await take(web, 'submits', request.ip)
      const { responseId } = await submitResponse(world, signer, link, { token: tokenOf(request) })
      const { thankYouMessage, redirectUrl } = link.settings
      return {
        responseId,
        thankYouMessage: thankYouMessage || DEFAULT_THANK_YOU,
        redirectUrl: redirectUrl || null,
      }
    })

    await app.register(resumableUploadRoutes(web))
    await app.register(liveRoutes(web))
    await app.register(speechRoutes(web))
    await app.register(recordingRoutes(web))

    await app.register(async (uploads) => {
      uploads.removeAllContentTypeParsers()
      await uploads.register(multipart)
      // Whatever else it is, it is the file: the handler streams it.
      uploads.addContentTypeParser('*', (_request, _body, done) => done(null))
      uploads.route<AnswerRoute>({
        method: ['PUT', 'POST'],
        url: '/session/answers/:fieldKey/upload',
        handler: async (request) => {
          checkAnnouncedSize(request, maxUploadBytes)
          const link = await linkOf(request)
          await take(web, 'uploads', request.ip)
          const token = tokenOf(request)
          const { fieldKey } = request.params
          const file = await incomingFile(request)
          const { answerId, visible } = await uploadAnswer(web, link, { token, fieldKey, ...file })
          return { answerId, visible: [...visible] }
        },
      })
    })
  }
}

/** Answers with the error envelope and its status. */
export function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Web['logger']) {
  const { status, body } = describe(error, request, logger)
  if (body.error.retryAfter !== undefined) reply.header('retry-after', body.error.retryAfter)
  if (status === 401) reply.header('www-authenticate', 'Session')
  return reply.code(status).send(body)
}

function viewSession({ responseId, status, answers, visible, followUps }: SessionState) {
  const viewed = [...answers].map(([fieldKey, answer]) => {
    const { value, upload_id, file_name, media_type, size, probing, transcript } = answer
    const upload = upload_id === null ? null : { fileName: file_name, mediaType: media_type, size }
    return [fieldKey, { value: value ?? null, upload, transcript, probing }] as const
  })
  const asked = followUps.map(
    ({ field_key: fieldKey, follows, number, prompt, language, type, isAnswered: answered }) => ({
      ...{ fieldKey, follows, number, prompt, language, type, answered },
    }),
  )
  return { responseId, status, answers: Object.fromEntries(viewed), visible: [...visible], followUps: asked }
}
