import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { type ExecutionArgs, type GraphQLError, getOperationAST, type OperationTypeNode } from 'graphql'
import { createYoga, type Plugin, processRegularResult } from 'graphql-yoga'
import type { Reader } from '../db/reader/index.ts'
import type { Viewer } from '../domains/auth/index.ts'
import { bearer } from '../platform/bearer.ts'
import type { Clock } from '../platform/clock.ts'
import { ExpectedError } from '../platform/errors.ts'
import type { Logger } from '../platform/logger.ts'
import { shareLookups } from '../platform/shared-lookups.ts'
import { type Batches, createBatches } from './batches.ts'
import type { Context, Services } from './context.ts'
import { createDocuments } from './documents.ts'
import { presentError } from './errors.ts'
import { createExecutor } from './execution.ts'
import { GRAPHIQL_POLICY, graphiqlPage } from './graphiql.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import { type PlainRequest, plainRequest } from './plain-request.ts'
import { badRequest, isParameters, refusedBody } from './refusals.ts'
import { buildSchema } from './schema.ts'
import { createConnections } from './subscriptions/connections.ts'
import { createHub } from './subscriptions/hub.ts'
import { resultStream } from './subscriptions/result-stream.ts'
import { attachWebSockets } from './subscriptions/websocket.ts'
import { EVENT_SOURCES } from './types/subscription.ts'

export interface GraphQLServerOptions {
  services: Services
  reader: Reader
  clock: Clock
  logger: Logger
  /** The viewer behind a credential. Throws UNAUTHENTICATED. */
  authenticate(credential: string): Promise<Viewer>
  /** Counts one operation of this viewer. Throws RATE_LIMITED. */
  limit(viewer: Viewer): Promise<void>
  /** Whether a page of this origin may call and connect. */
  isAllowedOrigin(origin: string, request: IncomingMessage): boolean
  /** The IP address of who opens a socket, by the same rule as `request.ip`. */
  addressOf(request: IncomingMessage): string | undefined
  limits?: Partial<Limits>
  /** The largest request body and socket message, in bytes. */
  maxBodyBytes: number
  introspection: boolean
  graphiql: boolean
  /** Bytes of results that may wait for one subscriber. */
  maxBufferedBytes: number
  /** What tests make shorter: when a reader counts as stalled, and how often sockets are pinged. */
  timings?: { stalledMs?: number; pingMs?: number }
  onDone?: (operation: string, kind: OperationTypeNode, seconds: number, failed: boolean) => void
}

const PATH = '/graphql'

interface YogaServerContext {
  req: IncomingMessage
  res: ServerResponse
  requestId: string
  address: string
}

