import { forgetIdempotencyKeys as forget } from '../domains/idempotency.ts'
import { forgetImports } from '../domains/messaging/index.ts'
import { forgetIdempotencyKeysTask } from '../domains/tasks.ts'
import type { World } from '../domains/world.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

export function forgetIdempotencyKeys(world: World): Implementation {
  return implementTask(forgetIdempotencyKeysTask, async (_, { signal }) => {
    while (!signal.aborted && (await forget(world)) > 0);
    while (!signal.aborted && (await forgetImports(world)) > 0);
  })
}
