import cors from '@fastify/cors'
import fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import { Redis } from 'ioredis'
import { decodableUrl, freePort, linkAddresses, originRule, ownAddresses } from './addresses.ts'
import { composeOutreach } from './compose-outreach.ts'
import type { Config } from './config/index.ts'
import type { Database } from './db/database.ts'
import { openEmbedded } from './db/embedded.ts'
import { migrate } from './db/migrate.ts'
import { openPostgres } from './db/postgres.ts'
import { createReader } from './db/reader/index.ts'
import { sql } from './db/sql.ts'
import {
  accessTokens,
  authenticate,
  browserTokens,
  ensureFirstWorkspace,
  exchangeSignedToken,
  type NewWorkspace,
  type Viewer,
} from './domains/auth/index.ts'
import { createMessageWriter } from './domains/messaging/index.ts'
import { tokenSigner } from './domains/responses/index.ts'
import { createDispatcher, type RequestBuilders, standardRequest } from './domains/webhooks/index.ts'
import type { World } from './domains/world.ts'
import { createEventLog, createTailer } from './events/index.ts'
import { createGraphQLServer, type GraphQLServerOptions } from './graphql/server.ts'
import {
  DELIVER_WEBHOOKS,
  dueChecks,
  FEED_WEBHOOKS,
  implementations,
  START_ANALYSES,
  TAKE_OWN_TRAFFIC,
} from './jobs/index.ts'
import { type Clock, systemClock } from './platform/clock.ts'
import { idGenerator } from './platform/ids.ts'
import { createLogger } from './platform/logger.ts'
import { clientAddress, trustOf } from './platform/proxies.ts'
import { createRateLimiter } from './platform/rate-limiter.ts'
import { createSealer } from './platform/sealed.ts'
import { deriveKey } from './platform/secret.ts'
import { shareLookups } from './platform/shared-lookups.ts'
import { endSilentBodies } from './platform/silent-bodies.ts'
import { createSlidingLimiter } from './platform/sliding-limiter.ts'
import { createAudio } from './providers/audio/index.ts'
import { createInsight } from './providers/insight/index.ts'
import { createOutbound } from './providers/outbound/index.ts'
import { webhookMapping } from './providers/sms/index.ts'
import { createSpeech } from './providers/speech/index.ts'
import { createStorage } from './providers/storage/index.ts'
import { createTranscription, watchedTranscription } from './providers/transcription/index.ts'
import { createDueLoop, createQueue } from './queue/index.ts'
import { contactsIoPlugin } from './rest/contacts-io/index.ts'
import { healthPlugin } from './rest/health/index.ts'
import {
  audioFileName,
  mediaPlugin,
  signMediaUrl,
  signRecordingUrl,
  signVoiceFileUrl,
  uploadFormName,
} from './rest/media/index.ts'
import { messagesIoPlugin } from './rest/messages-io/index.ts'
import { createMetrics } from './rest/metrics/index.ts'
import { multisenderPlugin, multisenderWebhookRequest } from './rest/multisender/index.ts'
import { providersPlugin } from './rest/providers/index.ts'
import { parametersOf, responsesIoPlugin, signExportUrl } from './rest/responses-io/index.ts'
import { saygentPlugin } from './rest/saygent/index.ts'
import { sayifyPlugin, sayifyWebhookRequest } from './rest/sayify/index.ts'
import { saysimplePlugin } from './rest/saysimple/index.ts'
import { voiceFilesPlugin } from './rest/voice-files/index.ts'
import { createSampleLink } from './sample-link.ts'
import { serverSecret } from './server-secret.ts'
import { startStep } from './start-failure.ts'
import { webPlugin } from './web/index.ts'

export interface App {
  config: Config
  /** Where the server listens. */
  localUrl: URL
  /** What people and clients call it by. */
  publicUrl: URL
  /** What was made because the database was empty; the key in it is shown nowhere else. */
  firstStart: (NewWorkspace & { sampleLinkUrl: string | undefined }) | undefined
  /** Every address that is served, as `METHOD /path/:parameter`. */
  routes: ReadonlySet<string>
  /** No new work, running work finishes, everything is closed. */
  stop(): Promise<void>
}

/** What tests put in place of the real thing. */
export interface Replacements {
  clock?: Clock
  /** Open and migrated; closed with the server. */
  db?: Database
  timings?: GraphQLServerOptions['timings'] & { silentBodyMs?: number }
}

