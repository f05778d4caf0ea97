import { type AbandonedDeps, settleAbandoned as settle, settleAbandonedTask } from '../domains/analysis/index.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

export function settleAbandoned(deps: AbandonedDeps): Implementation {
  return implementTask(settleAbandonedTask, async (_, { signal }) => {
    await settle(deps, signal)
  })
}
