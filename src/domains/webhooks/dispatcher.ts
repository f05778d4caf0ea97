import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../platform/logger.ts'
import type { Outbound } from '../../providers/outbound/index.ts'
import type { World } from '../world.ts'
import {
  type AttemptRecord,
  type ClaimedDelivery,
  claimDeliveries,
  holdsLease,
  insertAttempt,
  postponeDelivery,
  recordSuccess,
  settleDelivery,
} from './delivery-store.ts'
import { FORMAT_RULES, type RequestBuilders, type WebhookRequest } from './format.ts'
import { nextAttemptAt } from './retry-schedule.ts'
import { signingSecrets } from './signing-secrets.ts'
import { failingSinceOf, noteFailure, setWebhookEnabled } from './store.ts'

export interface DispatcherDeps {
  world: World
  outbound: Outbound
  builders: RequestBuilders
  logger: Logger
  /** How long one attempt may take; a delivery whose process died is taken over this and LEASE_MARGIN_MS later. */
  timeoutMs: number
  /** Called when an attempt has ended, `ok` or with how it failed: what waited for it may go now. */
  onEnd?(outcome: string): void
  /** From 0 to 1. Default Math.random. */
  random?(): number
}

export interface Dispatcher {
  /** Begins attempts of what is due, as many as there is room for, and does not wait for them. Returns how many. */
  run(): Promise<number>
  /** How many attempts are under way. */
  inFlight(): number
  /** Resolves when no attempt is under way. */
  settled(): Promise<void>
  /** Begins nothing any more; resolves when all has ended or `graceMs` have passed. What is cut off is sent again. */
  stop(graceMs: number): Promise<void>
}

/** Attempts of one process at a time: of one webhook, of one that has been failing, and in all. */
const PER_WEBHOOK = 20
const PER_FAILING = 2
const IN_ALL = 1_000
/** What recording an attempt may take on top of the attempt itself. */
const LEASE_MARGIN_MS = 5_000
/** A webhook that has not worked for so long is disabled when a delivery has used up its attempts. */
export const DISABLED_AFTER_MS = 5 * 24 * 3_600_000
const GONE = 410

/**
 * Sends deliveries. Each is taken for as long as an attempt may last, sent, and what came of it is recorded: a process
 * that dies in between leaves it to be taken again, under the same id, so that it is sent twice rather than never.
 */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { world, logger, timeoutMs, onEnd, random = Math.random } = deps
  const busy = new Map<string, number>()
  const running = new Set<Promise<void>>()
  let stopped = false

  function count(webhookId: string, change: number): void {
    const now = (busy.get(webhookId) ?? 0) + change
    if (now === 0) busy.delete(webhookId)
    else busy.set(webhookId, now)
  }

  function begin(delivery: ClaimedDelivery, lease: Date): void {
    count(delivery.webhook_id, 1)
    const attempt = attemptDelivery(deps, delivery, lease, random)
      .catch((error): string => {
        logger.error({ err: error, delivery: delivery.id }, 'an attempt could not be recorded')
        return 'unrecorded'
      })
      .then((outcome) => {
        count(delivery.webhook_id, -1)
        running.delete(attempt)
        onEnd?.(outcome)
      })
    running.add(attempt)
  }

  return {
    async run() {
      const total = IN_ALL - running.size
      if (stopped || total <= 0) return 0
      const now = world.clock.now()
      const lease = new Date(now.getTime() + timeoutMs + LEASE_MARGIN_MS)
      const room = { perWebhook: PER_WEBHOOK, perFailing: PER_FAILING, total, busy }
      const claimed = await claimDeliveries(world.db, now, lease, room)
      for (const delivery of claimed) begin(delivery, lease)
      return claimed.length
    },
    inFlight: () => running.size,
    async settled() {
      while (running.size > 0) await Promise.all(running)
    },
    async stop(graceMs) {
      stopped = true
      const all = Promise.all(running)
      if (running.size > 0) await Promise.race([all, sleep(graceMs, undefined, { ref: false })])
    },
  }
}

type Outcome = Pick<AttemptRecord, 'durationMs' | 'statusCode' | 'failure' | 'message' | 'responseBody'>

