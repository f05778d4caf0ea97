import type { FastifyPluginAsync } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { bearer } from '../../platform/bearer.ts'
import { secretCheck } from '../../platform/secret.ts'

export interface MetricsDeps {
  /** Who reads them must show it as `Authorization: Bearer`; undefined: anybody may. */
  token: string | undefined
  /** Read when Prometheus asks. */
  logLag(): Promise<number>
  sockets(): number
  subscriptions(): { groups: number; subscribers: number }
  /** The tasks there are: one without jobs counts 0, since an absent series looks like a server that is silent. */
  tasks: readonly string[]
  queue(): Promise<{ task: string; state: string; count: number }[]>
  webhooksInFlight(): number
  /** Calls and messages that this process has begun and that are not settled. */
  outreachInFlight(): number
}

/** Names of operations are the clients' choice; past so many they are counted together. */
const MAX_OPERATIONS = 200
const JOB_STATES = ['created', 'active', 'retry', 'failed']
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What the server measures of itself, in Prometheus' form. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'saygraph_' })
  const http = new Histogram({
    name: 'saygraph_http_request_seconds',
    help: 'HTTP requests by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [registry],
  })
  const graphql = new Histogram({
    name: 'saygraph_graphql_operation_seconds',
    help: 'GraphQL operations by name and kind; one event of a subscription counts as one.',
    labelNames: ['operation', 'kind', 'outcome'],
    buckets: SECONDS,
    registers: [registry],
  })
  const fallbacks = new Counter({
    name: 'saygraph_reads_past_the_reader_total',
    help: "Reads left to Prisma's slower engine.",
    labelNames: ['model'],
    registers: [registry],
  })
  const attempts = new Counter({
    name: 'saygraph_webhook_attempts_total',
    help: 'Requests of webhooks by outcome: ok, or how they failed.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const transcriptions = new Counter({
    name: 'saygraph_transcriptions_total',
    help: 'Recordings that an engine was given, live drafts included, by outcome: done, or how it refused.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const operations = new Set<string>()

  return {
    registry,
    webhookAttempted(outcome: string): void {
      attempts.inc({ outcome })
    },
    transcriptionDone(outcome: string): void {
      transcriptions.inc({ outcome })
    },
    graphqlDone(operation: string, kind: string, seconds: number, failed: boolean): void {
      if (operations.size < MAX_OPERATIONS) operations.add(operation)
      const name = operation === '' ? '(unnamed)' : operations.has(operation) ? operation : '(other)'
      graphql.observe({ operation: name, kind, outcome: failed ? 'error' : 'ok' }, seconds)
    },
    readFellBack(model: string): void {
      fallbacks.inc({ model })
    },
    /** Counts requests and serves `/metrics`. Must be registered without encapsulation around the routes it counts. */
    plugin(deps: MetricsDeps): FastifyPluginAsync {
      gauge(
        registry,
        'saygraph_event_log_lag',
        'Events of followed workspaces that this process has not read yet.',
        deps.logLag,
      )
      gauge(registry, 'saygraph_websockets', 'Open WebSockets.', async () => deps.sockets())
      gauge(registry, 'saygraph_subscribers', 'Running subscriptions.', async () => deps.subscriptions().subscribers)
      gauge(
        registry,
        'saygraph_subscription_groups',
        'Distinct executions behind running subscriptions.',
        async () => deps.subscriptions().groups,
      )
      gauge(registry, 'saygraph_webhooks_in_flight', 'Requests of webhooks under way.', async () =>
        deps.webhooksInFlight(),
      )
      gauge(registry, 'saygraph_outreach_in_flight', 'Calls and messages of this process under way.', async () =>
        deps.outreachInFlight(),
      )
      new Gauge({
        name: 'saygraph_queue_jobs',
        help: 'Background jobs by task and state.',
        labelNames: ['task', 'state'],
        registers: [registry],
        async collect() {
          this.reset()
          // Metrics are read above all when something is wrong: without the database these are missing, not all.
          const counts = await deps.queue().catch(() => undefined)
          if (!counts) return
          for (const task of deps.tasks) for (const state of JOB_STATES) this.set({ task, state }, 0)
          for (const { task, state, count } of counts) this.set({ task, state }, count)
        },
      })
      const mayRead = deps.token === undefined ? () => true : secretCheck(deps.token)
      return async (app) => {
        app.addHook('onResponse', async (request, reply) => {
          const route = request.routeOptions.url ?? '(none)'
          http.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000)
        })
        app.get('/metrics', async (request, reply) => {
          reply.header('cache-control', 'no-store')
          if (!mayRead(bearer(request.headers.authorization) ?? '')) {
            const message = 'Show METRICS_TOKEN as `Authorization: Bearer`.'
            return reply.code(401).header('www-authenticate', 'Bearer').type('text/plain; charset=utf-8').send(message)
          }
          return reply.type(registry.contentType).send(await registry.metrics())
        })
      }
    },
  }
}

function gauge(registry: Registry, name: string, help: string, read: () => Promise<number>): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await read().catch(() => Number.NaN))
    },
  })
}
