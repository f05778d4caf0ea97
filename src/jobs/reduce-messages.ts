import { reduceMessages as reduce } from '../domains/messaging/index.ts'
import { reduceMessagesTask } from '../domains/tasks.ts'
import type { World } from '../domains/world.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

export function reduceMessages(world: World): Implementation {
  return implementTask(reduceMessagesTask, async (_, { signal }) => {
    await reduce(world, signal)
  })
}
