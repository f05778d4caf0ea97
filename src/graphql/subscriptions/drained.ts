import { setTimeout as sleep } from 'node:timers/promises'

/** A reader that takes in nothing for so long, while as much waits for it as may, is disconnected. */
export const STALLED_MS = 5_000
const CHECK_MS = 5

export interface Drain {
  /** Bytes that wait for the reader. */
  waiting(): number
  isOpen(): boolean
  /** Nothing was taken for `stalledMs`. Must close it. */
  onStalled(): void
  stalledMs?: number
}

/** Waits until no more than `bytes` wait for a reader, or it is gone. */
export async function drained(bytes: number, { waiting, isOpen, onStalled, stalledMs = STALLED_MS }: Drain) {
  let before = waiting()
  let stalled = 0
  while (isOpen() && waiting() > bytes) {
    await sleep(CHECK_MS)
    // Turns are counted, not time: when this process is too busy to send, that is not the reader's fault.
    stalled = waiting() < before ? 0 : stalled + CHECK_MS
    before = waiting()
    if (stalled >= stalledMs) onStalled()
  }
}