/** To one origin: many webhooks may lead to one, and none may take the place of all others. */
const WEBHOOK_SOCKETS = 256

/** So long all calls play a voice file from the same address. */
const AUDIO_SHARED_SECONDS = 3_600

/** How long a Sayify webhook of a response waits for what is analysed here, where the operator does not say. */
const ANALYSIS_WAIT_MS = 60_000

/** How long the head of a request may take. */
const HEADERS_MS = 60_000

/** How long a body may stop arriving. */
const SILENT_BODY_MS = 60_000

/** How long a request may take to arrive in all: enough for the largest upload on a slow line. */
const REQUEST_MS = 6 * 3_600_000

/** How long news gather before webhooks are fed, so that a busy log does not ask about them at every append. */
const GATHER_NEWS_MS = 50

/** The same before own traffic is looked for, which asks about every workspace. */
const GATHER_TRAFFIC_MS = 1_000

/** How often what is due at a moment is looked for. */
const DUE_EVERY_MS = 5_000

/** What opens Multisender's API: its users' own tokens, and our keys. */
const MULTISENDER_CREDENTIALS = ['apiKey', 'legacyToken'] as const

/** What opens SaySimple's API: tokens of five minutes for what a client's own key signed, and our keys. */
const SAYSIMPLE_CREDENTIALS = ['apiKey', 'accessToken'] as const

