import { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { requireScope, type Viewer } from '../../domains/auth/index.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Answer } from './answer.ts'
import type { LegacyApi } from './api.ts'
import { openApiDocument } from './openapi.ts'
import type { AnyOperation, Call } from './operation.ts'
import { PAGE_HEADERS } from './page.ts'
import { postmanCollection } from './postman.ts'
import { referencePage } from './reference-page.ts'
import { type Fault, type Refusal, Refused, refusalOf, valueAt } from './refusal.ts'
import { type LegacyRequest, legacyRequest } from './request.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** The operations of one path, by method. */
type Resource = Map<string, AnyOperation>

/**
 * Serves a legacy API at its documented paths and below `/{name}`, with `/{name}/openapi.json`, `/{name}/postman.json`
 * and `/{name}/docs`. The server around it must be made with `trustProxy` as its surroundings need it, since addresses in answers are those
 * that the caller used.
 */
export function legacyPlugin(api: LegacyApi, { logger }: { logger: Logger }): FastifyPluginAsync {
  return async (app) => {
    await app.register(multipart)
    app.setErrorHandler((error, request, reply) => send(reply, refuse(api, error, request, logger)))

    const prefix = `/${api.name}`
    const served = new Set<string>()
    const route = (url: string, handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) => {
      served.add(url)
      // In the hook, since who asks is settled before anybody looks at the body, unless the credential is in it.
      app.route({ method: METHODS, url, exposeHeadRoute: false, onRequest: handler, handler: async () => undefined })
    }
    for (const [path, resource] of resourcesOf(api)) {
      for (const url of [path, prefix + path].map(toRoute)) {
        const handler = async (request: FastifyRequest, reply: FastifyReply) =>
          send(reply, await answer(api, resource, request, logger))
        route(url, handler)
        if (api.trailingSlash === 'either') route(otherSlash(url), handler)
        if (api.trailingSlash === 'redirect') {
          route(otherSlash(url), async (request, reply) => {
            const { path, search } = legacyRequest(api, request)
            return send(reply, { status: 301, headers: { location: `${path}/${search && `?${search}`}` } })
          })
        }
      }
    }
    serveDocument(app, api)
    for (const start of [...api.owns, ...api.owns.map((each) => prefix + each), prefix]) {
      for (const url of [start, `${start}/`, `${start}/*`]) {
        if (served.has(url)) continue
        route(url, async (request, reply) =>
          send(reply, refuse(api, new Refused({ kind: 'unknown_path' }), request, logger)),
        )
      }
    }
  }
}

/** Every path with its operations, aliases included. */
function resourcesOf(api: LegacyApi): Map<string, Resource> {
  const resources = new Map<string, Resource>()
  for (const operation of api.operations) {
    for (const path of pathsOf(api, operation)) {
      const resource = resources.get(path) ?? new Map()
      if (resource.has(operation.method)) throw new Error(`two operations at ${operation.method} ${path}`)
      resources.set(path, resource.set(operation.method, operation))
    }
  }
  return resources
}

function pathsOf(api: LegacyApi, { path, aliases = [] }: AnyOperation): string[] {
  return [path, ...aliases].flatMap((each) => [each, ...(api.aliases?.(each) ?? [])])
}

const toRoute = (path: string) => path.replace(/\{(\w+)\}/g, ':$1')
const otherSlash = (url: string) => (url.endsWith('/') ? url.slice(0, -1) : `${url}/`)

async function answer(api: LegacyApi, resource: Resource, raw: FastifyRequest, logger: Logger): Promise<Answer> {
  const operation = resource.get(raw.method === 'HEAD' ? 'GET' : raw.method)
  const request = legacyRequest({ ...api, parsers: operation?.parsers ?? api.parsers }, raw)
  let input: unknown
  try {
    api.admit?.(request)
    const viewer = operation?.anonymous ? undefined : await api.authenticate(request)
    if (viewer) await api.limit?.(viewer)
    if (!operation) return unserved(request, allowedMethods(resource))
    if (viewer && operation.scope) requireScope(viewer, operation.scope)
    const call = callOf(request, viewer, raw.params as Record<string, string>)
    await operation.locate?.(call)
    if (operation.query) call.query = judged(operation.query, request.query, 'query')
    if (operation.body) {
      input = await (api.input ?? ((asked) => asked.body()))(request)
      call.body = judged(operation.body, input, 'body')
    }
    const done = await operation.handle(call)
    return done.items ? { ...done, items: await begun(done.items) } : done
  } catch (thrown) {
    const refused = refuse(api, thrown, raw, logger, { names: operation?.names, input })
    // What is left of a body that was to be streamed is not waited for.
    const isLeft = operation?.parsers !== undefined && !raw.raw.complete
    return isLeft ? { ...refused, headers: { ...refused.headers, connection: 'close' } } : refused
  }
}

function callOf(request: LegacyRequest, viewer: Viewer | undefined, params: Record<string, string>): Call {
  return {
    get viewer() {
      if (!viewer) throw new Error('an anonymous operation has no viewer')
      return viewer
    },
    params,
    query: undefined,
    body: undefined,
    request,
  }
}

function unserved({ method }: LegacyRequest, allowed: readonly string[]): Answer {
  if (method === 'OPTIONS') return { status: 204, headers: { allow: allowed.join(', ') } }
  throw new Refused({ kind: 'method_not_allowed', method, allowed })
}

function allowedMethods(resource: Resource): string[] {
  const own = METHODS.filter((method) => resource.has(method === 'HEAD' ? 'GET' : method))
  return [...own, 'OPTIONS']
}

/** `input` as the API's own schema reads it. Throws `Refused` with all faults. */
function judged(schema: NonNullable<AnyOperation['body']>, input: unknown, where: 'query' | 'body'): unknown {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path, message }): Fault => {
    const parts = path.map((part) => (typeof part === 'symbol' ? String(part) : part))
    return { path: parts, message, value: valueAt(input, parts) }
  })
  throw new Refused({ kind: 'invalid', where, faults, input })
}

