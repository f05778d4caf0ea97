import { awaitingAnalysis, sweepUploads } from '../domains/responses/index.ts'
import { type PrepareDeps, sweepVoiceFiles } from '../domains/voice-files/index.ts'
import { type Dispatcher, feedWebhooks } from '../domains/webhooks/index.ts'
import type { World } from '../domains/world.ts'
import type { Storage } from '../providers/storage/index.ts'
import type { Implementation } from '../queue/index.ts'
import { forgetIdempotencyKeys } from './forget-idempotency-keys.ts'
import { prepareVoiceFile } from './prepare-voice-file.ts'
import { pruneDeliveries } from './prune-deliveries.ts'
import { pruneEvents } from './prune-events.ts'

/** What the queue runs. Every process gives it all of them, also one that only sends. */
export function implementations(deps: PrepareDeps): Implementation[] {
  const { world } = deps
  return [prepareVoiceFile(deps), pruneDeliveries(world), pruneEvents(world), forgetIdempotencyKeys(world)]
}

export const FEED_WEBHOOKS = 'feed webhooks'
export const DELIVER_WEBHOOKS = 'deliver webhooks'
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
  storage: Storage
  dispatcher: Dispatcher
  analysisWaitMs: number
  /** Deliveries were made, so there is something to send. */
  onFed(): void
}

/** What the due loop looks for, by name. */
export function dueChecks(
  world: World,
  { storage, dispatcher, analysisWaitMs, onFed }: DueCheckDeps,
): Record<string, () => Promise<number>> {
  return {
    'sweep uploads': () => sweepUploads(world, storage),
    'sweep voice files': () => sweepVoiceFiles(world, storage),
    [FEED_WEBHOOKS]: async () => {
      const taken = await feedWebhooks(world, { analysisWaitMs, awaitingAnalysis })
      if (taken > 0) onFed()
      return taken
    },
    [DELIVER_WEBHOOKS]: () => dispatcher.run(),
  }
}
