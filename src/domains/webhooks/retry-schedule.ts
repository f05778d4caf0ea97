import type { FormatRules } from './format.ts'

/** The most that is added to a delay, as a part of it, so that receivers that failed together are not tried together. */
export const JITTER = 0.2

/**
 * When to try again after `failed` attempts (1 is the first) have failed: the delay of the schedule and up to a fifth
 * more. Undefined: never, the schedule is used up. `random` is from 0 to 1.
 */
export function nextAttemptAt(
  { retryAfterSeconds }: Pick<FormatRules, 'retryAfterSeconds'>,
  failed: number,
  now: Date,
  random: number,
): Date | undefined {
  const seconds = retryAfterSeconds[failed - 1]
  return seconds === undefined
    ? undefined
    : new Date(now.getTime() + Math.round(seconds * 1_000 * (1 + JITTER * random)))
}
