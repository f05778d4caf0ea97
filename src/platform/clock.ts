/** The only source of the current time. Domain code never calls the system clock, so that weeks pass in a test at once. */
export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

/** A clock that stands still until told otherwise. */
export class FakeClock implements Clock {
  #now: number

  constructor(start: Date | string) {
    this.#now = new Date(start).getTime()
  }

  now(): Date {
    return new Date(this.#now)
  }

  set(instant: Date | string): void {
    this.#now = new Date(instant).getTime()
  }

  /** Moves by `ms` milliseconds; negative values go back, as real clocks sometimes do. */
  advance(ms: number): void {
    this.#now += ms
  }
}
