import { settleMetrics as settle } from '../domains/messaging/index.ts'
import { settleMetricsTask } from '../domains/tasks.ts'
import type { World } from '../domains/world.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

export function settleMetrics(world: World): Implementation {
  return implementTask(settleMetricsTask, async (_, { signal }) => {
    await settle(world, { signal })
  })
}
