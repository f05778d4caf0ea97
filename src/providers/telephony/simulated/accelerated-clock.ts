import type { Clock } from '../../../platform/clock.ts'

export interface Pace {
  /** How many times as fast as the wall's it runs. */
  speed: number
  /** When it began, by the wall. */
  since: Date
  /** What it said then; absent: the same as the wall. */
  startsAt?: Date
}

/** A clock that runs faster than the wall's: the same in every process that is told the same pace. */
export function acceleratedClock({ speed, since, startsAt = since }: Pace): Clock {
  return { now: () => new Date(Math.floor(startsAt.getTime() + (Date.now() - since.getTime()) * speed)) }
}
