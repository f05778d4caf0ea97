import { ExpectedError } from '../../platform/errors.ts'
import type { Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { analyzeAgain, countToReanalyze } from './analysis-store.ts'
import { type Again, type AskDeps, type AskInput, askAgain, doAgain, type LinkJob } from './ask-again.ts'
import type { AnalysisDeps } from './deps.ts'
import { reanalyzeLinkTask } from './tasks.ts'

export type ReanalyzeDeps = AskDeps & Pick<AnalysisDeps, 'insight'>

/**
 * `all`: default false: what was not understood, or only by what stands in for the analyser. True: also what the analyser
 * here has understood.
 */
export type ReanalyzeInput = AskInput

export interface Reanalyzed {
  /** How many responses are analysed again; of a link those that there were when it was asked for. */
  responses: number
}

const AGAIN: Again = {
  operation: 'reanalyze',
  task: reanalyzeLinkTask,
  begin: analyzeAgain,
  count: countToReanalyze,
}

/**
 * Has submitted responses analysed again that have an answer in words without an insight, because nothing understood it
 * then or only what stands in for the analyser, and those that were left incomplete; or all that were understood here.
 * What somebody recorded stays. Of a link this is begun in the background. Throws INSUFFICIENT_SCOPE (`responses:write`),
 * NOT_FOUND, INSIGHT_UNAVAILABLE, VALIDATION_FAILED (rule `exactly_one`), IDEMPOTENCY_CONFLICT.
 */
export async function reanalyze(deps: ReanalyzeDeps, viewer: Viewer, input: ReanalyzeInput): Promise<Reanalyzed> {
  const { amount } = await askAgain(deps, viewer, input, AGAIN, {
    ready() {
      if (deps.insight) return
      const message =
        'This server has nothing that understands answers; `retranscribe` has recordings listened to again.'
      throw new ExpectedError('INSIGHT_UNAVAILABLE', message)
    },
  })
  return { responses: amount }
}

/** Does what `reanalyze` has promised of a link. */
export function reanalyzeLink(world: World, job: LinkJob, signal: AbortSignal): Promise<void> {
  return doAgain(world, job, AGAIN, signal)
}
