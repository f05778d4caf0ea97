import { type AnalysisDeps, analyzeResponse as analyze, analyzeResponseTask } from '../domains/analysis/index.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

/** Most of it waits, as with `process-answer`. */
const AT_ONCE = 4

export function analyzeResponse(deps: AnalysisDeps): Implementation {
  return implementTask(
    analyzeResponseTask,
    (response, { signal, attempt }) =>
      analyze(deps, response, { signal, last: attempt > analyzeResponseTask.retryLimit }),
    { atOnce: AT_ONCE },
  )
}
