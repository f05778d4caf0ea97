import { type CalendarRules, WEEKDAYS } from '../calendars/index.ts'
import { countriesOf } from '../contacts/index.ts'
import { timeZonesOf } from './time-zones.ts'

/**
 * Limits to outreach beyond what a campaign asks for. The operator of the server sets one, a workspace may set another;
 * `mergePolicy` makes what holds. Null: no limit.
 */
export interface OutreachPolicy {
  quietHours: QuietHours | null
  /** The only countries whose numbers are called, ISO 3166-1 alpha-2. */
  countries: readonly string[] | null
  contactCap: ContactCap | null
  /** What calls, SMS and e-mail of a workspace may cost in a calendar month (UTC), in cents. */
  monthlySpendCapCents: number | null
  /** Calls of a workspace at one time. */
  lines: number | null
}

/** When nobody is called: from `from` until `to` on the wall clock where the person is, `HH:MM`; may cross midnight. */
export interface QuietHours {
  from: string
  to: string
}

/** At most so many contacts with a person in any stretch of so many times 24 hours, by all campaigns together. */
export interface ContactCap {
  contacts: number
  days: number
}

/** The limits of the server and of a workspace together: whatever one of them forbids is forbidden. */
export interface EffectivePolicy {
  /** All are kept. */
  quietHours: readonly QuietHours[]
  countries: readonly string[] | null
  /** All are kept; neither of 3 in 7 days and 5 in 30 follows from the other. */
  contactCaps: readonly ContactCap[]
  monthlySpendCapCents: number | null
  lines: number | null
}

export const NO_LIMITS: OutreachPolicy = {
  quietHours: null,
  countries: null,
  contactCap: null,
  monthlySpendCapCents: null,
  lines: null,
}

/**
 * What holds for a workspace. The server's limits answer for the law and for the operator's money, so a workspace can
 * only be stricter: a null of its own, or a wider limit, means the server's.
 */
export function mergePolicy(server: OutreachPolicy, workspace: OutreachPolicy): EffectivePolicy {
  const both = [server, workspace]
  const said = <Value>(pick: (policy: OutreachPolicy) => Value | null) =>
    both.map(pick).filter((value): value is NonNullable<typeof value> => value !== null)
  const smallest = (values: readonly number[]) => (values.length === 0 ? null : Math.min(...values))
  const countries = said((policy) => policy.countries)
  return {
    quietHours: distinct(
      said((policy) => policy.quietHours),
      (a, b) => a.from === b.from && a.to === b.to,
    ),
    countries:
      countries.length === 0 ? null : countries.reduce((all, some) => all.filter((each) => some.includes(each))),
    contactCaps: distinct(
      said((policy) => policy.contactCap),
      (a, b) => a.contacts <= b.contacts && a.days >= b.days,
    ),
    monthlySpendCapCents: smallest(said((policy) => policy.monthlySpendCapCents)),
    lines: smallest(said((policy) => policy.lines)),
  }
}

/** Without those that follow from another one. */
function distinct<Value>(values: readonly Value[], implies: (value: Value, other: Value) => boolean): Value[] {
  return values.filter(
    (other, n) => !values.some((value, m) => m !== n && implies(value, other) && (m < n || !implies(other, value))),
  )
}

/**
 * When an E.164 number may be called: all of these calendars must be open. A number tells the country and no more, so
 * the hours must be decent in every zone of it, and in every zone of every country when it cannot be told which. Numbers
 * of no country (satellite, international toll-free) have no clock, and no quiet hours.
 */
export function decentHours({ quietHours }: Pick<EffectivePolicy, 'quietHours'>, number: string): CalendarRules[] {
  if (quietHours.length === 0) return []
  const zones = new Set(countriesOf(number).flatMap(timeZonesOf))
  return quietHours.flatMap((quiet) => [...zones].map((timeZone) => ({ timeZone, weekly: weekWithout(quiet) })))
}

/** The complement of quiet hours is one shift a day: from their end until they begin again. */
function weekWithout({ from, to }: QuietHours): CalendarRules['weekly'] {
  const shifts = [{ from: `${to}:00`, to: `${from}:00` }]
  return Object.fromEntries(WEEKDAYS.map((day) => [day, shifts]))
}

/**
 * Whether numbers like this one are called at all. With a list, every country that it may belong to must be on it; one
 * that belongs to none is on no list.
 */
export function isCountryAllowed({ countries }: Pick<EffectivePolicy, 'countries'>, number: string): boolean {
  if (countries === null) return true
  const possible = countriesOf(number)
  return possible.length > 0 && possible.every((country) => countries.includes(country))
}

const DAY_MS = 86_400_000

/**
 * When the caps let a person be contacted again; null: now.
 * @param contacts when the person was contacted, in any order; those of the last `contactHistoryMs` are enough
 */
export function contactCapUntil(
  { contactCaps }: Pick<EffectivePolicy, 'contactCaps'>,
  contacts: readonly Date[],
  now: Date,
): Date | null {
  const latestFirst = contacts.map((at) => at.getTime()).sort((a, b) => b - a)
  let until = now.getTime()
  for (const cap of contactCaps) {
    // Once this one has left the stretch, one fewer than the cap is left in it.
    const leaving = latestFirst[cap.contacts - 1]
    if (leaving !== undefined) until = Math.max(until, leaving + cap.days * DAY_MS)
  }
  return until > now.getTime() ? new Date(until) : null
}

/** How far back contacts count for the caps, in milliseconds; 0 without caps. */
export function contactHistoryMs({ contactCaps }: Pick<EffectivePolicy, 'contactCaps'>): number {
  return Math.max(0, ...contactCaps.map(({ days }) => days)) * DAY_MS
}
