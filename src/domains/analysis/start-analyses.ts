import type { Queue } from '../../queue/index.ts'
import { claimAnswers, claimResponses } from './analysis-store.ts'
import type { AnalysisDeps } from './deps.ts'
import { analyzeResponseTask, processAnswerTask } from './tasks.ts'

/** How many rows one transaction takes. */
const BATCH = 50

/**
 * Queues the processing of answers and the analysis of responses that are due: the job exists exactly when the row is no
 * longer due. Returns how many.
 */
export async function startAnalyses({
  world,
  queue,
}: Pick<AnalysisDeps, 'world'> & { queue: Pick<Queue, 'send' | 'hurry'> }): Promise<number> {
  const answers = await world.db.transaction(async (tx) => {
    const due = await claimAnswers(tx, world.clock.now(), BATCH)
    for (const { workspace_id: workspaceId, id: answerId } of due) {
      await queue.send(processAnswerTask, { workspaceId, answerId }, { tx })
    }
    return due.length
  })
  if (answers > 0) queue.hurry(processAnswerTask)
  const responses = await world.db.transaction(async (tx) => {
    const due = await claimResponses(tx, world.clock.now(), BATCH)
    for (const { workspace_id: workspaceId, id: responseId } of due) {
      await queue.send(analyzeResponseTask, { workspaceId, responseId }, { tx })
    }
    return due.length
  })
  if (responses > 0) queue.hurry(analyzeResponseTask)
  return answers + responses
}