/** The GraphQL entrance: HTTP and SSE as a Fastify plugin, WebSockets attached to the same server. */
export function createGraphQLServer(options: GraphQLServerOptions) {
  const { services, reader, logger, limit, clock } = options
  const authenticate = shareLookups(options.authenticate)
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const schema = buildSchema()
  const executor = createExecutor({ schema, complexityLimit: limits.complexity, logger, onDone: options.onDone })
  const connections = createConnections({ tailer: services.tailer, clock })
  const hub = createHub({
    schema,
    executor,
    tailer: services.tailer,
    events: services.world.events,
    sources: EVENT_SOURCES,
    renew: (context) => contextOf(context.viewer, context.requestId, undefined, batchesOfTurn(context)),
    logger,
  })

  const turn = new Map<string, Batches>()

  /** One reading of the log reaches all subscriptions within one turn: what they load is then loaded together. */
  function batchesOfTurn({ viewer, reader }: Context): Batches {
    let batches = turn.get(viewer.workspaceId)
    if (!batches) {
      batches = createBatches(reader)
      turn.set(viewer.workspaceId, batches)
      // Before anything newer can have been read, for which a row that was loaded now could be too old.
      process.nextTick(() => turn.delete(viewer.workspaceId))
    }
    return batches
  }

  function contextOf(
    viewer: Viewer | undefined,
    requestId: string,
    address: string | undefined,
    batches?: Batches,
  ): Context {
    let bound: Context['reader'] | undefined
    return {
      ...services,
      requestId,
      address,
      get viewer() {
        if (!viewer) throw new ExpectedError('UNAUTHENTICATED', 'Give an API key: `Authorization: Bearer sk_live_…`.')
        return viewer
      },
      get reader() {
        bound ??= reader.forWorkspace(this.viewer.workspaceId)
        return bound
      },
      get batches() {
        batches ??= createBatches(this.reader)
        return batches
      },
    }
  }

  async function contextFor(
    credential: string | undefined,
    requestId: string,
    address: string | undefined,
  ): Promise<Context> {
    if (credential === undefined) return contextOf(undefined, requestId, address)
    const viewer = await authenticate(credential)
    await limit(viewer)
    return contextOf(viewer, requestId, address)
  }

  const documents = createDocuments(schema, limits, options.introspection)

  const plugin: Plugin<YogaServerContext> = {
    onParse({ setParseFn }) {
      setParseFn(documents.parse)
    },
    onValidate({ addValidationRule }) {
      for (const rule of documents.rules) addValidationRule(rule)
      return ({ result, setResult }) => setResult([...documents.present(result as readonly GraphQLError[])])
    },
    onExecute({ setExecuteFn }) {
      setExecuteFn((args: ExecutionArgs) => executor.execute({ ...args, contextValue: ownContext(args) }))
    },
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn((args: ExecutionArgs) => {
        const contextValue = ownContext(args)
        const { req } = args.contextValue as YogaServerContext
        const credential = bearer(req.headers.authorization)
        return resultStream(
          hub,
          { ...args, contextValue },
          {
            logger,
            maxBufferedBytes: options.maxBufferedBytes,
            stalledMs: options.timings?.stalledMs,
            onOpen: (end) => connections.watch(contextValue.viewer, () => authenticate(credential ?? ''), end),
            drop: () => req.socket.destroy(),
          },
        )
      })
    },
  }

  const yoga = createYoga<YogaServerContext>({
    schema,
    graphqlEndpoint: PATH,
    // Kept apart from Yoga's own context, which would read every property of ours when it copies them.
    context: async ({ req, requestId, address }) => {
      try {
        return { saygraph: await contextFor(bearer(req.headers.authorization), requestId, address) }
      } catch (error) {
        throw presentError(error, logger, requestId)
      }
    },
    plugins: [plugin],
    maskedErrors: { maskError: (error) => presentError(error, logger, '') },
    graphiql: false,
    landingPage: false,
    cors: false,
    logging: false,
    batching: false,
    multipart: false,
  })

  /**
   * Answers what most clients send without the objects of the Fetch standard, which cost more than the rest of a small
   * request. False when nothing was done, and Yoga is to say what is wrong with it.
   */
  async function answer(plain: PlainRequest, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const args = documents.prepare(plain)
    if (Array.isArray(args)) return false
    const kind = getOperationAST(args.document, args.operationName)?.operation
    if (kind !== 'query' && kind !== 'mutation') return false
    const credential = bearer(request.headers.authorization)
    const contextValue = await contextFor(credential, request.id, request.ip).catch(() => undefined)
    if (!contextValue) return false
    const result = await executor.execute({ ...args, contextValue })
    if (result.errors) {
      // Which status that is depends on the errors and the media type, by Yoga's rules.
      const response = processRegularResult(result, yoga.fetchAPI, plain.mediaType)
      reply
        .code(response.status)
        .headers(Object.fromEntries(response.headers))
        .send(await response.text())
    } else reply.header('content-type', `${plain.mediaType}; charset=utf-8`).send(JSON.stringify(result))
    return true
  }

  const http: FastifyPluginAsync = async (app) => {
    app.setErrorHandler((error, request, reply) => {
      const { status, result } = refusedBody(error, options.maxBodyBytes)
      if (status >= 500) logger.error({ err: error, requestId: request.id }, 'a request failed unexpectedly')
      return reply.code(status).type('application/json; charset=utf-8').send(result)
    })
    app.route({
      url: PATH,
      method: ['GET', 'POST'],
      bodyLimit: options.maxBodyBytes,
      // Yoga judges operations; Fastify has judged the size and the syntax of the body.
      handler: async (request, reply) => {
        if (options.graphiql && request.method === 'GET' && wantsPage(request)) {
          const { gzipped, html } = await graphiqlPage()
          const small = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
          reply.headers({ 'content-security-policy': GRAPHIQL_POLICY, vary: 'accept-encoding' })
          if (small) reply.header('content-encoding', 'gzip')
          return reply.type('text/html; charset=utf-8').send(small ? gzipped : html)
        }
        if (request.method === 'POST' && !isParameters(request.body)) {
          throw badRequest('The body must be a JSON object with a "query".')
        }
        const plain = plainRequest(request)
        if (plain && (await answer(plain, request, reply))) return reply
        reply.hijack()
        const raw = request.raw as IncomingMessage & { body?: unknown }
        raw.body = request.body
        // Headers that hooks have set, such as CORS, since the reply is no longer Fastify's to send.
        for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value as string)
        await yoga.handle(raw, reply.raw, {
          req: raw,
          res: reply.raw,
          requestId: request.id,
          address: request.ip,
        })
      },
    })
  }

  return {
    schema,
    http,
    hub,
    connections,
    attach: (server: Server) =>
      attachWebSockets(
        server,
        {
          isAllowedOrigin: options.isAllowedOrigin,
          maxMessageBytes: options.maxBodyBytes,
          maxBufferedBytes: options.maxBufferedBytes,
          ...options.timings,
        },
        {
          hub,
          executor,
          connections,
          logger,
          contextFor: (credential, address) => contextFor(credential, services.world.newId(), address),
          addressOf: options.addressOf,
          prepare: documents.prepare,
        },
      ),
    close: () => connections.close(),
  }
}

function ownContext(args: ExecutionArgs): Context {
  return (args.contextValue as { saygraph: Context }).saygraph
}

/** A person's browser, also with a query in its address, which GraphiQL keeps there. */
function wantsPage(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/html') ?? false
}
