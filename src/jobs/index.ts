import { sweepUploads } from '../domains/responses/index.ts'
import type { World } from '../domains/world.ts'
import type { Storage } from '../providers/storage/index.ts'
import type { Implementation } from '../queue/index.ts'
import { forgetIdempotencyKeys } from './forget-idempotency-keys.ts'
import { pruneEvents } from './prune-events.ts'

/** What the queue runs. Every process gives it all of them, also one that only sends. */
export function implementations(world: World): Implementation[] {
  return [pruneEvents(world), forgetIdempotencyKeys(world)]
}

/** What the due loop looks for, by name. */
export function dueChecks(world: World, storage: Storage): Record<string, () => Promise<number>> {
  return { 'sweep uploads': () => sweepUploads(world, storage) }
}
