import { Readable } from 'node:stream'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { exportResponses, openExport, type ResponseExport } from '../../domains/reporting/index.ts'
import type { World } from '../../domains/world.ts'
import { ExpectedError } from '../../platform/errors.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { answerFailures, type EntranceDeps, viewerOf } from '../entrance.ts'
import { bomOf, type Format, filterOf, formatOf, linkOf, onceEach, type Query } from './read-query.ts'
import { verifyExportUrl } from './signed-url.ts'
import { csvOf } from './write-csv.ts'
import { ndjsonOf } from './write-ndjson.ts'
import { zipOf } from './write-zip.ts'

export { FORMATS, type Format, parametersOf } from './read-query.ts'
export { signExportUrl } from './signed-url.ts'

export interface ResponsesIoDeps extends EntranceDeps {
  world: World
  storage: Storage
  /** What `signExportUrl` signs with. */
  secret: Uint8Array
}

const TYPES: Readonly<Record<Format, string>> = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  zip: 'application/zip',
}

/**
 * `GET /responses/export?link=&format=csv|ndjson|zip`, with the filter of the graph's `responses`; docs/responses.md
 * describes it. With `Authorization: Bearer`, like GraphQL, or by a signed address. Streamed: an error in the middle breaks
 * the transfer off, and whoever goes away ends it.
 */
export function responsesIoPlugin(deps: ResponsesIoDeps): FastifyPluginAsync {
  const { world, storage } = deps
  return async (app) => {
    answerFailures(app, deps, 'exporting responses failed')

    app.get('/responses/export', { exposeHeadRoute: false }, async (request, reply) => {
      const query = onceEach(request.query as Record<string, unknown>)
      const [format, bom, filter] = [formatOf(query), bomOf(query), filterOf(query)]
      const source = await sourceOf(request, query, filter)
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort(new Error('whoever asked for the export went away')))
      reply.headers({
        'content-type': TYPES[format],
        'content-disposition': `attachment; filename="responses-${source.link.slug}.${format}"`,
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      if (format === 'zip')
        return reply.send(zipOf(source, { storage, bom, now: world.clock.now(), signal: gone.signal }))
      const text = format === 'csv' ? csvOf(source, bom) : ndjsonOf(source)
      return reply.send(Readable.from(text, { objectMode: false }))
    })
  }

  async function sourceOf(
    request: FastifyRequest,
    query: Query,
    filter: ReturnType<typeof filterOf>,
  ): Promise<ResponseExport> {
    if (query.signature === undefined) {
      return exportResponses(world, await viewerOf(deps, request), linkOf(query), filter)
    }
    const signed = verifyExportUrl(deps.secret, world.clock, query)
    if (signed) return openExport(world, signed.workspaceId, signed.linkId, filter)
    throw new ExpectedError('UNAUTHENTICATED', 'This address is not signed by this server, or it has expired.')
  }
}
