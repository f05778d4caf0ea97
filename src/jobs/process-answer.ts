import { type AnalysisDeps, processAnswer as process, processAnswerTask } from '../domains/analysis/index.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

/** Most of it waits: for threads, for an engine, for a server. The limits of those are theirs. */
const AT_ONCE = 4

export function processAnswer(deps: AnalysisDeps): Implementation {
  return implementTask(
    processAnswerTask,
    (answer, { signal, attempt }) => process(deps, answer, { signal, last: attempt > processAnswerTask.retryLimit }),
    { atOnce: AT_ONCE },
  )
}
