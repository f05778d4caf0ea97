import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { readUnsubscribe, unsubscribe } from '../domains/messages/index.ts'
import { ExpectedError } from '../platform/errors.ts'
import { html, type Slot } from '../platform/html.ts'
import { preferredLanguage } from './accept.ts'
import type { Web } from './deps.ts'
import { closedPage, failedPage, layout } from './page.ts'
import { pageHeaders } from './page-headers.ts'
import { LANGUAGES, type Language } from './texts.ts'

interface Route {
  Params: { token: string }
}

/** Generous, since mail programs of many people ask from few addresses. */
const RATE = { points: 600, seconds: 60 }
/** What a mail program posts is a few words (RFC 8058). */
const MAX_BODY_BYTES = 10_000

const TEXTS: Readonly<
  Record<
    Language,
    { title: string; question: (name: string) => string; confirm: string; done: (name: string) => string }
  >
> = {
  en: {
    title: 'Unsubscribe',
    question: (name) => `Do you want no more e-mail from ${name}?`,
    confirm: 'Unsubscribe',
    done: (name) => `You will get no more e-mail from ${name}.`,
  },
  fi: {
    title: 'Peruuta tilaus',
    question: (name) => `Etkö halua enää sähköpostia lähettäjältä ${name}?`,
    confirm: 'Peruuta tilaus',
    done: (name) => `Et saa enää sähköpostia lähettäjältä ${name}.`,
  },
}

/**
 * Where the receiver of an e-mail ends them. Looking changes nothing, since programs look at links that nobody has
 * clicked; a POST, of the page's button or of a mail program (RFC 8058), ends it at once.
 */
export function unsubscribeRoutes({ world, signer, limiter, logger }: Web): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: MAX_BODY_BYTES }, (_request, _body, done) =>
      done(null),
    )
    app.setErrorHandler((error, request, reply) => sendFailure(error, request, reply))

    app.get<Route>('/:token', async (request, reply) => {
      await limiter.take('web:unsubscribe', request.ip, RATE)
      const sender = await readUnsubscribe(world, signer, request.params.token)
      if (!sender) return sendNothing(request, reply)
      const texts = TEXTS[languageOf(request)]
      return send(
        request,
        reply,
        html`<p class="description">${texts.question(sender.workspaceName)}</p>
<form method="post"><button type="submit">${texts.confirm}</button></form>`,
      )
    })

    app.post<Route>('/:token', async (request, reply) => {
      await limiter.take('web:unsubscribe', request.ip, RATE)
      const sender = await unsubscribe(world, signer, request.params.token)
      if (!sender) return sendNothing(request, reply)
      const { done } = TEXTS[languageOf(request)]
      return send(request, reply, html`<p class="thanks" role="status">${done(sender.workspaceName)}</p>`)
    })
  }

  function send(request: FastifyRequest, reply: FastifyReply, main: Slot): string {
    const language = languageOf(request)
    const { title } = TEXTS[language]
    reply.headers(pageHeaders(undefined))
    return layout(language, title, html`<header><h1>${title}</h1></header>\n${main}`).markup
  }

  function sendNothing(request: FastifyRequest, reply: FastifyReply): string {
    reply.code(404).headers(pageHeaders(undefined))
    return closedPage('NOT_FOUND', languageOf(request)).markup
  }

  function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    const language = languageOf(request)
    reply.headers(pageHeaders(undefined))
    if (error instanceof ExpectedError && error.code === 'RATE_LIMITED') {
      const retryAfter = Number(error.details.retryAfter ?? 1)
      return reply
        .code(429)
        .header('retry-after', String(retryAfter))
        .send(closedPage('RATE_LIMITED', language, retryAfter).markup)
    }
    const { statusCode } = error as { statusCode?: number }
    if (statusCode !== undefined && statusCode < 500)
      return reply.code(statusCode).send(closedPage('BROKEN', language).markup)
    logger.error({ err: error, requestId: request.id }, 'unsubscribing failed')
    return reply.code(500).send(failedPage(request.id, language).markup)
  }
}

function languageOf({ headers }: FastifyRequest): Language {
  return preferredLanguage(headers['accept-language'], LANGUAGES)
}
