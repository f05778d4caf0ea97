import type { Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { countAskable, listenAgain } from './analysis-store.ts'
import { type Again, type AskDeps, type AskInput, askAgain, doAgain, type LinkJob } from './ask-again.ts'
import { retranscribeLinkTask } from './tasks.ts'

export type RetranscribeDeps = AskDeps

/** `all`: default false: recordings without a transcript only. True: also those that an engine has transcribed. */
export type RetranscribeInput = AskInput

export interface Retranscribed {
  /** How many recordings are listened to again; of a link those that there were when it was asked for. */
  recordings: number
}

const AGAIN: Again = {
  operation: 'retranscribe',
  task: retranscribeLinkTask,
  begin: listenAgain,
  count: countAskable,
}

/**
 * Has recordings listened to again: those that have no transcript, because nothing could listen then or it failed, or
 * all that an engine has transcribed. What somebody recorded or corrected stays. What depends on it is analysed again;
 * of a link this is begun in the background. Throws INSUFFICIENT_SCOPE (`responses:write`), NOT_FOUND, VALIDATION_FAILED
 * (rule `exactly_one`), IDEMPOTENCY_CONFLICT.
 */
export async function retranscribe(deps: AskDeps, viewer: Viewer, input: RetranscribeInput): Promise<Retranscribed> {
  const { amount } = await askAgain(deps, viewer, input, AGAIN)
  return { recordings: amount }
}

/** Does what `retranscribe` has promised of a link. */
export function retranscribeLink(world: World, job: LinkJob, signal: AbortSignal): Promise<void> {
  return doAgain(world, job, AGAIN, signal)
}
