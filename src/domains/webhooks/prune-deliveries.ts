import type { World } from '../world.ts'
import { deleteOldDeliveries } from './delivery-store.ts'
import { moveIdleWebhooks } from './feed-webhooks.ts'
import { deleteRetiredWebhooks } from './store.ts'

/**
 * Removes settled deliveries that are older than their workspace keeps events, a batch of them, and what is left of
 * retired webhooks. Returns how much went.
 */
export async function pruneDeliveries(world: World): Promise<number> {
  await moveIdleWebhooks(world)
  return (await deleteOldDeliveries(world.db, world.clock.now())) + (await deleteRetiredWebhooks(world.db))
}
