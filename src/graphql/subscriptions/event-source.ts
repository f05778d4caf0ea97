import { decodeEventCursor, type EventFilter, type LoggedEvent } from '../../events/index.ts'
import { ExpectedError } from '../../platform/errors.ts'
import type { Context } from '../context.ts'

/** Says which events a subscription field with these arguments wants; throws when the viewer may not have them. */
export type EventSource = (args: Record<string, unknown>, context: Context) => Promise<EventFilter>

/** Events that wait for a consumer of the plain stream before it counts as too slow. */
const MAX_WAITING = 1_000

/**
 * The events as an async iterable, each subscription on its own. This is what the schema itself offers; the server's
 * transports go through the hub, which executes equal subscriptions once.
 */
export async function eventStream(
  source: EventSource,
  args: { after?: string | null },
  context: Context,
): Promise<AsyncIterableIterator<LoggedEvent>> {
  const { workspaceId } = context.viewer
  const filter = await source(args as Record<string, unknown>, context)
  const after = args.after == null ? undefined : decodeEventCursor(workspaceId, args.after)
  const waiting: LoggedEvent[] = []
  let failure: unknown
  let done = false
  let wake = () => {}
  const end = (error?: unknown) => {
    failure ??= error
    done = true
    wake()
  }
  const following = await context.tailer.follow(workspaceId, {
    ...filter,
    ...(after === undefined ? {} : { after }),
    onEvent(event) {
      waiting.push(event)
      if (waiting.length > MAX_WAITING) {
        following?.stop()
        end(new ExpectedError('SLOW_CONSUMER', 'Events were not read fast enough. Continue from your last cursor.'))
      }
      wake()
    },
    onError: end,
  })
  if (failure !== undefined) throw failure
  const iterator: AsyncIterableIterator<LoggedEvent> = {
    async next() {
      for (;;) {
        const event = waiting.shift()
        if (event) return { done: false, value: event }
        if (failure !== undefined) throw failure
        if (done) return { done: true, value: undefined }
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async return() {
      following.stop()
      end()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}
