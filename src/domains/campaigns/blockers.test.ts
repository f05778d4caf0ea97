import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CalendarRules, isOpen, WEEKDAYS } from '../calendars/index.ts'
import { type BlockingRule, blockersOf, type DialQuestion, nextAttemptAt } from './blockers.ts'

const daily = (timeZone: string, from: string, to: string, days: readonly string[] = WEEKDAYS): CalendarRules => ({
  timeZone,
  weekly: Object.fromEntries(days.map((day) => [day, [{ from, to }]])),
})
const ALWAYS = daily('UTC', '00:00', '00:00')
/** A Monday, noon. */
const NOW = new Date('2026-11-23T12:00:00Z')
const MINUTE = 60_000
const at = (minutes: number) => new Date(NOW.getTime() + minutes * MINUTE)

type Change = {
  [Part in keyof DialQuestion]?: DialQuestion[Part] extends Date ? Date : Partial<DialQuestion[Part]>
}

/** A receiver that may be called at this moment, but for what is changed. */
function question({ now = NOW, campaign, receiver, costs }: Change = {}): DialQuestion {
  const free = { used: 0, limit: null }
  return {
    now,
    campaign: {
      ...{ state: 'active' as const, startsAt: null, endsAt: null, calendar: ALWAYS, maxAttempts: 4 },
      ...{ acceptsWanted: 2, accepts: 0, inFlight: 0 },
      ...campaign,
    },
    receiver: {
      ...{ state: 'waiting' as const, attempts: 0, retryAt: null, isNext: true, hasNumber: true, optedOut: false },
      ...{ countryAllowed: true, decentHours: [], contactCapUntil: null },
      ...receiver,
    },
    costs: {
      ...{ leftCents: null, callCents: 10, campaignLines: free, workspaceLines: free, providerLines: free },
      ...{ providerPausedUntil: null },
      ...costs,
    },
  }
}

const told = (change: Change) =>
  blockersOf(question(change)).map(({ rule, until }) => (until ? `${rule} ${until.toISOString().slice(0, 16)}` : rule))

test('nothing holds back who may be called', () => {
  expect(told({})).toEqual([])
})

describe('each rule, just before and just after it holds', () => {
  test.each<[Change, string[]]>([
    [{ campaign: { state: 'halted' } }, ['CAMPAIGN_HALTED']],
    [{ campaign: { state: 'completed' } }, ['CAMPAIGN_COMPLETED']],
    [{ campaign: { state: 'scheduled', startsAt: at(1) } }, ['CAMPAIGN_NOT_STARTED 2026-11-23T12:01']],
    [{ campaign: { startsAt: at(0) } }, []],
    [{ campaign: { endsAt: at(0) } }, []],
    [{ campaign: { endsAt: at(-1) } }, ['CAMPAIGN_ENDED']],
    [{ campaign: { calendar: daily('UTC', '12:00', '13:00') } }, []],
    [{ campaign: { calendar: daily('UTC', '11:00', '12:00') } }, ['WINDOW_CLOSED 2026-11-24T11:00']],
    [{ campaign: { calendar: daily('UTC', '09:00', '17:00', ['tuesday']) } }, ['WINDOW_CLOSED 2026-11-24T09:00']],
    [{ campaign: { calendar: { timeZone: 'UTC', weekly: {} } } }, ['WINDOW_CLOSED']],
    [{ campaign: { accepts: 2 } }, ['ENOUGH_ACCEPTS']],
    [{ campaign: { accepts: 3, inFlight: 1 } }, ['ENOUGH_ACCEPTS']],
    [{ campaign: { accepts: 1, inFlight: 1 } }, ['ACCEPTS_RESERVED']],
    [{ campaign: { accepts: 0, inFlight: 1 } }, []],
    [{ campaign: { acceptsWanted: null, inFlight: 500 } }, []],
    [{ receiver: { state: 'settled' } }, ['SETTLED']],
    [{ receiver: { state: 'in_progress' } }, ['IN_PROGRESS']],
    [{ receiver: { attempts: 3 } }, []],
    [{ receiver: { attempts: 4 } }, ['NO_ATTEMPTS_LEFT']],
    [{ campaign: { maxAttempts: 1 }, receiver: { attempts: 1 } }, ['NO_ATTEMPTS_LEFT']],
    [{ receiver: { retryAt: at(0) } }, []],
    [{ receiver: { retryAt: at(15) } }, ['REDIAL_WAIT 2026-11-23T12:15']],
    [{ receiver: { isNext: false } }, ['NOT_ITS_TURN']],
    [{ receiver: { hasNumber: false } }, ['NO_NUMBER']],
    [{ receiver: { optedOut: true } }, ['OPTED_OUT']],
    [{ receiver: { countryAllowed: false } }, ['COUNTRY_NOT_ALLOWED']],
    [{ receiver: { hasRoute: true } }, []],
    [{ receiver: { hasRoute: false } }, ['NO_ROUTE']],
    [{ receiver: { decentHours: [daily('Europe/Helsinki', '08:00', '14:00')] } }, ['QUIET_HOURS 2026-11-24T06:00']],
    [
      {
        receiver: {
          decentHours: [daily('America/New_York', '09:00', '21:00'), daily('America/Los_Angeles', '09:00', '21:00')],
        },
      },
      ['QUIET_HOURS 2026-11-23T17:00'],
    ],
    [{ receiver: { contactCapUntil: at(60) } }, ['CONTACT_CAP 2026-11-23T13:00']],
    [{ costs: { leftCents: 10 } }, []],
    [{ costs: { leftCents: 9 } }, ['SPEND_CAP']],
    [{ costs: { leftCents: 1 - 0.9, callCents: 0.1 } }, []],
    [{ costs: { leftCents: 0.0999, callCents: 0.1 } }, ['SPEND_CAP']],
    [{ costs: { campaignLines: { used: 3, limit: 3 } } }, ['CAMPAIGN_LINES']],
    [{ costs: { workspaceLines: { used: 4, limit: 3 } } }, ['WORKSPACE_LINES']],
    [{ costs: { providerLines: { used: 0, limit: 0 } } }, ['PROVIDER_LINES']],
    [{ costs: { providerLines: { used: 2, limit: 3 } } }, []],
    [{ costs: { providerPausedUntil: at(2) } }, ['PROVIDER_PAUSED 2026-11-23T12:02']],
  ])('%j', (change, expected) => {
    expect(told(change)).toEqual(expected)
  })

  test('all that hold are named, in one order', () => {
    const change: Change = {
      campaign: { state: 'halted', accepts: 2 },
      receiver: { retryAt: at(5), optedOut: true, isNext: false },
      costs: { providerPausedUntil: at(1) },
    }
    const expected = [
      'CAMPAIGN_HALTED',
      'ENOUGH_ACCEPTS',
      'REDIAL_WAIT',
      'NOT_ITS_TURN',
      'OPTED_OUT',
      'PROVIDER_PAUSED',
    ]
    expect(blockersOf(question(change)).map(({ rule }) => rule)).toEqual(expected)
  })
})

