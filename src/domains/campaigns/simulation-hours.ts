import { type CalendarRules, openings } from '../calendars/index.ts'
import { OPENING_HOURS, type OpeningHours } from './blockers.ts'

/** For how long a calendar that is open is asked about at once. */
const AHEAD_MS = 7 * 86_400_000

interface Known {
  /** Milliseconds: the answer holds from `from` until `to`, `to` not included. */
  from: number
  to: number
}

/**
 * Opening hours for somebody who asks about the same calendars again and again while time goes by: an answer is kept for
 * as long as it holds. Calendars with equal rules are asked about once; each calendar and list must stay as it is.
 */
export class RememberedHours implements OpeningHours {
  readonly #byText = new Map<string, CalendarRules>()
  readonly #same = new WeakMap<CalendarRules, CalendarRules>()
  readonly #open = new WeakMap<CalendarRules, Known & { isOpen: boolean }>()
  readonly #first = new Map<string, Known & { opening: Date | undefined }>()
  readonly #names = new WeakMap<CalendarRules, string>()
  readonly #listNames = new WeakMap<readonly CalendarRules[], string>()

  isOpen(rules: CalendarRules, at: Date): boolean {
    const calendar = this.#calendar(rules)
    const now = at.getTime()
    const known = this.#open.get(calendar)
    if (known && now >= known.from && now < known.to) return known.isOpen
    const isOpen = OPENING_HOURS.isOpen(calendar, at)
    const to = isOpen ? this.#closing(calendar, at) : (this.firstOpening([calendar], at)?.getTime() ?? now + AHEAD_MS)
    this.#open.set(calendar, { isOpen, from: now, to })
    return isOpen
  }

  firstOpening(all: readonly CalendarRules[], at: Date): Date | undefined {
    const name = this.#nameOf(all)
    const now = at.getTime()
    const known = this.#first.get(name)
    if (known && now >= known.from && now < known.to) return known.opening
    const opening = OPENING_HOURS.firstOpening(all, at)
    // From here to there nothing opens; where nothing is in sight, it may come into sight.
    this.#first.set(name, { opening, from: now, to: opening ? opening.getTime() : now + AHEAD_MS })
    return opening
  }

  #closing(calendar: CalendarRules, at: Date): number {
    const to = new Date(at.getTime() + AHEAD_MS)
    return openings(calendar, at, to)[0]!.end.getTime()
  }

  #calendar(rules: CalendarRules): CalendarRules {
    let same = this.#same.get(rules)
    if (!same) {
      const text = JSON.stringify(rules)
      same = this.#byText.get(text) ?? rules
      this.#byText.set(text, same)
      this.#same.set(rules, same)
      if (!this.#names.has(same)) this.#names.set(same, String(this.#byText.size))
    }
    return same
  }

  #nameOf(all: readonly CalendarRules[]): string {
    let name = this.#listNames.get(all)
    if (name === undefined) {
      name = all.map((rules) => this.#names.get(this.#calendar(rules))).join(' ')
      this.#listNames.set(all, name)
    }
    return name
  }
}
