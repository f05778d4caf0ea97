import type { FastifyPluginAsync } from 'fastify'
import { bytesOf } from '../platform/incoming.ts'
import { take, type Web } from './deps.ts'
import { malformed } from './errors.ts'
import { tokenOf } from './session-token.ts'
import { linkAt } from './workspace.ts'

interface Route {
  Params: { workspace?: string; slug: string }
}

/** What is understood of a recording while it goes on (docs/public-api.md). */
export function liveRoutes(web: Web): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers()
    // The handler streams it.
    app.addContentTypeParser('*', (_request, _body, done) => done(null))

    app.post<Route>('/session/live-transcript', async (request, reply) => {
      const link = await linkAt(web.world, web.publicUrl, { hostname: request.hostname, ...request.params })
      await take(web, 'drafts', request.ip)
      const gone = new AbortController()
      // Nobody reads what is heard for a page that was left.
      reply.raw.once('close', () => gone.abort(malformed('ended before it was answered')))
      const source = bytesOf(request.raw, malformed)
      return web.draft(link, { token: tokenOf(request), source, signal: gone.signal })
    })
  }
}
