import { pruneDeliveriesTask } from '../domains/tasks.ts'
import { pruneDeliveries as prune } from '../domains/webhooks/index.ts'
import type { World } from '../domains/world.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

export function pruneDeliveries(world: World): Implementation {
  return implementTask(pruneDeliveriesTask, async (_, { signal }) => {
    while (!signal.aborted && (await prune(world)) > 0);
  })
}
