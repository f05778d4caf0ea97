import { Temporal } from 'temporal-polyfill'
import type { Country } from '../contacts/index.ts'

/** Countries that CLDR gives no zone: theirs by `zone1970.tab` of the IANA database. */
const UNLISTED: Partial<Record<Country, readonly string[]>> = {
  AC: ['Atlantic/St_Helena'],
  TA: ['Atlantic/St_Helena'],
  XK: ['Europe/Belgrade'],
}

/** Over how long clocks are compared. Beyond, the last known rules repeat. */
const COMPARED_FROM = '2025-01-01T00:00Z'
const COMPARED_UNTIL = Temporal.Instant.from('2035-01-01T00:00Z').epochMilliseconds

/** Of ECMA-402, which Node 24 has and TypeScript's library does not. */
interface TimeZoned {
  getTimeZones(): string[] | undefined
}

const cache = new Map<Country, readonly string[]>()

/** The time zones of a country, one for each way its clocks go: the 29 of the United States are 8. */
export function timeZonesOf(country: Country): readonly string[] {
  let zones = cache.get(country)
  if (!zones) {
    const listed = (new Intl.Locale(`und-${country}`) as Intl.Locale & TimeZoned).getTimeZones() ?? []
    const all = listed.length > 0 ? listed : (UNLISTED[country] ?? [])
    zones = all.length < 2 ? all : [...new Map(all.map((zone) => [courseOf(zone), zone])).values()]
    cache.set(country, zones)
  }
  return zones
}

/** How the clock of a zone goes: its offset, and each change of it. */
function courseOf(zone: string): string {
  let at: Temporal.ZonedDateTime | null = Temporal.Instant.from(COMPARED_FROM).toZonedDateTimeISO(zone)
  const course = [at.offset]
  while (true) {
    at = at.getTimeZoneTransition('next')
    if (!at || at.epochMilliseconds >= COMPARED_UNTIL) return course.join()
    course.push(`${at.epochMilliseconds}${at.offset}`)
  }
}
