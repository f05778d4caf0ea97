import type { Tx } from '../../db/database.ts'
import type { EventType, LoggedEvent } from '../../events/index.ts'
import { ExpectedError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import type { World } from '../world.ts'
import {
  countPending,
  type FeedRow,
  hurryDeliveries,
  insertDeliveries,
  moveFeed,
  moveIdleFeeds,
  type NewDelivery,
  takeFeed,
  webhooksWithNews,
} from './feed-store.ts'
import { FORMAT_RULES } from './format.ts'
import { retireWebhook } from './store.ts'

export interface FeedDeps {
  logger: Logger
  /** How long `response.submitted` waits for the analysis of its response, where the format does. 0: not at all. */
  analysisWaitMs: number
  /** Of which of these responses an analysis may still say something. */
  awaitingAnalysis(tx: Tx, workspaceId: string, responseIds: readonly string[]): Promise<ReadonlySet<string>>
}

/** How many events one turn of one webhook takes. */
const BATCH = 200
/**
 * A webhook with so many deliveries waiting is not given more: the log itself is the queue, so that a receiver that is
 * away for days costs no more than this.
 */
export const MAX_PENDING = 1_000
/** How many webhooks one turn feeds, and which it leaves out. */
const A_TURN = { limit: 200, full: MAX_PENDING }
/** A feed that is so many events behind, none of which concern it, is moved on. */
const IDLE_LAG = 1_000

/**
 * Makes deliveries of what happened, for every webhook from its own place in the log on; the place moves in the same
 * transaction. One that fails is logged, and tried again in the next turn. Returns how many events were taken.
 */
export async function feedWebhooks(world: World, deps: FeedDeps): Promise<number> {
  let taken = 0
  for (const { webhook_id, workspace_id } of await webhooksWithNews(world.db, A_TURN)) {
    try {
      taken += await feedOne(world, deps, workspace_id, webhook_id)
    } catch (error) {
      // One that cannot be fed keeps its place in the log, and the others their turn.
      deps.logger.error({ err: error, webhook: webhook_id }, 'a webhook could not be fed')
    }
  }
  return taken
}

/** Keeps webhooks that nothing happens for out of the way of retention. Returns how many were moved. */
export function moveIdleWebhooks(world: World): Promise<number> {
  return moveIdleFeeds(world.db, IDLE_LAG)
}

async function feedOne(world: World, deps: FeedDeps, workspaceId: string, webhookId: string): Promise<number> {
  return world.events.write(workspaceId, async (tx, emit) => {
    const feed = await takeFeed(tx, workspaceId, webhookId)
    if (!feed || (await countPending(tx, webhookId, MAX_PENDING)) >= MAX_PENDING) return 0
    const filter = { types: feed.watches, ...(feed.stream_id === null ? {} : { streamId: feed.stream_id }) }
    let page: Awaited<ReturnType<typeof world.events.read>>
    try {
      page = await world.events.read(workspaceId, feed.position, BATCH, filter, tx)
    } catch (error) {
      if (!(error instanceof ExpectedError) || error.code !== 'CURSOR_EXPIRED') throw error
      // Retention was faster: what is gone is gone, but not silently.
      await moveFeed(tx, workspaceId, webhookId, (await world.events.head(workspaceId, tx)).pruned)
      emit('webhook.eventsMissed', { webhookId })
      return 1
    }
    await deliver(world, deps, tx, feed, page.events)
    await moveFeed(tx, workspaceId, webhookId, page.position)
    return page.events.length
  })
}

async function deliver(world: World, deps: FeedDeps, tx: Tx, feed: FeedRow, events: LoggedEvent[]): Promise<void> {
  const { id: webhookId, workspace_id: workspaceId } = feed
  const now = world.clock.now()
  const { tells = () => true, waitsForAnalysis } = FORMAT_RULES[feed.format]
  const ends = feed.link_id !== null ? 'link.deleted' : feed.campaign_id !== null ? 'campaign.deleted' : null
  const end = events.findIndex(({ type }) => type === ends)
  const concerning = (end < 0 ? events : events.slice(0, end + 1)).filter(
    (event) => feed.event_types.includes(event.type) && tells(event) && !isAbout(event, webhookId),
  )
  const waits = waitsForAnalysis && deps.analysisWaitMs > 0
  const submitted = waits ? concerning.filter(({ type }) => type === 'response.submitted').map(orderKeyOf) : []
  const awaiting = submitted.length > 0 ? await deps.awaitingAnalysis(tx, workspaceId, submitted) : new Set<string>()
  const deliveries = concerning.map((event): NewDelivery => {
    const orderKey = orderKeyOf(event)
    const isHeldBack = event.type === 'response.submitted' && awaiting.has(orderKey)
    return {
      id: world.newId(),
      eventId: event.id,
      eventType: event.type,
      position: event.position,
      orderKey,
      occurredAt: event.occurredAt,
      payload: event.payload,
      dueAt: isHeldBack ? new Date(event.occurredAt.getTime() + deps.analysisWaitMs) : now,
      heldBack: isHeldBack,
    }
  })
  await insertDeliveries(tx, workspaceId, webhookId, deliveries, now)
  const analyzed = await endedAnalyses(deps, tx, workspaceId, events)
  if (analyzed.length > 0) await hurryDeliveries(tx, webhookId, 'response.submitted', analyzed, now)
  if (end >= 0) await retireWebhook(tx, workspaceId, webhookId, now)
}

/** Responses of which nothing more is waited for: all was found, or what is left is nobody's to find. */
async function endedAnalyses(
  deps: FeedDeps,
  tx: Tx,
  workspaceId: string,
  events: readonly LoggedEvent[],
): Promise<string[]> {
  const of = (type: EventType) => events.filter((event) => event.type === type).map(orderKeyOf)
  const left = of('response.analysisIncomplete')
  const awaited = left.length > 0 ? await deps.awaitingAnalysis(tx, workspaceId, left) : new Set<string>()
  return [...of('response.analyzed'), ...left.filter((responseId) => !awaited.has(responseId))]
}

/** A webhook is not told of itself: each failure to tell it would be another thing to tell. */
function isAbout({ payload }: LoggedEvent, webhookId: string): boolean {
  return 'webhookId' in payload && payload.webhookId === webhookId
}

/** What the order of deliveries is kept for, the narrowest first. */
const ORDERED_BY = [
  ...['responseId', 'respondentId', 'receiverId', 'contactId', 'linkId', 'campaignId'],
  ...['webhookId', 'subuserId', 'userId', 'apiKeyId'],
]

function orderKeyOf(event: LoggedEvent): string {
  const payload = event.payload as Record<string, unknown>
  const key = ORDERED_BY.map((field) => payload[field]).find((value) => typeof value === 'string' && isUuid(value))
  return (key as string | undefined) ?? event.streamId ?? event.id
}
