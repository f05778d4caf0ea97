import type { FastifyPluginAsync } from 'fastify'
import { parseRange } from '../platform/byte-range.ts'
import { NotFoundError } from '../platform/errors.ts'
import { take, type Web } from './deps.ts'
import { givenToken } from './session-token.ts'
import { linkAt } from './workspace.ts'

interface Route {
  Params: { workspace?: string; slug: string; file: string }
  Querystring: { lang?: unknown }
}

const ENDING = '.mp3'
/** A question may be reworded; whoever has heard it need not fetch it again for so long. */
const MAX_AGE_SECONDS = 300

/** Questions read aloud, with byte ranges, without which some browsers do not play (docs/public-api.md). */
export function speechRoutes(web: Web): FastifyPluginAsync {
  return async (app) => {
    app.get<Route>('/speech/:file', async (request, reply) => {
      const { file } = request.params
      if (!file.endsWith(ENDING)) throw new NotFoundError('question', ['fieldKey'])
      const link = await linkAt(web.world, web.publicUrl, { hostname: request.hostname, ...request.params })
      await take(web, 'speech', request.ip)
      const { lang } = request.query
      const { mp3, hash, isPersonal } = await web.speak(link, {
        fieldKey: file.slice(0, -ENDING.length),
        token: givenToken(request),
        language: lang === undefined ? undefined : String(lang),
      })
      const etag = `"${hash}"`
      reply.headers({
        etag,
        'accept-ranges': 'bytes',
        'cache-control': `${isPersonal ? 'private' : 'public'}, max-age=${MAX_AGE_SECONDS}`,
        'content-type': 'audio/mpeg',
      })
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      const range = parseRange(request.headers.range, mp3.length)
      if (range === 'unsatisfiable') {
        return reply.code(416).header('content-range', `bytes */${mp3.length}`).send()
      }
      if (!range) return reply.send(mp3)
      reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${mp3.length}`)
      return reply.send(mp3.subarray(range.start, range.end + 1))
    })
  }
}
