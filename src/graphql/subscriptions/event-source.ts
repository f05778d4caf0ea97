import type { EventFilter } from '../../events/index.ts'
import type { Context } from '../context.ts'

/** Says which events a subscription field with these arguments wants; throws when the viewer may not have them. */
export type EventSource = (args: Record<string, unknown>, context: Context) => Promise<EventFilter>

/**
 * What the schema needs to have as the `subscribe` of a field. Nothing calls it: every transport subscribes through
 * the hub, which reads `EVENT_SOURCES` and executes equal subscriptions once.
 */
export function throughTheHub(): never {
  throw new Error('subscriptions run through the hub')
}
