import type { EventFilter } from '../../events/index.ts'
import type { Context } from '../context.ts'

/** What a subscription field listens to. */
export interface Listening extends EventFilter {
  /**
   * The field gives a value as it is, not what happened: events only say that it may have changed, and it is told at most
   * once in so many ms.
   */
  latestEveryMs?: number
}

/** Says which events a subscription field with these arguments wants; throws when the viewer may not have them. */
export type EventSource = (args: Record<string, unknown>, context: Context) => Promise<Listening>

/**
 * What the schema needs to have as the `subscribe` of a field. Nothing calls it: every transport subscribes through
 * the hub, which reads `EVENT_SOURCES` and executes equal subscriptions once.
 */
export function throughTheHub(): never {
  throw new Error('subscriptions run through the hub')
}
