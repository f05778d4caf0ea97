import type { Clock } from '../../platform/clock.ts'

/** Why a provider takes nothing at the moment: it is told too much at a time, cannot be reached, or does not want us. */
export type Ailment = 'throttled' | 'unreachable' | 'account'

/** How fast a provider is fed, by what it says to this process. */
export interface Pace {
  /** How many messages may be on their way at one time. */
  width(): number
  /** When it last took a message. */
  acceptedAt(): Date | null
  accepted(): void
  isPaused(): boolean
  /** It takes nothing; returns until when it is left alone. */
  refused(ailment: Ailment): Date
}

/** The first pause and the longest, in milliseconds; each is twice the one before. */
const PAUSES: Readonly<Record<Ailment, { first: number; longest: number }>> = {
  throttled: { first: 1_000, longest: 60_000 },
  unreachable: { first: 5_000, longest: 600_000 },
  account: { first: 60_000, longest: 900_000 },
}

/** Halves what a throttling provider gets and lets one message find out whether an ill one is well. */
export function createPace(clock: Clock, widest: number): Pace {
  let width = widest
  let failures = 0
  let pausedUntil = 0
  let acceptedAt: Date | null = null
  return {
    width: () => width,
    acceptedAt: () => acceptedAt,
    isPaused: () => clock.now().getTime() < pausedUntil,
    accepted() {
      acceptedAt = clock.now()
      // What was on its way when the pause began says nothing of what comes after it.
      if (acceptedAt.getTime() < pausedUntil) return
      failures = 0
      width = Math.min(widest, width + 1)
    },
    refused(ailment) {
      const now = clock.now().getTime()
      // All that were on their way together are refused for one reason.
      if (now >= pausedUntil) {
        const { first, longest } = PAUSES[ailment]
        pausedUntil = now + Math.min(longest, first * 2 ** failures)
        failures = Math.min(failures + 1, 30)
        width = ailment === 'throttled' ? Math.max(1, width >> 1) : 1
      }
      return new Date(pausedUntil)
    },
  }
}