function refuse(
  api: LegacyApi,
  thrown: unknown,
  request: FastifyRequest,
  logger: Logger,
  known?: Parameters<typeof refusalOf>[1],
): Answer {
  const refusal: Refusal = refusalOf(thrown, known)
  if (refusal.kind === 'defect') {
    logger.error({ err: thrown, requestId: request.id, api: api.name }, 'a request to a legacy API failed')
  }
  const refused = api.refuse(refusal)
  // The rest of a body that is too large is not waited for.
  return refusal.kind === 'too_large' ? { ...refused, headers: { ...refused.headers, connection: 'close' } } : refused
}

function send(reply: FastifyReply, { status, body, items, headers = {} }: Answer): FastifyReply {
  reply.code(status).headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers })
  if (items) return reply.type(JSON_TYPE).send(Readable.from(arrayText(items), { objectMode: false }))
  if (body === undefined) return reply.send()
  return reply.type(JSON_TYPE).send(JSON.stringify(body))
}

/** The same items once the first is there: what fails before it can still be answered. */
async function begun(items: AsyncIterable<unknown>): Promise<AsyncIterable<unknown>> {
  const iterator = items[Symbol.asyncIterator]()
  let next = await iterator.next()
  return (async function* () {
    try {
      for (; !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  })()
}

const JSON_TYPE = 'application/json; charset=utf-8'

/** How much of a list is written at once, in characters. */
const CHUNK = 65_536

async function* arrayText(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  let text = '['
  let separator = ''
  for await (const item of items) {
    text += separator + JSON.stringify(item)
    separator = ','
    if (text.length < CHUNK) continue
    yield text
    text = ''
  }
  yield `${text}]`
}

function serveDocument(app: FastifyInstance, api: LegacyApi): void {
  const document = openApiDocument(api)
  const page = referencePage(document)
  const headers = {
    'access-control-allow-origin': '*',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  }
  app.get(`/${api.name}/openapi.json`, (_request, reply) =>
    reply.headers(headers).type('application/json').send(JSON.stringify(document)),
  )
  app.get(`/${api.name}/postman.json`, (request, reply) => {
    const collection = postmanCollection(document, `${request.protocol}://${request.host}`)
    return reply
      .headers({ ...headers, 'content-disposition': `attachment; filename="${api.name}.postman_collection.json"` })
      .type('application/json')
      .send(JSON.stringify(collection))
  })
  app.get(`/${api.name}/docs`, (_request, reply) =>
    reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8').send(page),
  )
}