/** Constructs and starts a server; the only place that constructs things. What was opened is closed when it fails. */
export async function compose(
  config: Config,
  { clock = systemClock, db: given, timings }: Replacements = {},
): Promise<App> {
  const logger = createLogger(config.logLevel)
  const closers: (() => Promise<void>)[] = []
  const onClose = (close: () => Promise<unknown> | unknown) => {
    closers.unshift(async () => {
      await close()
    })
  }
  async function closeAll(): Promise<void> {
    for (const close of closers) await close().catch((error) => logger.warn({ err: error }, 'something did not close'))
  }
  try {
    const db = given ?? (await openDatabase(config, logger))
    onClose(() => db.close())
    const applied = await startStep('migrate the database', migrate(db))
    if (applied.length > 0) logger.info({ migrations: applied }, 'migrated the database')

    const newId = idGenerator(clock)
    const events = createEventLog({ db, clock, newId })
    const secret = await serverSecret(config, db, logger)
    const world: World = { db, events, clock, newId, sealer: createSealer(deriveKey(secret, 'sealed')) }
    const messaging = { world, writer: createMessageWriter(world) }
    onClose(() => messaging.writer.idle())
    const mediaSecret = deriveKey(secret, 'media-url')
    const exportSecret = deriveKey(secret, 'export-url')
    const signer = tokenSigner(deriveKey(secret, 'public-token'))
    const tokens = browserTokens(world, deriveKey(secret, 'browser-token'))
    const storage = createStorage(config.storage)
    const redis = config.redisUrl === undefined ? undefined : new Redis(config.redisUrl, { maxRetriesPerRequest: 1 })
    redis?.on('error', (error) => logger.warn({ err: error }, 'Redis does not answer'))
    if (redis) onClose(() => redis.disconnect())
    const limiter = createRateLimiter(redis)
    const slidingLimiter = createSlidingLimiter(clock, redis)

    const works = config.role !== 'api'
    const queue = createQueue({ db, logger })
    const speech = createSpeech(config.speech)
    onClose(() => speech.close())
    const audio = createAudio(config.audio)
    onClose(() => audio.close())
    const metrics = createMetrics()
    const engine = await startStep('transcribe recordings', createTranscription(config.transcription))
    onClose(() => engine.close())
    const transcription = watchedTranscription(engine, metrics.transcriptionDone)
    const insight = createInsight(config.insight)
    const fallback = insight?.isPaid ? createInsight({ adapter: 'heuristic' }) : null
    onClose(() => Promise.all([insight?.close(), fallback?.close()]))
    const { monthlyTokens } = config.insight
    const analysis = { world, queue, storage, audio, transcription, insight, fallback, monthlyTokens }
    const analyses = transcription.isAvailable || analysis.insight !== null
    const jobs = implementations({ ...analysis, speech })
    await startStep('start background work', queue.start(jobs, { work: works }))
    onClose(() => queue.stop(config.http.shutdownMs))
    const port =
      config.http.port === 0
        ? await startStep(`listen on ${config.http.host}`, freePort(config.http.host))
        : config.http.port
    const localUrl = new URL(
      `http://${config.http.host.includes(':') ? `[${config.http.host}]` : config.http.host}:${port}`,
    )
    const publicUrl = config.http.publicUrl ?? new URL(`http://localhost:${port}`)
    const linkUrl = linkAddresses(config, publicUrl)

    const tailer = await createTailer({ db, log: events, logger })
    onClose(() => tailer.close())
    const media = { publicUrl, secret: mediaSecret, clock }
    // Clients of the legacy APIs keep addresses, so these do not expire.
    const lastingMediaUrl = (workspaceId: string, uploadId: string, mediaType: string) =>
      signMediaUrl({ ...media, workspaceId, uploadId, ttlSeconds: null, fileName: audioFileName(mediaType) })
    const voiceFiles = { world, queue, speech, storage, maxUploadBytes: config.maxUploadBytes }
    const webhookBuilders: RequestBuilders = {
      standard: standardRequest,
      sayify: sayifyWebhookRequest({ world, mediaUrl: lastingMediaUrl }),
      multisender: multisenderWebhookRequest({ world }),
    }
    const { timeoutMs, analysisWaitMs = analyses ? ANALYSIS_WAIT_MS : 0 } = config.webhooks
    const outbound = createOutbound({ allow: config.webhooks.allow, timeoutMs, connectionsPerOrigin: WEBHOOK_SOCKETS })
    onClose(() => outbound.close())
    const dueLoop = createDueLoop({ clock, logger, everyMs: DUE_EVERY_MS })
    const dispatcher = createDispatcher({
      world,
      outbound,
      builders: webhookBuilders,
      logger,
      timeoutMs,
      onEnd(outcome) {
        metrics.webhookAttempted(outcome)
        dueLoop.wake(DELIVER_WEBHOOKS)
      },
    })
    onClose(() => dispatcher.stop(config.http.shutdownMs / 2))
    const checks = dueChecks(world, {
      logger,
      storage,
      dispatcher,
      queue,
      analysisWaitMs,
      analysesElsewhere: config.webhooks.analysisWaitMs !== undefined,
      understands: insight !== null,
      messaging,
      ownAddresses: ownAddresses(config, publicUrl),
      onFed: () => dueLoop.wake(DELIVER_WEBHOOKS),
    })
    for (const [name, check] of Object.entries(checks)) dueLoop.add(name, check)
    const outreach = await composeOutreach({
      ...{ config, world, clock, logger, voiceFiles, queue, storage, dueLoop, works },
      // A provider that calls many plays them the same file.
      audioUrl: (workspaceId, voiceFileId) =>
        signVoiceFileUrl({ ...media, workspaceId, voiceFileId, form: 'wav', sharedSeconds: AUDIO_SHARED_SECONDS }),
      ...{ publicUrl, signer },
    })
    onClose(() => outreach.stop())
    onClose(() => dueLoop.stop())
    if (works) {
      // What is sent again is due without anything to feed.
      let waking: NodeJS.Timeout | undefined
      let counting: NodeJS.Timeout | undefined
      const stopNews = tailer.onNews(() => {
        counting ??= setTimeout(() => {
          counting = undefined
          dueLoop.wake(TAKE_OWN_TRAFFIC)
        }, GATHER_TRAFFIC_MS)
        waking ??= setTimeout(() => {
          waking = undefined
          dueLoop.wake(FEED_WEBHOOKS)
          dueLoop.wake(DELIVER_WEBHOOKS)
          dueLoop.wake(START_ANALYSES)
          outreach.wake()
        }, GATHER_NEWS_MS)
      })
      onClose(() => {
        stopNews()
        clearTimeout(waking)
        clearTimeout(counting)
      })
      dueLoop.start()
    }
    const reader = createReader({
      db,
      onFallback(model, reason) {
        metrics.readFellBack(model)
        logger.debug({ model, reason }, "a read was left to Prisma's engine")
      },
    })
    const isAllowedOrigin = originRule(config, publicUrl)
    const trust = trustOf(config.http.proxies)
    const rate = { points: config.graphql.operationsPerMinute, seconds: 60 }
    const viewerOf = (credential: string) => authenticate({ world, tokens, logger }, credential)
    const limitOperations = (viewer: Viewer) => limiter.take('graphql', viewer.apiKeyId, rate)
    const graphql = createGraphQLServer({
      services: {
        world,
        tailer,
        browserTokens: tokens,
        limiter,
        signer,
        webhookBuilders,
        linkUrl,
        mediaUrl: (workspaceId, uploadId, form) =>
          signMediaUrl({ ...media, workspaceId, uploadId, ...(form ? { fileName: uploadFormName(form) } : {}) }),
        campaigns: outreach.campaigns,
        messaging,
        analysis,
        voiceFiles,
        insightTokens: monthlyTokens,
        voiceFileUrl: (workspaceId, voiceFileId, form) =>
          signVoiceFileUrl({ ...media, workspaceId, voiceFileId, form }),
        recordingUrl: (workspaceId, recordingId) => signRecordingUrl({ ...media, workspaceId, recordingId }),
        exportUrl: (workspaceId, linkId, format, filter) =>
          signExportUrl({
            ...{ publicUrl, secret: exportSecret, clock, workspaceId, linkId },
            parameters: parametersOf(format, filter),
          }),
      },
      reader,
      clock,
      logger,
      authenticate: viewerOf,
      limit: limitOperations,
      isAllowedOrigin,
      addressOf: (request) => clientAddress(request, trust),
      maxBodyBytes: config.http.maxBodyBytes,
      maxBufferedBytes: config.graphql.maxBufferedBytes,
      timings,
      introspection: config.graphql.introspection,
      graphiql: config.graphql.graphiql,
      onDone: metrics.graphqlDone,
    })
    onClose(() => graphql.close())

    const made = await ensureFirstWorkspace(world, {
      slug: 'default',
      name: 'Default workspace',
      ...(config.firstStart.apiKey === undefined ? {} : { key: config.firstStart.apiKey }),
    })
    const sample = made && config.firstStart.sampleLink ? await createSampleLink(world, made) : undefined

    let accepting = true
    const app = fastify({
      loggerInstance: logger,
      logController: new LogController({ disableRequestLogging: true }),
      genReqId: () => newId(),
      trustProxy: config.http.proxies !== null && trust,
      bodyLimit: config.http.maxBodyBytes,
      requestTimeout: REQUEST_MS,
      http: { headersTimeout: HEADERS_MS },
      forceCloseConnections: 'idle',
      routerOptions: { maxParamLength: 1_000 },
      rewriteUrl: decodableUrl,
    }) as unknown as FastifyInstance
    onClose(() => app.close())
    endSilentBodies(app.server, timings?.silentBodyMs ?? SILENT_BODY_MS)
    const routes = new Set<string>()
    app.addHook('onRoute', ({ method, url }) => {
      for (const verb of [method].flat()) routes.add(`${verb} ${url}`)
    })
    observeRequests(app)
    app.addHook('onResponse', async () => {
      // A client that keeps its connection open must not keep a server that is stopping.
      if (!accepting) setImmediate(() => app.server.closeIdleConnections())
    })
    const health = healthPlugin({ isAccepting: () => accepting, check: () => db.query(sql`SELECT 1`).then(() => {}) })
    await app.register(health)

    const sockets = config.role === 'worker' ? undefined : graphql.attach(app.server)
    const observe = metrics.plugin({
      token: config.metricsToken,
      logLag: () => tailer.lag(),
      sockets: () => sockets?.count() ?? 0,
      subscriptions: () => graphql.hub.size(),
      tasks: jobs.map(({ task }) => task.name),
      queue: () => queue.counts(),
      webhooksInFlight: () => dispatcher.inFlight(),
      outreachInFlight: () => outreach.inFlight(),
    })
    await observe(app, {})
    if (config.role !== 'worker') {
      // Pages of `CORS_ORIGINS` may use all of our own entrances; the legacy APIs' keys belong on servers.
      await app.register(async (scope) => {
        await scope.register(cors, {
          delegator: (request, callback) => {
            const { origin } = request.headers
            const allowed = origin !== undefined && isAllowedOrigin(origin, request.raw)
            callback(null, {
              origin: allowed ? origin : false,
              maxAge: 600,
              methods: ['GET', 'POST'],
              exposedHeaders: ['x-request-id', 'retry-after', 'content-disposition'],
            })
          },
        })
        await scope.register(graphql.http)
        const entrance = { logger, authenticate: viewerOf, limit: limitOperations }
        await scope.register(voiceFilesPlugin({ ...entrance, voiceFiles }))
        await scope.register(messagesIoPlugin({ ...entrance, messaging }))
        await scope.register(responsesIoPlugin({ ...entrance, world, storage, secret: exportSecret }))
        await scope.register(contactsIoPlugin({ ...entrance, world }))
      })
      await app.register(
        webPlugin({
          ...{ world, signer, storage, audio, speech, transcription, limiter, logger, publicUrl },
          maxUploadBytes: config.maxUploadBytes,
        }),
      )
      const { providerSecret } = config.messages
      if (providerSecret !== undefined) {
        const mapping = webhookMapping(config.sms.adapter === 'http' ? config.sms.webhook : {})
        await app.register(providersPlugin({ world, logger, secret: providerSecret, mapping }))
      }
      await app.register(mediaPlugin({ world, storage, secret: mediaSecret, logger }))
      const { sayifyPerMinute } = config.legacy
      const sayifyRate = { points: sayifyPerMinute, seconds: 60 }
      await app.register(
        sayifyPlugin({
          world,
          logger,
          authenticate: viewerOf,
          ...(sayifyPerMinute > 0 ? { limit: (viewer) => limiter.take('sayify', viewer.apiKeyId, sayifyRate) } : {}),
          linkUrl,
          mediaUrl: lastingMediaUrl,
          maxBodyBytes: config.http.maxBodyBytes,
        }),
      )
      const { saygentPerHour, saygentHttpStatus } = config.legacy
      await app.register(
        saygentPlugin({
          world,
          logger,
          authenticate: viewerOf,
          async limit({ apiKeyId, requestsPerHour: points = saygentPerHour }) {
            if (points > 0) await slidingLimiter.take('saygent', apiKeyId, { points, seconds: 3_600 })
          },
          campaigns: outreach.campaigns,
          httpStatus: saygentHttpStatus,
          maxBodyBytes: config.http.maxBodyBytes,
        }),
      )
      await app.register(
        multisenderPlugin({
          world,
          logger,
          authenticate: (credential) => authenticate({ world, tokens, logger }, credential, MULTISENDER_CREDENTIALS),
          limiter,
          campaigns: outreach.campaigns,
          timeZone: config.legacy.timeZone,
          voiceFiles,
          voiceFileUrl: (workspaceId, voiceFileId, form) =>
            signVoiceFileUrl({ ...media, workspaceId, voiceFileId, form, ttlSeconds: null }),
          maxBodyBytes: config.http.maxBodyBytes,
        }),
      )
      const saysimpleTokens = accessTokens(world, deriveKey(secret, 'access-token'), publicUrl.host)
      const saysimpleAuth = { world, tokens, accessTokens: saysimpleTokens, logger }
      await app.register(
        saysimplePlugin({
          world,
          logger,
          messaging,
          authenticate: shareLookups((credential) => authenticate(saysimpleAuth, credential, SAYSIMPLE_CREDENTIALS)),
          exchange: (signed) => exchangeSignedToken(saysimpleAuth, signed),
          publicUrl,
          maxBodyBytes: config.http.maxBodyBytes,
        }),
      )
    }
    await startStep(`listen on ${localUrl.host}`, app.listen({ host: config.http.host, port }))
    logger.info({ url: localUrl.href, role: config.role, database: db.kind }, 'listening')

    return {
      config,
      localUrl,
      publicUrl,
      firstStart: made && { ...made, sampleLinkUrl: sample && linkUrl(made.slug, sample) },
      routes,
      async stop() {
        accepting = false
        graphql.connections.endAll()
        await sockets?.close()
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** Failures name the server and the database, never the user and the password. */
function openDatabase({ database }: Config, logger: ReturnType<typeof createLogger>): Promise<Database> {
  if (database.kind === 'embedded') {
    return startStep(`open the database in ${database.folder}`, openEmbedded({ folder: database.folder }))
  }
  const { url, poolSize } = database
  const { host, pathname } = new URL(url)
  return startStep(`open the database ${host}${pathname}`, openPostgres({ url, poolSize, logger }))
}

/** One line per request, and its id in the answer. */
function observeRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        path: loggedPath(request),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    )
  })
}

/** Without what opens something by itself: queries may hold tokens, and the path of who unsubscribes is one. */
function loggedPath({ url, routeOptions }: FastifyRequest): string {
  const { url: route } = routeOptions
  if (route?.includes(':token')) return route
  // What a mail program made of such an address, which is then no route.
  return url.split('?', 1)[0]!.replace(/^\/unsubscribe\/.+/, '/unsubscribe/:token')
}
