import { type AbandonedDeps, type AnalysisDeps, startAnalyses } from '../domains/analysis/index.ts'
import { type MessagingDeps, type OwnAddresses, takeOwnTraffic } from '../domains/messaging/index.ts'
import { awaitingAnalysis, sweepSpokenQuestions, sweepUploads } from '../domains/responses/index.ts'
import { type PrepareDeps, sweepVoiceFiles } from '../domains/voice-files/index.ts'
import { type Dispatcher, type FeedDeps, feedWebhooks } from '../domains/webhooks/index.ts'
import type { World } from '../domains/world.ts'
import type { Logger } from '../platform/logger.ts'
import type { Storage } from '../providers/storage/index.ts'
import type { Implementation, Queue } from '../queue/index.ts'
import { analyzeResponse } from './analyze-response.ts'
import { forgetIdempotencyKeys } from './forget-idempotency-keys.ts'
import { prepareVoiceFile } from './prepare-voice-file.ts'
import { processAnswer } from './process-answer.ts'
import { pruneDeliveries } from './prune-deliveries.ts'
import { pruneEvents } from './prune-events.ts'
import { reanalyzeLink } from './reanalyze-link.ts'
import { reduceMessages } from './reduce-messages.ts'
import { retranscribeLink } from './retranscribe-link.ts'
import { settleAbandoned } from './settle-abandoned.ts'
import { settleMetrics } from './settle-metrics.ts'

/** What the queue runs. Every process gives it all of them, also one that only sends. */
export function implementations(deps: PrepareDeps & AnalysisDeps & AbandonedDeps): Implementation[] {
  const { world } = deps
  return [
    prepareVoiceFile(deps),
    processAnswer(deps),
    analyzeResponse(deps),
    retranscribeLink(world),
    reanalyzeLink(world),
    settleAbandoned(deps),
    pruneDeliveries(world),
    pruneEvents(world),
    reduceMessages(world),
    settleMetrics(world),
    forgetIdempotencyKeys(world),
  ]
}

export const FEED_WEBHOOKS = 'feed webhooks'
export const DELIVER_WEBHOOKS = 'deliver webhooks'
export const TAKE_OWN_TRAFFIC = 'take own traffic'
export const START_ANALYSES = 'start analyses'
/** Checks that compose adds where there is a switchboard. */
export const KEEP_SEATS = 'keep seats'
export const FOLLOW_CALLS = 'follow calls'
export const DIAL_CALLS = 'dial calls'
export const FETCH_RECORDINGS = 'fetch recordings'
/** Checks that compose adds where messages are sent. */
export const SEND_MESSAGES = 'send messages'
export const RECOVER_MESSAGES = 'recover messages'
export const SWEEP_OUTBOXES = 'sweep outboxes'

export interface DueCheckDeps {
  logger: Logger
  storage: Storage
  dispatcher: Dispatcher
  queue: Pick<Queue, 'send' | 'hurry'>
  analysisWaitMs: number
  /** Whether webhooks wait for analysers other than this server, too. */
  analysesElsewhere: boolean
  /** Whether what is said is understood here, and not only heard. */
  understands: boolean
  messaging: MessagingDeps
  ownAddresses: OwnAddresses
  /** Deliveries were made, so there is something to send. */
  onFed(): void
}

/** What the due loop looks for, by name. */
export function dueChecks(
  world: World,
  {
    logger,
    storage,
    dispatcher,
    queue,
    analysisWaitMs,
    analysesElsewhere,
    understands,
    messaging,
    ownAddresses,
    onFed,
  }: DueCheckDeps,
): Record<string, () => Promise<number>> {
  const feedDeps: FeedDeps = {
    logger,
    analysisWaitMs,
    awaitingAnalysis: (tx, workspaceId, ids) =>
      awaitingAnalysis(tx, workspaceId, ids, { elsewhere: analysesElsewhere, understands }),
  }
  return {
    'sweep uploads': () => sweepUploads(world, storage),
    'sweep spoken questions': () => sweepSpokenQuestions(world, storage),
    'sweep voice files': () => sweepVoiceFiles(world, storage),
    [FEED_WEBHOOKS]: async () => {
      const taken = await feedWebhooks(world, feedDeps)
      if (taken > 0) onFed()
      return taken
    },
    [DELIVER_WEBHOOKS]: () => dispatcher.run(),
    [START_ANALYSES]: () => startAnalyses({ world, queue }),
    [TAKE_OWN_TRAFFIC]: () => takeOwnTraffic(messaging, ownAddresses),
  }
}
