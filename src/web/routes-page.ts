import { randomUUID } from 'node:crypto'
import multipart from '@fastify/multipart'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { type LinkRow, listQuestions, type QuestionRow, visibleFieldKeys } from '../domains/links/index.ts'
import { checkOpen, resumeSession, type SessionState, sessionState } from '../domains/responses/index.ts'
import { ExpectedError } from '../platform/errors.ts'
import type { Html } from '../platform/html.ts'
import { preferredLanguage, prefersJson } from './accept.ts'
import { type CookieScope, keepsCookies, pagePath, probeCookie, sessionCookie, sessionCookieOf } from './cookies.ts'
import { take, type Web } from './deps.ts'
import { describe } from './errors.ts'
import { inputId } from './fields.ts'
import { toEntered } from './form-values.ts'
import { closedBecause, publicLink, transcribesLive } from './link-view.ts'
import { closedPage, failedPage, formPage, thanksPage } from './page.ts'
import { pageHeaders } from './page-headers.ts'
import { type Outcome, postForm } from './post-form.ts'
import { CORS_HEADERS, sendFailure } from './routes-json.ts'
import type { Faults } from './save-form.ts'
import { type ClosedPage, LANGUAGES, type Language } from './texts.ts'
import { linkAt } from './workspace.ts'

interface Route {
  Params: { workspace?: string; slug: string }
  Querystring: { r?: unknown; new?: unknown }
}

/** `?new` on the address of a page asks for an empty one, whatever the cookie says. */
const AGAIN = '?new'

