import { afterAll } from 'vitest'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { EventType } from '../../events/index.ts'
import { createLogger } from '../../platform/logger.ts'
import { createOutbound, parseAllow } from '../../providers/outbound/index.ts'
import { awaitingAnalysis } from '../responses/index.ts'
import {
  type CreateWebhookInput,
  createDispatcher,
  createWebhook,
  type Dispatcher,
  type FeedDeps,
  feedWebhooks,
  type RequestBuilders,
  standardRequest,
} from './index.ts'

export interface WebhookBench extends TestWorld {
  dispatcher: Dispatcher
  feedDeps: FeedDeps
  builders: RequestBuilders
  make(input: Partial<CreateWebhookInput> & { url: string }): Promise<{ id: string; secret: string | null }>
  /** Something that happens, to a response of its own unless said otherwise; its position in the log. */
  happen(type?: EventType, payload?: Record<string, string>): Promise<number>
  feed(): Promise<number>
  /** Feeds, sends all that is due, and waits for what comes of it; again until nothing is left to do. */
  work(): Promise<void>
  deliveries(webhookId: string): Promise<DeliveryState[]>
  attempts(webhookId: string): Promise<AttemptState[]>
}

export interface DeliveryState {
  id: string
  event_id: string
  event_type: string
  position: number
  state: string
  attempt_count: number
  due_at: Date | null
}

export interface AttemptState {
  delivery_id: string
  number: number
  status_code: number | null
  failure: string | null
  message: string | null
  response_body: string | null
}

/** Real time, in which a receiver of this process must have answered on a busy machine, and for which tests of one that hangs wait. */
export const TIMEOUT_MS = 5_000

/** Webhooks on a real database, sent to real servers on this machine. `random` is 0: delays are those of the schedule. */
export async function webhookBench(options: { poolSize?: number } = {}): Promise<WebhookBench> {
  const kit = await testWorld(options)
  const { world, workspaceId, db, viewer } = kit
  const outbound = createOutbound({ allow: parseAllow('127.0.0.0/8').rules, timeoutMs: TIMEOUT_MS })
  afterAll(() => outbound.close())
  const builders: RequestBuilders = { standard: standardRequest, sayify: standardRequest, multisender: standardRequest }
  const logger = createLogger('silent')
  const dispatcher = createDispatcher({ world, outbound, builders, logger, timeoutMs: TIMEOUT_MS, random: () => 0 })
  const feedDeps: FeedDeps = { analysisWaitMs: 0, awaitingAnalysis, logger }
  const feed = () => feedWebhooks(world, feedDeps)
  return {
    ...kit,
    dispatcher,
    feedDeps,
    builders,
    make: (input) => createWebhook(world, viewer, { eventTypes: ['response.started'], ...input }),
    async happen(type = 'response.started', payload = {}) {
      const ids = { linkId: world.newId(), responseId: world.newId(), respondentId: world.newId(), channel: 'web' }
      await world.events.write(workspaceId, async (_, emit) => emit(type, { ...ids, ...payload } as never))
      return (await world.events.head(workspaceId)).position
    },
    feed,
    async work() {
      while ((await feed()) + (await dispatcher.run()) > 0) await dispatcher.settled()
    },
    deliveries: (webhookId) =>
      db.query<DeliveryState>(
        sql`SELECT id, event_id, event_type, position, state, attempt_count, due_at FROM webhook_delivery
            WHERE webhook_id = ${webhookId}::uuid ORDER BY position`,
      ),
    attempts: (webhookId) =>
      db.query<AttemptState>(
        sql`SELECT a.delivery_id, a.number, a.status_code, a.failure, a.message, a.response_body
            FROM webhook_attempt a JOIN webhook_delivery d ON d.id = a.delivery_id
            WHERE d.webhook_id = ${webhookId}::uuid ORDER BY d.position, a.number`,
      ),
  }
}
