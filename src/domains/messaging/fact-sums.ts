import { dayOf, type Fact } from './fact.ts'

/** A row of metric_day, or a change of it. */
export interface DaySum {
  kind: 'R' | 'E' | 'S'
  wordId: number
  /** Since 1970. */
  day: number
  count: number
  ms: number
  openMs: number
}

/** A row of metric_presence, or a change of it. */
export interface PresenceSum {
  kind: 'C' | 'V' | 'T'
  /** Empty: all. */
  country: string
  /** 0: `previous` is a day since 1970; 1: a month since the year 0, or NEVER. */
  grain: 0 | 1
  day: number
  previous: number
  count: number
}

export const NEVER = -1

/** The month of a moment (milliseconds) in UTC, since the year 0. */
export function monthOf(at: number): number {
  const date = new Date(at)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

/** Gathers what facts add to the sums of days that are summed up already, and what they no longer do. */
export class FactSums {
  readonly #summedBefore: number
  readonly #days = new Map<string, DaySum>()
  readonly #presence = new Map<string, PresenceSum>()

  /** Days before `summedBefore` (since 1970) are summed up. */
  constructor(summedBefore: number) {
    this.#summedBefore = summedBefore
  }

  add(facts: readonly Fact[], sign: 1 | -1): void {
    for (const fact of facts) {
      const day = dayOf(fact.at)
      if (day >= this.#summedBefore) continue
      switch (fact.kind) {
        case 'R':
        case 'E':
        case 'S':
          this.#addTime({ ...fact, kind: fact.kind, day }, sign)
          break
        case 'C':
        case 'V':
        case 'T':
          // Presence is summed up of all only, and of any tag.
          if (fact.wordId === 0 && fact.tagId === 0) this.#addPresence({ ...fact, kind: fact.kind, day }, sign)
          break
        case 'U':
          break
      }
    }
  }

  days(): DaySum[] {
    return [...this.#days.values()].filter(({ count, ms, openMs }) => count !== 0 || ms !== 0 || openMs !== 0)
  }

  presence(): PresenceSum[] {
    return [...this.#presence.values()].filter(({ count }) => count !== 0)
  }

  #addTime({ kind, wordId, day, ms, openMs }: Fact & Pick<DaySum, 'kind'>, sign: 1 | -1): void {
    const key = `${kind}${wordId}:${day}`
    const sum = this.#days.get(key) ?? { kind, wordId, day, count: 0, ms: 0, openMs: 0 }
    sum.count += sign
    sum.ms += sign * (ms ?? 0)
    sum.openMs += sign * (openMs ?? 0)
    this.#days.set(key, sum)
  }

  #addPresence({ kind, day, prevAt, country }: Fact & Pick<PresenceSum, 'kind'>, sign: 1 | -1): void {
    const add = (row: Omit<PresenceSum, 'count' | 'kind' | 'day'>) => {
      const key = `${kind}${row.country}:${row.grain}:${day}:${row.previous}`
      const sum = this.#presence.get(key) ?? { ...row, kind, day, count: 0 }
      sum.count += sign
      this.#presence.set(key, sum)
    }
    const previous = prevAt === null ? NEVER : monthOf(prevAt)
    add({ country: '', grain: 1, previous })
    if (country !== null) add({ country, grain: 1, previous })
    if (prevAt !== null) add({ country: '', grain: 0, previous: dayOf(prevAt) })
  }
}