async function attemptDelivery(
  deps: DispatcherDeps,
  delivery: ClaimedDelivery,
  lease: Date,
  random: () => number,
): Promise<string> {
  const { world } = deps
  const startedAt = world.clock.now()
  const request = await build(deps, delivery, startedAt)
  if (request === 'erased') {
    await world.db.transaction((tx) => settleDelivery(tx, delivery, 'cancelled', world.clock.now()))
    return 'cancelled'
  }
  const outcome = request === 'unbuildable' ? UNBUILDABLE : await send(deps.outbound, delivery, request)
  await record(world, delivery, lease, startedAt, outcome, random)
  return outcome.failure ?? 'ok'
}

async function build(
  { world, builders, logger }: DispatcherDeps,
  delivery: ClaimedDelivery,
  now: Date,
): Promise<WebhookRequest | 'erased' | 'unbuildable'> {
  const { id, workspace_id: workspaceId, webhook_id: webhookId, format } = delivery
  try {
    const secrets = signingSecrets(world.sealer, webhookId, delivery.secret, now)
    const facts = {
      id,
      workspaceId,
      webhookId,
      eventId: delivery.event_id,
      eventType: delivery.event_type,
      position: delivery.position,
      occurredAt: delivery.occurred_at,
      payload: delivery.payload,
    }
    return (await builders[format](facts, { secrets, now })) ?? 'erased'
  } catch (error) {
    logger.error({ err: error, delivery: id, webhook: webhookId }, 'the request of a webhook could not be made')
    return 'unbuildable'
  }
}

const UNBUILDABLE: Outcome = {
  durationMs: 0,
  statusCode: null,
  failure: 'unbuildable',
  message: 'the request could not be made; the log of the server says why (a changed APP_SECRET is a common reason)',
  responseBody: null,
}

async function send(outbound: Outbound, delivery: ClaimedDelivery, request: WebhookRequest): Promise<Outcome> {
  const answer = await outbound.post({
    url: delivery.url,
    ...request,
    httpsOnly: FORMAT_RULES[delivery.format].httpsOnly,
  })
  const durationMs = Math.round(answer.durationMs)
  if (answer.outcome === 'failed') {
    const { failure, message, status = null } = answer
    return { durationMs, statusCode: status, failure, message, responseBody: null }
  }
  const { status, body } = answer
  const isSuccess = status >= 200 && status < 300
  return {
    durationMs,
    statusCode: status,
    failure: isSuccess ? null : 'status',
    message: isSuccess ? null : `the receiver answered ${status}`,
    responseBody: body,
  }
}

async function record(
  world: World,
  delivery: ClaimedDelivery,
  lease: Date,
  startedAt: Date,
  outcome: Outcome,
  random: () => number,
): Promise<void> {
  const { workspace_id: workspaceId, webhook_id: webhookId, format } = delivery
  const rules = FORMAT_RULES[format]
  const now = world.clock.now()
  const attempt = { id: world.newId(), workspaceId, deliveryId: delivery.id, url: delivery.url, startedAt, ...outcome }
  if (outcome.failure === null) return recordSuccess(world.db, attempt, webhookId, now)
  await world.events.write(workspaceId, async (tx, emit) => {
    if (!(await insertAttempt(tx, attempt))) return
    // One that took longer than its lease was taken over by another process, whose attempt decides what comes next.
    if (!(await holdsLease(tx, delivery, lease))) return
    await noteFailure(tx, workspaceId, webhookId, now)
    const disable = async (reason: 'failing' | 'gone') => {
      if (await setWebhookEnabled(tx, workspaceId, webhookId, reason, now))
        emit('webhook.disabled', { webhookId, reason })
    }
    if (outcome.statusCode === GONE && rules.endsWhenGone) {
      await settleDelivery(tx, delivery, 'dead', now)
      await disable('gone')
      emit('webhook.deliveryFailed', { webhookId, deliveryId: delivery.id })
      return
    }
    const next = nextAttemptAt(rules, delivery.attempts_since_start + 1, now, random())
    if (next) {
      await postponeDelivery(tx, delivery, next)
      return
    }
    await settleDelivery(tx, delivery, 'dead', now)
    emit('webhook.deliveryFailed', { webhookId, deliveryId: delivery.id })
    const failingSince = await failingSinceOf(tx, workspaceId, webhookId)
    if (failingSince && now.getTime() - failingSince.getTime() >= DISABLED_AFTER_MS) await disable('failing')
  })
}
