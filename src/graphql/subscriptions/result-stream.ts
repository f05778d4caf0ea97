import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql'
import { ExpectedError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Context } from '../context.ts'
import { presentError } from '../errors.ts'
import { drained, STALLED_MS } from './drained.ts'
import type { Hub } from './hub.ts'

export interface ResultStreamOptions {
  logger: Logger
  /** Bytes that may wait for the reader; the rest is read from the log again once they are taken. */
  maxBufferedBytes: number
  /** A reader that takes in nothing for so long while so much waits gets SLOW_CONSUMER as its last result. Default 5 s. */
  stalledMs?: number
  /** Receives a function that ends the stream with an error; what it returns is called when the stream has ended. */
  onOpen(end: (error: ExpectedError) => void): Promise<() => void>
  /** Drops the connection, when its reader does not even take the last result. */
  drop(): void
}

/** A subscription as the async iterable that GraphQL servers expect: for SSE. */
export async function resultStream(
  hub: Hub,
  args: ExecutionArgs,
  { logger, maxBufferedBytes, stalledMs = STALLED_MS, onOpen, drop }: ResultStreamOptions,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const { requestId } = args.contextValue as Context
  const waiting: { result: ExecutionResult; bytes: number }[] = []
  let bytes = 0
  let closed = false
  let stop = () => {}
  let wake = () => {}

  function end(error?: GraphQLError | ExpectedError): void {
    if (closed) return
    closed = true
    if (error) waiting.push({ result: { errors: [presentError(error, logger, requestId)] }, bytes: 0 })
    if (waiting.length > 0) setTimeout(() => waiting.length > 0 && drop(), stalledMs).unref()
    stop()
    wake()
  }

  function endStalled(): void {
    waiting.length = 0
    end(new ExpectedError('SLOW_CONSUMER', 'Events were not read fast enough. Continue from your last cursor.'))
  }

  try {
    const subscription = await hub.subscribe(args, {
      next({ result, json }) {
        if (closed) return
        waiting.push({ result, bytes: json.length })
        bytes += json.length
        wake()
      },
      fail: end,
      isFull: () => bytes > maxBufferedBytes,
      ready: () =>
        drained(maxBufferedBytes / 2, {
          waiting: () => bytes,
          isOpen: () => !closed,
          onStalled: endStalled,
          stalledMs,
        }),
      isClosed: () => closed,
    })
    stop = subscription.stop
    const forget = await onOpen(end)
    stop = () => {
      subscription.stop()
      forget()
    }
    if (closed) stop()
  } catch (error) {
    stop()
    return { errors: [presentError(error, logger, requestId)] }
  }

  const stream: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      for (;;) {
        const taken = waiting.shift()
        if (taken) {
          bytes -= taken.bytes
          return { done: false, value: taken.result }
        }
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
