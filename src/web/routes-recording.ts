import type { FastifyPluginAsync } from 'fastify'
import { sessionRecording } from '../domains/responses/index.ts'
import { serveBytes } from '../platform/serve-bytes.ts'
import { take, type Web } from './deps.ts'
import { tokenOf } from './session-token.ts'
import { linkAt } from './workspace.ts'

interface Route {
  Params: { workspace?: string; slug: string; fieldKey: string }
}

/** Recordings of a session that is not submitted, for whoever made them and came back (docs/public-api.md). */
export function recordingRoutes(web: Web): FastifyPluginAsync {
  const { world, signer, storage, publicUrl } = web
  return async (app) => {
    app.route<Route>({
      method: ['GET', 'HEAD'],
      url: '/session/answers/:fieldKey/recording',
      handler: async (request, reply) => {
        const link = await linkAt(world, publicUrl, { hostname: request.hostname, ...request.params })
        await take(web, 'recordings', request.ip)
        const { fieldKey } = request.params
        const recording = await sessionRecording(world, signer, link, { token: tokenOf(request), fieldKey })
        return serveBytes(request, reply, storage, { ...recording, file_name: 'recording' })
      },
    })
  }
}
