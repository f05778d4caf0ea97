import { pruneEventsTask } from '../domains/tasks.ts'
import type { World } from '../domains/world.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

export function pruneEvents({ events }: World): Implementation {
  return implementTask(pruneEventsTask, async (_, { signal }) => {
    while (!signal.aborted && (await events.prune()) > 0);
  })
}
