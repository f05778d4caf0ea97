import fc from 'fast-check'
import { getCountries, getCountryCallingCode, getExampleNumber } from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import { describe, expect, test } from 'vitest'
import { isTimeZone } from '../../platform/time-zone.ts'
import { isOpen, nextOpening } from '../calendars/index.ts'
import { countriesOf, countryOf } from '../contacts/index.ts'
import {
  contactCapUntil,
  contactHistoryMs,
  decentHours,
  type EffectivePolicy,
  isCountryAllowed,
  mergePolicy,
  NO_LIMITS,
  type OutreachPolicy,
} from './policy.ts'
import { timeZonesOf } from './time-zones.ts'

const at = (text: string) => new Date(text)
const NIGHT = { from: '21:00', to: '08:00' }
const quiet = (...quietHours: EffectivePolicy['quietHours']) => ({ quietHours })
const mayRing = (policy: Pick<EffectivePolicy, 'quietHours'>, number: string, when: Date) =>
  decentHours(policy, number).every((hours) => isOpen(hours, when))

const FINN = '+358401234567'
const NEW_YORKER = '+12125550100'
const SATELLITE = '+870773111632'
const TOLL_FREE = '+80012345678'
/** Of Réunion or Mayotte: the plan that both share does not have it. */
const REUNION_OR_MAYOTTE = '+262639123456'

describe('the country of a number', () => {
  test.each([
    [FINN, 'FI'],
    [NEW_YORKER, 'US'],
    ['+14165550123', 'CA'],
    ['+13407740123', 'VI'],
    ['+77012345678', 'KZ'],
    ['+79123456789', 'RU'],
    ['+447781123456', 'GG'],
    ['+38344123456', 'XK'],
    [SATELLITE, undefined],
    [TOLL_FREE, undefined],
    ['+881612345678', undefined],
    [REUNION_OR_MAYOTTE, undefined],
    ['nonsense', undefined],
  ])('%s: %s', (number, country) => {
    expect(countryOf(number)).toBe(country)
  })

  test('is every one that shares a calling code while it cannot be told which', () => {
    expect(countriesOf(REUNION_OR_MAYOTTE)).toEqual(['RE', 'YT'])
    expect(countriesOf('+35800')).toEqual(['AX', 'FI'])
    expect(countriesOf(SATELLITE)).toEqual([])
  })

  test.each(getCountries())('%s has a time zone that clocks know', (country) => {
    const zones = timeZonesOf(country)
    expect(zones.length).toBeGreaterThan(0)
    for (const zone of zones) expect(isTimeZone(zone)).toBe(true)
    const number = getExampleNumber(country, examples)?.number
    // Some have the very numbers of a larger neighbour, which they then count as: Åland of Finland, Svalbard of Norway.
    const [counted, ...others] = number ? countriesOf(number) : [country]
    expect(others).toEqual([])
    if (counted !== country) expect(getCountryCallingCode(counted!)).toBe(getCountryCallingCode(country))
  })
})

test('of the zones of a country one is kept for each way its clocks go, and none is lost', () => {
  expect(timeZonesOf('US')).toHaveLength(8)
  expect(timeZonesOf('FI')).toEqual(['Europe/Helsinki'])
  const all = (new Intl.Locale('und-US') as Intl.Locale & { getTimeZones(): string[] }).getTimeZones()
  const shown = (when: Date, zones: readonly string[]) =>
    new Set(zones.map((timeZone) => when.toLocaleString('en', { timeZone, timeZoneName: undefined })))
  fc.assert(
    fc.property(fc.date({ min: at('2025-01-02'), max: at('2034-12-30'), noInvalidDate: true }), (when) => {
      expect(shown(when, timeZonesOf('US'))).toEqual(shown(when, all))
    }),
  )
})