describe('the next attempt', () => {
  test.each<[string, Change, string | undefined]>([
    ['now', {}, '2026-11-23T12:00'],
    ['at the start', { campaign: { state: 'scheduled', startsAt: at(90) } }, '2026-11-23T13:30'],
    [
      'when the wait is over, in the next window',
      { campaign: { calendar: daily('UTC', '09:00', '12:10') }, receiver: { retryAt: at(15) } },
      '2026-11-24T09:00',
    ],
    [
      'when both the campaign and decency allow it',
      {
        campaign: { calendar: daily('UTC', '06:00', '09:00') },
        receiver: { decentHours: [daily('America/New_York', '03:30', '21:00')] },
      },
      '2026-11-24T08:30',
    ],
    [
      'never, since the two never meet',
      {
        campaign: { calendar: daily('UTC', '06:00', '07:00') },
        receiver: { decentHours: [daily('UTC', '09:00', '21:00')] },
      },
      undefined,
    ],
    [
      'never, since the campaign ends before',
      { campaign: { endsAt: at(10) }, receiver: { retryAt: at(15) } },
      undefined,
    ],
    ['at the end itself', { campaign: { endsAt: at(15) }, receiver: { retryAt: at(15) } }, '2026-11-23T12:15'],
    ['never again', { receiver: { state: 'settled' } }, undefined],
    ['never, for who opted out', { receiver: { optedOut: true } }, undefined],
    ['now, once a line is free', { costs: { campaignLines: { used: 1, limit: 1 } } }, '2026-11-23T12:00'],
  ])('%s', (_, change, expected) => {
    expect(nextAttemptAt(question(change))?.toISOString().slice(0, 16)).toBe(expected)
  })
})

