import type { Logger } from '../../../platform/logger.ts'
import type { CallEvent, Listener } from '../telephony.ts'

/** Calls a listener with one event of a call at a time, and of different calls concurrently. */
export class EventOrder {
  readonly #listener: Listener
  readonly #logger: Pick<Logger, 'error'> | undefined
  /** The last of each call that is under way or waits. */
  readonly #tails = new Map<string, Promise<void>>()
  #stopped = false

  constructor(listener: Listener, logger?: Pick<Logger, 'error'>) {
    this.#listener = listener
    this.#logger = logger
  }

  get busy(): boolean {
    return this.#tails.size > 0
  }

  /** `done` is called when the listener has dealt with the event, and not when it failed. */
  add(event: CallEvent, done: () => void): void {
    const { callId } = event
    const tail = (this.#tails.get(callId) ?? Promise.resolve()).then(async () => {
      try {
        if (this.#stopped) return
        await this.#listener.event(event)
        done()
      } catch (error) {
        this.#logger?.error({ err: error, callId, type: event.type }, 'a telephone event could not be dealt with')
      } finally {
        if (this.#tails.get(callId) === tail) this.#tails.delete(callId)
      }
    })
    this.#tails.set(callId, tail)
  }

  /** What waits is not begun any more. */
  stop(): void {
    this.#stopped = true
  }

  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values())
  }
}
