import type { Clock } from '../../../platform/clock.ts'

/** A clock that has run `speed` times as fast as the wall's since `since`: the same in every process that is told both. */
export function acceleratedClock(speed: number, since: Date): Clock {
  const start = since.getTime()
  return { now: () => new Date(Math.floor(start + (Date.now() - start) * speed)) }
}