describe('whatever the circumstances', () => {
  const minutes = fc.integer({ min: -3_000, max: 3_000 }).map(at)
  const maybe = fc.option(minutes, { nil: null })
  const time = fc.tuple(fc.nat(23), fc.constantFrom('00', '30')).map(([h, m]) => `${String(h).padStart(2, '0')}:${m}`)
  const hours = fc
    .tuple(
      fc.constantFrom('UTC', 'Europe/Helsinki', 'Asia/Kolkata'),
      time,
      time,
      fc.subarray([...WEEKDAYS], { minLength: 1 }),
    )
    .map(([zone, from, to, days]) => daily(zone, from, to, days))
  const lines = fc.record({ used: fc.nat(3), limit: fc.option(fc.nat(3), { nil: null }) })
  const questions: fc.Arbitrary<DialQuestion> = fc.record({
    now: minutes,
    campaign: fc.record({
      state: fc.constantFrom('scheduled', 'active', 'active', 'active', 'halted', 'completed'),
      startsAt: maybe,
      endsAt: maybe,
      calendar: fc.oneof(fc.constant(ALWAYS), hours),
      maxAttempts: fc.integer({ min: 1, max: 4 }),
      acceptsWanted: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
      accepts: fc.nat(3),
      inFlight: fc.nat(3),
    }),
    receiver: fc.record({
      state: fc.constantFrom('waiting', 'waiting', 'waiting', 'in_progress', 'settled'),
      attempts: fc.nat(3),
      retryAt: maybe,
      isNext: fc.boolean(),
      hasNumber: fc.boolean(),
      optedOut: fc.boolean(),
      countryAllowed: fc.boolean(),
      hasRoute: fc.boolean(),
      decentHours: fc.array(hours, { maxLength: 2 }),
      contactCapUntil: maybe,
    }),
    costs: fc.record({
      leftCents: fc.option(fc.nat(20), { nil: null }),
      callCents: fc.nat(20),
      campaignLines: lines,
      workspaceLines: lines,
      providerLines: lines,
      providerPausedUntil: maybe,
    }),
  })

  /** The contract's own words (contract/multisender.md 7.3, DESIGN 4), said once more and in another way. */
  function mayDial({ now, campaign: c, receiver: r, costs }: DialQuestion): boolean {
    const passed = (wait: Date | null) => wait === null || now.getTime() >= wait.getTime()
    const hasRoom = (line: { used: number; limit: number | null }) => line.limit === null || line.limit - line.used > 0
    return (
      c.state === 'active' &&
      passed(c.startsAt) &&
      (c.endsAt === null || now.getTime() <= c.endsAt.getTime()) &&
      isOpen(c.calendar, now) &&
      (c.acceptsWanted === null || c.accepts + c.inFlight < c.acceptsWanted) &&
      r.state === 'waiting' &&
      r.attempts < c.maxAttempts &&
      passed(r.retryAt) &&
      r.isNext &&
      r.hasNumber &&
      !r.optedOut &&
      r.countryAllowed &&
      r.hasRoute !== false &&
      r.decentHours.every((each) => isOpen(each, now)) &&
      passed(r.contactCapUntil) &&
      (costs.leftCents === null || costs.leftCents >= costs.callCents) &&
      [costs.campaignLines, costs.workspaceLines, costs.providerLines].every(hasRoom) &&
      passed(costs.providerPausedUntil)
    )
  }

  test('there is no blocker if and only if the rules allow the dial', () => {
    fc.assert(
      fc.property(questions, (asked) => {
        expect(blockersOf(asked).length === 0).toBe(mayDial(asked))
      }),
      { numRuns: 200 },
    )
  })

  test('a blocker that names a time holds until then and no longer', () => {
    fc.assert(
      fc.property(questions, (asked) => {
        for (const { rule, until } of blockersOf(asked)) {
          if (!until) continue
          expect(until.getTime()).toBeGreaterThan(asked.now.getTime())
          const rulesAt = (now: Date) => blockersOf({ ...asked, now }).map((each) => each.rule)
          // A campaign that is scheduled is begun by the clock, not by this rule.
          if (!(rule === 'CAMPAIGN_NOT_STARTED' && asked.campaign.state === 'scheduled')) {
            expect(rulesAt(until)).not.toContain(rule)
          }
          expect(rulesAt(new Date(until.getTime() - 1))).toContain(rule)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('nothing that is a matter of time holds at the next attempt, and something does before', () => {
    const TIMED: ReadonlySet<BlockingRule> = new Set([
      'WINDOW_CLOSED',
      'REDIAL_WAIT',
      'QUIET_HOURS',
      'CONTACT_CAP',
      'PROVIDER_PAUSED',
    ])
    const timed = (asked: DialQuestion) =>
      blockersOf(asked).some(
        ({ rule, until }) => TIMED.has(rule) || (rule === 'CAMPAIGN_NOT_STARTED' && until !== null),
      )
    fc.assert(
      fc.property(questions, (asked) => {
        const next = nextAttemptAt(asked)
        if (!next) return
        expect(timed({ ...asked, now: next })).toBe(false)
        for (
          let ms = asked.now.getTime();
          ms < Math.min(next.getTime(), asked.now.getTime() + 2_000 * MINUTE);
          ms += 30 * MINUTE
        ) {
          expect(timed({ ...asked, now: new Date(ms) })).toBe(true)
        }
      }),
      { numRuns: 100 },
    )
  })
})