describe('quiet hours', () => {
  test('are those where the person is', () => {
    expect(mayRing(quiet(NIGHT), FINN, at('2026-01-15T05:59:59Z'))).toBe(false)
    expect(mayRing(quiet(NIGHT), FINN, at('2026-01-15T06:00:00Z'))).toBe(true)
    expect(mayRing(quiet(NIGHT), FINN, at('2026-01-15T18:59:59.999Z'))).toBe(true)
    expect(mayRing(quiet(NIGHT), FINN, at('2026-01-15T19:00:00Z'))).toBe(false)
    // In summer the clock of Helsinki is an hour further.
    expect(mayRing(quiet(NIGHT), FINN, at('2026-07-15T05:00:00Z'))).toBe(true)
    expect(mayRing(quiet(NIGHT), FINN, at('2026-07-15T18:00:00Z'))).toBe(false)
  })

  test('are over only when they are over in every zone of the country', () => {
    // 08:00 in Honolulu is 13:00 in New York; 21:00 in New York is 16:00 in Honolulu.
    expect(mayRing(quiet(NIGHT), NEW_YORKER, at('2026-01-15T17:59:59Z'))).toBe(false)
    expect(mayRing(quiet(NIGHT), NEW_YORKER, at('2026-01-15T18:00:00Z'))).toBe(true)
    expect(mayRing(quiet(NIGHT), NEW_YORKER, at('2026-01-16T02:00:00Z'))).toBe(false)
  })

  test('hold in every country that the number may be of', () => {
    // Réunion is at +4, Mayotte at +3.
    expect(decentHours(quiet(NIGHT), REUNION_OR_MAYOTTE).map(({ timeZone }) => timeZone)).toEqual([
      'Indian/Reunion',
      'Indian/Mayotte',
    ])
    expect(mayRing(quiet(NIGHT), REUNION_OR_MAYOTTE, at('2026-01-15T04:59:59Z'))).toBe(false)
    expect(mayRing(quiet(NIGHT), REUNION_OR_MAYOTTE, at('2026-01-15T05:00:00Z'))).toBe(true)
    expect(mayRing(quiet(NIGHT), REUNION_OR_MAYOTTE, at('2026-01-15T17:00:00Z'))).toBe(false)
  })

  test('do not exist for a number of no country, or when nobody asked for them', () => {
    for (const number of [SATELLITE, TOLL_FREE]) expect(decentHours(quiet(NIGHT), number)).toEqual([])
    expect(decentHours(quiet(), FINN)).toEqual([])
  })

  test('may lie within a day, and several hold together', () => {
    const both = quiet({ from: '12:00', to: '13:00' }, NIGHT)
    const ringing = (utc: string) => mayRing(both, FINN, at(`2026-01-15T${utc}:00Z`))
    expect([ringing('09:59'), ringing('10:00'), ringing('10:59'), ringing('11:00'), ringing('22:00')]).toEqual([
      ...[true, false, false, true, false],
    ])
    const [lunch] = decentHours(both, FINN)
    expect(nextOpening(lunch!, at('2026-01-15T10:30:00Z'))).toEqual(at('2026-01-15T11:00:00Z'))
  })
})

test('a list of countries lets through what is surely on it', () => {
  const allows = (countries: string[] | null, number: string) => isCountryAllowed({ countries }, number)
  expect(allows(null, SATELLITE)).toBe(true)
  expect(allows(['FI'], FINN)).toBe(true)
  expect(allows(['FI'], NEW_YORKER)).toBe(false)
  expect(allows(['CA'], NEW_YORKER)).toBe(false)
  expect(allows(['RE'], REUNION_OR_MAYOTTE)).toBe(false)
  expect(allows(['RE', 'YT'], REUNION_OR_MAYOTTE)).toBe(true)
  expect(allows(['FI', 'US'], SATELLITE)).toBe(false)
  expect(allows([], FINN)).toBe(false)
})

describe('the caps on contacts', () => {
  const now = at('2026-03-10T12:00:00Z')
  const capped = (...contactCaps: EffectivePolicy['contactCaps']) => ({ contactCaps })
  const days = (...ago: number[]) => ago.map((each) => new Date(now.getTime() - each * 86_400_000))

  test('hold until the contact that is one too many leaves the stretch', () => {
    const policy = capped({ contacts: 3, days: 7 })
    expect(contactCapUntil(policy, days(1, 2), now)).toBeNull()
    expect(contactCapUntil(policy, days(2, 6, 1), now)).toEqual(at('2026-03-11T12:00:00Z'))
    expect(contactCapUntil(policy, days(1, 2, 5, 6), now)).toEqual(at('2026-03-12T12:00:00Z'))
    expect(contactCapUntil(policy, days(1, 2, 7), now)).toBeNull()
    expect(contactCapUntil(policy, days(1, 2, 6.999), now)).not.toBeNull()
  })

  test('all hold', () => {
    const policy = capped({ contacts: 1, days: 2 }, { contacts: 2, days: 30 })
    expect(contactCapUntil(policy, days(1), now)).toEqual(at('2026-03-11T12:00:00Z'))
    expect(contactCapUntil(policy, days(1, 10), now)).toEqual(at('2026-03-30T12:00:00Z'))
    expect(contactHistoryMs(policy)).toBe(30 * 86_400_000)
  })

  test('do not hold when there are none', () => {
    expect(contactCapUntil(capped(), days(0, 0, 0), now)).toBeNull()
    expect(contactHistoryMs(capped())).toBe(0)
  })

  test('are never exceeded by whoever waits for them', () => {
    const cap = { contacts: 3, days: 7 }
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 * 86_400_000 }), { maxLength: 30 }), (gaps) => {
        const made: Date[] = []
        let when = now.getTime()
        for (const gap of gaps) {
          when += gap
          when = contactCapUntil(capped(cap), made, new Date(when))?.getTime() ?? when
          made.push(new Date(when))
          const recent = made.filter((each) => each.getTime() > when - cap.days * 86_400_000)
          expect(recent.length).toBeLessThanOrEqual(cap.contacts)
        }
      }),
    )
  })
})

