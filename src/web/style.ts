import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'

const css = readFileSync(new URL('./style.css', import.meta.url))
const hash = createHash('sha256').update(css).digest('hex').slice(0, 16)

/** Changes with the content, so that it can be kept for ever. */
export const STYLE_PATH = `/assets/page-${hash}.css`

/** Serves the page's stylesheet. */
export function serveStyle(app: FastifyInstance): void {
  app.get(STYLE_PATH, (_request, reply) =>
    reply
      .headers({
        'cache-control': 'public, max-age=31536000, immutable',
        'content-type': 'text/css; charset=utf-8',
        'x-content-type-options': 'nosniff',
      })
      .send(css),
  )
}
