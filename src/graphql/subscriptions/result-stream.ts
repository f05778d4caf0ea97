import type { ExecutionArgs, ExecutionResult } from 'graphql'
import { ExpectedError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Context } from '../context.ts'
import { presentError } from '../errors.ts'
import type { Hub } from './hub.ts'

/** Results that wait for a reader before it counts as too slow. */
const MAX_WAITING = 1_000
/** The past is read on when no more than this waits. */
const REFILL_AT = 100

/**
 * A subscription as the async iterable that GraphQL servers expect: for SSE. A reader that falls too far behind gets
 * SLOW_CONSUMER as its last result. `onOpen` receives a function that ends the stream with an error.
 */
export async function resultStream(
  hub: Hub,
  args: ExecutionArgs,
  logger: Logger,
  onOpen: (end: (error: ExpectedError) => void) => Promise<() => void>,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const { requestId } = args.contextValue as Context
  const waiting: ExecutionResult[] = []
  let closed = false
  let stop = () => {}
  let wake = () => {}
  let refill = () => {}

  function end(last?: ExecutionResult): void {
    if (closed) return
    closed = true
    if (last) waiting.push(last)
    stop()
    wake()
    refill()
  }

  try {
    const subscription = await hub.subscribe(args, {
      next({ result }) {
        if (closed) return
        waiting.push(result)
        wake()
        if (waiting.length <= MAX_WAITING) return
        waiting.length = 0
        const error = new ExpectedError(
          'SLOW_CONSUMER',
          'Events were not read fast enough. Continue from your last cursor.',
        )
        end({ errors: [presentError(error, logger, requestId)] })
      },
      fail: (error) => end({ errors: [error] }),
      ready: () =>
        waiting.length <= REFILL_AT || closed
          ? Promise.resolve()
          : new Promise((resolve) => {
              refill = resolve
            }),
      isClosed: () => closed,
    })
    const forget = await onOpen((error) => end({ errors: [presentError(error, logger, requestId)] }))
    stop = () => {
      subscription.stop()
      forget()
    }
    if (closed) stop()
  } catch (error) {
    return { errors: [presentError(error, logger, requestId)] }
  }

  const stream: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      for (;;) {
        const result = waiting.shift()
        if (waiting.length <= REFILL_AT) refill()
        if (result) return { done: false, value: result }
        if (closed) return { done: true, value: undefined }
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async return() {
      waiting.length = 0
      end()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => stream,
  }
  return stream
}