describe('a workspace', () => {
  const SERVER: OutreachPolicy = {
    quietHours: NIGHT,
    countries: ['FI', 'SE', 'EE'],
    contactCap: { contacts: 3, days: 7 },
    monthlySpendCapCents: 10_000,
    lines: 20,
  }

  test('has what the server has while it says nothing', () => {
    const { contactCap, quietHours, ...others } = SERVER
    const same = { ...others, quietHours: [quietHours], contactCaps: [contactCap] }
    expect(mergePolicy(SERVER, NO_LIMITS)).toEqual(same)
    expect(mergePolicy(NO_LIMITS, SERVER)).toEqual(same)
    expect(mergePolicy(SERVER, SERVER)).toEqual(same)
    expect(mergePolicy(NO_LIMITS, NO_LIMITS)).toEqual({
      quietHours: [],
      countries: null,
      contactCaps: [],
      monthlySpendCapCents: null,
      lines: null,
    })
  })

  test('can be stricter, and never less strict', () => {
    const lax = {
      quietHours: { from: '23:00', to: '06:00' },
      countries: ['FI', 'SE', 'EE', 'US'],
      contactCap: { contacts: 5, days: 7 },
      monthlySpendCapCents: 20_000,
      lines: 30,
    }
    const strict = {
      quietHours: { from: '18:00', to: '10:00' },
      countries: ['FI', 'US'],
      contactCap: { contacts: 2, days: 14 },
      monthlySpendCapCents: 0,
      lines: 1,
    }
    expect(mergePolicy(SERVER, lax)).toEqual({
      quietHours: [NIGHT, lax.quietHours],
      countries: ['FI', 'SE', 'EE'],
      contactCaps: [SERVER.contactCap],
      monthlySpendCapCents: 10_000,
      lines: 20,
    })
    expect(mergePolicy(SERVER, strict)).toEqual({
      quietHours: [NIGHT, strict.quietHours],
      countries: ['FI'],
      contactCaps: [strict.contactCap],
      monthlySpendCapCents: 0,
      lines: 1,
    })
    expect(mergePolicy(SERVER, { ...NO_LIMITS, countries: ['US'] }).countries).toEqual([])
  })

  test('keeps two caps of which neither follows from the other', () => {
    const contactCap = { contacts: 5, days: 30 }
    expect(mergePolicy(SERVER, { ...NO_LIMITS, contactCap }).contactCaps).toEqual([SERVER.contactCap, contactCap])
  })

  test('never rings where the server would not', () => {
    const clock = fc.integer({ min: 0, max: 95 }).map((n) => {
      const minutes = n * 15
      return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
    })
    const hours = fc.option(
      fc.record({ from: clock, to: clock }).filter(({ from, to }) => from !== to),
      { nil: null },
    )
    const instant = fc.date({ min: at('2026-01-01'), max: at('2027-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(hours, hours, instant, (server, workspace, when) => {
        const alone = (quietHours: OutreachPolicy['quietHours']) =>
          mayRing(mergePolicy({ ...NO_LIMITS, quietHours }, NO_LIMITS), FINN, when)
        const merged = mergePolicy({ ...NO_LIMITS, quietHours: server }, { ...NO_LIMITS, quietHours: workspace })
        expect(mayRing(merged, FINN, when)).toBe(alone(server) && alone(workspace))
      }),
    )
  })
})
