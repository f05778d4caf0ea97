import type { Queue } from '../../queue/index.ts'
import { leaveIncomplete, lockForAnalysis } from '../responses/index.ts'
import type { World } from '../world.ts'
import { isNotDue } from './analysis-store.ts'
import { findProbed, holdResponse, saidIn, settleProbing } from './follow-up-store.ts'
import { analyzeResponseTask, processAnswerTask } from './tasks.ts'

export interface AbandonedDeps {
  world: World
  queue: Pick<Queue, 'abandoned'>
}

/**
 * Settles what nobody is at any more, because its process died each time it was tried: a response that stays pending is
 * incomplete, and nothing more is asked about an answer. Whoever asks again has it tried again. Returns how many.
 */
export async function settleAbandoned({ world, queue }: AbandonedDeps, signal: AbortSignal): Promise<number> {
  let settled = 0
  for await (const of of allOf((skip) => queue.abandoned(analyzeResponseTask, { skip }))) {
    signal.throwIfAborted()
    const { workspaceId, responseId: id } = of
    settled += await world.events.write(workspaceId, async (tx, emit) => {
      const response = await lockForAnalysis(tx, workspaceId, id)
      if (response?.analysis !== 'pending' || response.analysis_due_at !== null) return 0
      // Somebody may have asked again since, and that job be under way.
      if ((await queue.abandoned(analyzeResponseTask, { tx, payload: of })).length === 0) return 0
      await leaveIncomplete(tx, emit, { ...response, id, workspaceId }, world.clock.now())
      return 1
    })
  }
  for await (const of of allOf((skip) => queue.abandoned(processAnswerTask, { skip }))) {
    signal.throwIfAborted()
    const { workspaceId, answerId } = of
    settled += await world.events.write(workspaceId, async (tx) => {
      const before = await findProbed(tx, workspaceId, answerId)
      if (!before) return 0
      await holdResponse(tx, workspaceId, before.response_id)
      const answer = await findProbed(tx, workspaceId, answerId)
      const said = answer ? saidIn(answer) : []
      const open = said.filter(({ probing }) => probing === 'pending')
      if (!open.some(({ id }) => id === answerId) || !(await isNotDue(tx, workspaceId, answerId))) return 0
      if ((await queue.abandoned(processAnswerTask, { tx, payload: of })).length === 0) return 0
      // The answer that is replied about waits for its replies: with the last of them it is settled itself.
      const others = open.filter(({ id }) => id !== answerId && id !== answer!.id)
      await settleProbing(tx, workspaceId, others.length > 0 ? [answerId] : open.map(({ id }) => id))
      return 1
    })
  }
  return settled
}

/** All that there is, page by page: what was settled stays listed, and must keep nobody behind it from being seen. */
async function* allOf<Payload>(page: (skip: number) => Promise<Payload[]>): AsyncGenerator<Payload> {
  for (let skip = 0; ; ) {
    const found = await page(skip)
    yield* found
    if (found.length === 0) return
    skip += found.length
  }
}