/** The page of a link, and the link as JSON for those who ask for that. */
export function pageRoutes(web: Web): FastifyPluginAsync {
  const { world, signer, transcription, publicUrl, logger } = web
  const linkOf = ({ hostname, params }: FastifyRequest<Route>) => linkAt(world, publicUrl, { hostname, ...params })

  return async (app) => {
    await app.register(multipart)
    app.setErrorHandler((error, request, reply) => {
      const isRead = request.method === 'GET' || request.method === 'HEAD'
      if (isRead && prefersJson(request.headers.accept)) {
        reply.headers({ ...CORS_HEADERS, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
        return sendFailure(error, request, reply, logger)
      }
      return sendFailurePage(error, request, reply, logger)
    })

    app.get<Route>('/', async (request, reply) => {
      const link = await linkOf(request)
      if (prefersJson(request.headers.accept)) {
        reply.headers({ ...CORS_HEADERS, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
        return publicLink(web, link)
      }
      const respondent = typeof request.query.r === 'string' && request.query.r ? request.query.r : undefined
      const visit = visitOf(request, link)
      try {
        const token = await resumable(request, link, respondent)
        const state = token === undefined ? undefined : await stateOf(link, token)
        if (!token || !state) return await sendEmpty(visit, reply, respondent)
        reply.header('set-cookie', sessionCookieOf(token, visit.cookies))
        if (state.status === 'completed') return sendThanks(visit, reply)
        return sendState(visit, reply, token, state, state.answers.size > 0 ? 'saved' : undefined)
      } catch (error) {
        if (isCompleted(error)) return sendThanks(visit, reply)
        throw error
      }
    })

    app.post<Route>('/', async (request, reply) => {
      const link = await linkOf(request)
      const visit = visitOf(request, link)
      await take(web, 'answers', request.ip)
      let outcome: Outcome
      try {
        outcome = await postForm(web, link, request)
      } catch (error) {
        // A personal address that was answered already, or a second post of a form that has just been submitted.
        if (isCompleted(error)) return sendThanks(visit, reply)
        throw error
      }
      reply.header('set-cookie', sessionCookieOf(outcome.token, visit.cookies))
      switch (outcome.kind) {
        case 'submitted':
          if (outcome.redirectUrl) return reply.headers(pageHeaders(link)).redirect(outcome.redirectUrl, 303)
          return visit.redirects ? reply.redirect(visit.cookies.path, 303) : sendThanks(visit, reply)
        case 'more':
          if (visit.redirects) return reply.redirect(`${visit.cookies.path}#${inputId(outcome.next)}`, 303)
          return sendState(visit, reply, outcome.token, outcome.state, 'newQuestions')
        case 'faulty':
          reply.code(400)
          return sendState(visit, reply, outcome.token, outcome.state, undefined, outcome.faults)
      }
    })

    interface Visit {
      link: LinkRow
      language: Language
      cookies: CookieScope
      /** Whether a redirect would find the session again. */
      redirects: boolean
      /** Whether an empty page was asked for. */
      isFresh: boolean
    }

    function visitOf(request: FastifyRequest<Route>, link: LinkRow): Visit {
      const path = pagePath(request.params.workspace, link)
      return {
        link,
        language: languageOf(request, link),
        cookies: { path, secure: publicUrl.protocol === 'https:' },
        redirects: keepsCookies(request.headers.cookie),
        isFresh: request.query.new !== undefined,
      }
    }

    /** A personal address continues its own response, whatever cookie somebody else left on the device. */
    async function resumable(request: FastifyRequest<Route>, link: LinkRow, respondent: string | undefined) {
      if (link.deleted_at !== null) checkOpen(link)
      if (respondent !== undefined) return resumeSession(world, signer, link, respondent)
      return request.query.new === undefined ? sessionCookie(request.headers.cookie) : undefined
    }

    async function stateOf(link: LinkRow, token: string): Promise<SessionState | undefined> {
      try {
        return await sessionState(world, signer, link, token)
      } catch (error) {
        if (error instanceof ExpectedError && error.code === 'NOT_FOUND') return undefined
        throw error
      }
    }

    /** The page before anything was answered: nothing is stored for it, so that a crawler begins no response. */
    async function sendEmpty(
      { link, language, cookies, isFresh }: Visit,
      reply: FastifyReply,
      respondent: string | undefined,
    ) {
      checkOpen(link)
      const questions = await listQuestions(world.db, link.workspace_id, link.id)
      const conditional = questions.map(({ field_key, condition }) => ({ fieldKey: field_key, condition }))
      const visible = visibleFieldKeys(conditional, new Map())
      reply.header('set-cookie', probeCookie(cookies))
      const page = formPage({
        link,
        language,
        path: cookies.path,
        hidden: { page: randomUUID(), respondent },
        fields: questions.map((question) => {
          const isLater = !visible.has(question.field_key)
          return { question, entered: [], answer: undefined, fault: undefined, isLater }
        }),
        again: againAt(link, cookies),
        isLive: transcribesLive(transcription, link),
        isFresh,
      })
      return send(reply, link, page)
    }

    function sendState(
      { link, language, cookies }: Visit,
      reply: FastifyReply,
      session: string,
      { questions, answers, visible, followUps }: SessionState,
      notice?: 'saved' | 'newQuestions',
      faults: Faults = new Map(),
    ) {
      const asked = new Map(followUps.map((followUp) => [followUp.field_key, followUp]))
      const fields = questions.map((question: QuestionRow) => {
        const { id, field_key: fieldKey } = question
        const answer = answers.get(fieldKey)
        const refused = faults.get(id)
        const entered = refused?.entered ?? toEntered(answer?.value)
        const isLater = !visible.has(fieldKey)
        const { follows, language: writtenIn } = asked.get(fieldKey) ?? {}
        return { question, entered, answer, fault: refused?.fault, isLater, follows, writtenIn }
      })
      const page = formPage({
        ...{ link, language, path: cookies.path, hidden: { session }, fields, notice },
        again: againAt(link, cookies),
        isLive: transcribesLive(transcription, link),
      })
      return send(reply, link, page)
    }

    function sendThanks({ link, language, cookies }: Visit, reply: FastifyReply) {
      return send(reply, link, thanksPage(link, language, againAt(link, cookies)))
    }
  }
}

/** Where another response can be given; undefined for a link that takes no more. */
function againAt(link: LinkRow, { path }: CookieScope): string | undefined {
  return closedBecause(link) === null ? `${path}${AGAIN}` : undefined
}

function send(reply: FastifyReply, link: LinkRow | undefined, page: Html): FastifyReply {
  return reply.headers(pageHeaders(link)).send(page.markup)
}

function sendFailurePage(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Web['logger']) {
  const { status, body } = describe(error, request, logger)
  const { code, retryAfter } = body.error
  const language = languageOf(request)
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  reply.code(status)
  if (status >= 500) return send(reply, undefined, failedPage(request.id, language))
  const reason: ClosedPage = status === 413 ? 'TOO_LARGE' : isClosed(code) ? code : 'BROKEN'
  return send(reply, undefined, closedPage(reason, language, retryAfter))
}

function isClosed(code: string): code is ClosedPage {
  return ['NOT_FOUND', 'LINK_DELETED', 'LINK_PAUSED', 'LINK_FULL', 'RATE_LIMITED'].includes(code)
}

function isCompleted(error: unknown): boolean {
  return error instanceof ExpectedError && error.code === 'SESSION_COMPLETED'
}

/** What the page itself speaks: what the person's browser asks for, else what the link's questions are written in. */
function languageOf(request: FastifyRequest, link?: LinkRow): Language {
  return preferredLanguage(request.headers['accept-language'], LANGUAGES, link?.language)
}
