import { processLater } from './analysis-store.ts'
import type { AnalysisDeps, WorkOptions } from './deps.ts'
import { hearAnswer } from './hear-answer.ts'
import { probeAnswer } from './probe-answer.ts'

/**
 * Does with an answer what is done at once, while the person may still be there: prepares its sound, transcribes it, and
 * judges whether a follow-up is to be asked. May run any number of times, also at the same time. Rejects when a later
 * try may do better, unless it is the last.
 */
export async function processAnswer(
  deps: AnalysisDeps,
  { workspaceId, answerId }: { workspaceId: string; answerId: string },
  options: WorkOptions,
): Promise<void> {
  const heard = await hearAnswer(deps, { workspaceId, answerId }, options)
  if (typeof heard === 'object') {
    await processLater(deps.world.db, workspaceId, answerId, heard.busyUntil)
    return
  }
  await probeAnswer(deps, { workspaceId, answerId }, options)
}
