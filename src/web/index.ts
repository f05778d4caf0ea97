import type { FastifyPluginAsync } from 'fastify'
import { createDrafter } from '../domains/analysis/index.ts'
import { createSpeaker } from '../domains/responses/index.ts'
import { serveAssets } from './assets.ts'
import { DEFAULT_RATES, type Web, type WebDeps } from './deps.ts'
import { closeUnread } from './linger.ts'
import { jsonRoutes } from './routes-json.ts'
import { pageRoutes } from './routes-page.ts'
import { unsubscribeRoutes } from './unsubscribe.ts'

export { prepareAssets, scriptPath, stylePath } from './assets.ts'
export { DEFAULT_RATES, type WebDeps, type WebRates } from './deps.ts'

/**
 * The public side of feedback links: a page at `/i/{slug}` and `/w/{workspace}/i/{slug}`, which works without script and
 * better with it, the JSON API below the same addresses (docs/public-api.md), and the page by which people end e-mail
 * to them. The server around it must be made with
 * `routerOptions: { maxParamLength: 1000 }` or more, since field keys of 200 characters stand in addresses, and with
 * `trustProxy` as its surroundings need it: hosts choose workspaces and addresses have limits.
 */
export function webPlugin(deps: WebDeps): FastifyPluginAsync {
  const web: Web = {
    ...deps,
    rates: { ...DEFAULT_RATES, ...deps.rates },
    speak: createSpeaker(deps),
    draft: createDrafter(deps),
  }
  return async (app) => {
    closeUnread(app)
    serveAssets(app)
    await app.register(unsubscribeRoutes(web), { prefix: '/unsubscribe' })
    for (const prefix of ['/i/:slug', '/w/:workspace/i/:slug']) {
      await app.register(jsonRoutes(web), { prefix })
      await app.register(pageRoutes(web), { prefix })
    }
  }
}
