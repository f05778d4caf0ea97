import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { population } from '../../providers/telephony/index.ts'
import { type CalendarRules, isOpen, WEEKDAYS } from '../calendars/index.ts'
import { OPENING_HOURS } from './blockers.ts'
import { operationsSchema } from './operations.ts'
import { clickToCallScript, operationsScript } from './script.ts'
import { type Simulation, type SimulationInput, simulateCampaign, type WaitingReceiver } from './simulation.ts'
import { RememberedHours } from './simulation-hours.ts'
import { WaitingQueue } from './simulation-queue.ts'

const daily = (timeZone: string, from: string, to: string, days: readonly string[] = WEEKDAYS): CalendarRules => ({
  timeZone,
  weekly: Object.fromEntries(days.map((day) => [day, [{ from, to }]])),
})
const ALWAYS = daily('UTC', '00:00', '00:00')
const NEVER: CalendarRules = { timeZone: 'UTC', weekly: {} }
/** A Monday, noon. */
const NOW = new Date('2026-11-23T12:00:00Z')
const MINUTE = 60_000
const at = (minutes: number) => new Date(NOW.getTime() + minutes * MINUTE)
const SCRIPT = clickToCallScript({
  voiceFileId: 'file',
  actionButtons: [
    { button: '1', action: 'accept' },
    { button: '2', action: 'decline' },
    { button: '9', action: 'opt_out' },
  ],
})

type Change = Partial<Omit<SimulationInput, 'campaign' | 'receivers' | 'lines' | 'rehearsal'>> & {
  campaign?: Partial<SimulationInput['campaign']>
  lines?: Partial<SimulationInput['lines']>
  rehearsal?: Partial<SimulationInput['rehearsal']>
}

/** The last digits of numbers say what their people do: see NUMBER_SCRIPTS of the simulated carrier. */
const DOES = {
  ...{ accepts: '0201', declines: '0202', optsOut: '0209', says_nothing: '0200', busy: '0486', rings: '0480' },
  ...{ no_number: '0404', refuses: '0603', away: '0503', fault: '0500', busyThenAccepts: '0212', drops: '0211' },
} as const
type Person = keyof typeof DOES

const who = (person: Person, index: number, change: Partial<WaitingReceiver> = {}): WaitingReceiver => ({
  ...{ key: `${index} ${person}`, number: `+35840${100 + index}${DOES[person]}` },
  ...{ optedOut: false, countryAllowed: true, decentHours: [] },
  ...change,
})
const people = (...persons: Person[]) => persons.map((person, index) => who(person, index))

const input = (receivers: readonly WaitingReceiver[], change: Change = {}): SimulationInput => ({
  now: NOW,
  leftCents: null,
  centsOf: () => 0,
  ...change,
  receivers,
  campaign: {
    ...{ startsAt: null, endsAt: null, calendar: ALWAYS, maxAttempts: 2, redialAfterMs: 15 * MINUTE },
    ...{ acceptsWanted: null, order: 'parallel', script: SCRIPT, durations: new Map([['file', 5_000]]) },
    ...{ ringTimeoutMs: 30_000, maxDurationMs: 60_000 },
    ...change.campaign,
  },
  lines: { campaign: null, workspace: null, provider: null, ...change.lines },
  rehearsal: { people: population({ seed: '7' }), lines: 100, calledBefore: () => 0, ...change.rehearsal },
})
const simulate = (receivers: readonly WaitingReceiver[], change?: Change) => simulateCampaign(input(receivers, change))
const outcomes = ({ receivers }: Simulation) => receivers.map(({ outcome, attempts }) => `${outcome} ${attempts}`)
const minutesOf = (date: Date) => Math.round((date.getTime() - NOW.getTime()) / MINUTE)
const dials = ({ calls }: Simulation) =>
  calls.map(({ key, dialledAt }) => `${key.split(' ')[0]} at ${minutesOf(dialledAt)}`)
const states = (simulation: Simulation) =>
  simulation.states.map(({ at: when, state }) => `${state} at ${minutesOf(when)}`)

test('everybody is called until the outcome stands', async () => {
  const all: Person[] = ['accepts', 'declines', 'optsOut', 'says_nothing', 'busy', 'rings', 'no_number', 'refuses']
  const simulation = await simulate(people(...all, 'away', 'fault', 'busyThenAccepts', 'drops'))
  expect(outcomes(simulation)).toEqual([
    ...['accepted 1', 'declined 1', 'opted_out 1', 'no_reply 1', 'no_answer 2', 'no_answer 2', 'invalid_number 1'],
    ...['no_answer 2', 'no_answer 2', 'no_answer 2', 'accepted 2', 'no_reply 1'],
  ])
  expect(simulation.totals).toMatchObject({ calls: 18, answered: 6, accepts: 2, declines: 1, optOuts: 1 })
  expect(simulation.totals.outcomes).toEqual({
    ...{ accepted: 2, declined: 1, opted_out: 1, no_reply: 2, no_answer: 5, invalid_number: 1 },
  })
  expect(simulation.hours).toEqual([{ hour: NOW, calls: 18, accepts: 2 }])
  expect(states(simulation)).toEqual(['active at 0', 'completed at 16'])
  expect(simulation.end).toEqual({ state: 'completed', at: simulation.states[1]!.at })
  const [accepted, , , , busy] = simulation.calls
  expect(accepted).toMatchObject({ key: '0 accepts', attempt: 1, dialledAt: NOW, cause: 'answered', reply: 'accept' })
  expect(busy).toMatchObject({ cause: 'busy', reply: null, answeredAt: null })
  const talk = simulation.calls.reduce((sum, one) => sum + (one.answeredAt ? +one.endedAt! - +one.answeredAt : 0), 0)
  expect(simulation.totals.talkMs).toBe(talk)
})

describe('in strict order', () => {
  test('one at a time until one accepts; the rest is not called', async () => {
    const simulation = await simulate(people('busy', 'declines', 'accepts', 'accepts'), {
      campaign: { order: 'strict', acceptsWanted: 1 },
    })
    expect(outcomes(simulation)).toEqual(['no_answer 1', 'declined 1', 'accepted 1', 'not_called 0'])
    for (const [index, call] of simulation.calls.entries()) {
      if (index > 0) expect(+call.dialledAt).toBeGreaterThanOrEqual(+simulation.calls[index - 1]!.endedAt!)
    }
    const [, completed] = simulation.states
    expect(completed!.state).toBe('completed')
  })

  test('redials come in later passes, and whoever is first blocks the others', async () => {
    const simulation = await simulate(people('busyThenAccepts', 'busy', 'busyThenAccepts'), {
      campaign: { order: 'strict', acceptsWanted: 2 },
    })
    expect(dials(simulation)).toEqual(['0 at 0', '1 at 0', '2 at 0', '0 at 15', '1 at 15', '2 at 15'])
    const blocked = await simulate(
      [who('busy', 0, { decentHours: [daily('UTC', '14:00', '20:00')] }), who('accepts', 1)],
      { campaign: { order: 'strict', maxAttempts: 1 } },
    )
    expect(dials(blocked)).toEqual(['0 at 120', '1 at 120'])
  })

  test('but not those who can never be called', async () => {
    const simulation = await simulate(
      [who('accepts', 0, { optedOut: true }), who('accepts', 1, { number: null }), who('accepts', 2)],
      { campaign: { order: 'strict', acceptsWanted: 1 } },
    )
    expect(outcomes(simulation)).toEqual(['not_called 0', 'not_called 0', 'accepted 1'])
  })
})

describe('in parallel', () => {
  test('who waits for a redial or for decent hours holds nobody back', async () => {
    const simulation = await simulate(
      [
        who('accepts', 0, { decentHours: [daily('UTC', '14:00', '20:00')] }),
        who('busyThenAccepts', 1),
        who('accepts', 2, { countryAllowed: false }),
        who('accepts', 3),
        who('accepts', 4, { decentHours: [NEVER] }),
      ],
      { campaign: { endsAt: at(200) } },
    )
    expect(dials(simulation)).toEqual(['1 at 0', '3 at 0', '1 at 15', '0 at 120'])
    expect(outcomes(simulation)).toEqual(['accepted 1', 'accepted 2', 'not_called 0', 'accepted 1', 'not_called 0'])
    expect(states(simulation)).toEqual(['active at 0', 'completed at 200'])
  })

  test('lines are shared in order', async () => {
    for (const lines of [{ campaign: 2 }, { workspace: 2 }, { provider: 2 }]) {
      const simulation = await simulate(people('busy', 'accepts', 'accepts', 'accepts'), { lines })
      expect(Math.max(...atOnce(simulation))).toBe(2)
      expect(simulation.calls.slice(0, 4).map(({ key }) => key[0])).toEqual(['0', '1', '2', '3'])
    }
  })

  test('a carrier without a free line is asked again', async () => {
    const simulation = await simulate(people('accepts', 'accepts', 'accepts'), { rehearsal: { lines: 1 } })
    expect(Math.max(...atOnce(simulation))).toBe(1)
    expect(outcomes(simulation)).toEqual(['accepted 1', 'accepted 1', 'accepted 1'])
  })

  test('calls under way reserve the accepts that are still wanted', async () => {
    const persons = Array<Person>(5).fill('declines')
    const simulation = await simulate(people(...persons, 'accepts', 'accepts', 'accepts', 'accepts'), {
      campaign: { acceptsWanted: 3 },
    })
    expect(Math.max(...atOnce(simulation))).toBe(3)
    expect(simulation.totals.accepts).toBe(3)
    expect(simulation.totals.outcomes).toEqual({ declined: 5, accepted: 3, not_called: 1 })
  })
})

/** How many calls there were at each dial. */
function atOnce({ calls }: Simulation): number[] {
  return calls.map(
    (call) =>
      calls.filter((other) => other.dialledAt <= call.dialledAt && (!other.endedAt || other.endedAt > call.dialledAt))
        .length,
  )
}

describe('time', () => {
  test('it begins, pauses with its window, and ends', async () => {
    const simulation = await simulate(people('busy', 'busy'), {
      campaign: {
        ...{ startsAt: at(60), endsAt: at(1_500), maxAttempts: 9, redialAfterMs: 40 * MINUTE },
        calendar: daily('UTC', '13:30', '14:15'),
      },
    })
    expect(states(simulation)).toEqual(['scheduled at 0', 'active at 60', 'completed at 1500'])
    expect(dials(simulation)).toEqual(['0 at 90', '1 at 90', '0 at 130', '1 at 130'])
    expect(outcomes(simulation)).toEqual(['no_answer 2', 'no_answer 2'])
    const days = await simulate(people('busy'), { campaign: { calendar: daily('UTC', '13:30', '13:40') } })
    expect(dials(days)).toEqual(['0 at 90', `0 at ${90 + 1_440}`])
  })

  test('what is under way at the end finishes and counts, and is not redialled', async () => {
    const simulation = await simulate(people('accepts', 'busy', 'rings'), {
      campaign: { startsAt: at(0), endsAt: new Date(+NOW + 1_000), maxAttempts: 4 },
      rehearsal: { people: population({ setUp: { minMs: 5_000, maxMs: 6_000 } }) },
    })
    expect(outcomes(simulation)).toEqual(['accepted 1', 'no_answer 1', 'no_answer 1'])
    expect(+simulation.end.at!).toBe(+NOW + 1_001)
  })

  test('nobody is called where no window ever opens', async () => {
    const { calls, end, truncated, receivers } = await simulate(people('accepts'), { campaign: { calendar: NEVER } })
    expect({ calls, end, truncated }).toEqual({ calls: [], end: { state: 'active', at: null }, truncated: null })
    expect(receivers[0]!.outcome).toBeNull()
  })

  test('and nothing is done where there is nobody', async () => {
    expect(states(await simulate([]))).toEqual(['active at 0', 'completed at 0'])
  })

  test('a campaign that is under way goes on where it stands', async () => {
    const simulation = await simulate(
      [who('busy', 0, { attempts: 1, retryAt: at(10) }), who('busy', 1, { attempts: 2 }), who('accepts', 2)],
      { campaign: { acceptsWanted: 5, accepts: 4 } },
    )
    expect(outcomes(simulation)).toEqual(['no_answer 1', 'no_answer 2', 'accepted 1'])
    const again = await simulate([who('busy', 0, { attempts: 1, retryAt: at(10) })])
    expect(dials(again)).toEqual(['0 at 10'])
    expect(again.calls[0]!.attempt).toBe(2)
  })

  test('people who were called before do what they do the next time', async () => {
    const receivers = people('busyThenAccepts')
    const simulation = await simulate(receivers, { rehearsal: { calledBefore: () => 1 } })
    expect(outcomes(simulation)).toEqual(['accepted 1'])
  })

  test('caps on contacts are asked with what the simulation did', async () => {
    const simulation = await simulate(people('busy'), {
      contactCapUntil: (_key, dialledAt, now) => (dialledAt.length > 0 && now < at(60) ? at(60) : null),
    })
    expect(dials(simulation)).toEqual(['0 at 0', '0 at 60'])
  })

  test('it is broken off', async () => {
    const calls = await simulate(people('busy', 'busy', 'busy'), { limits: { calls: 2 } })
    expect([calls.truncated, calls.totals.calls, outcomes(calls)]).toEqual(['calls', 2, ['null 1', 'null 1', 'null 0']])
    const time = await simulate(people('busy'), { campaign: { startsAt: at(2_000) }, limits: { days: 1 } })
    expect([time.truncated, time.end.state]).toEqual(['time', 'scheduled'])
  })
})

describe('money', () => {
  const byCountry = (number: string, talkMs: number) => (number.startsWith('+46') ? 10 : 1) * Math.ceil(talkMs / MINUTE)

  test('what is charged is added up, and never exceeds what is left', async () => {
    const receivers = people(...Array<Person>(8).fill('accepts'))
    const simulation = await simulate(receivers, { centsOf: byCountry, leftCents: 5 })
    expect(simulation.totals).toMatchObject({ calls: 5, cents: 5, accepts: 5 })
    expect(simulation.end.state).toBe('active')
    const free = await simulate(people('busy'), { centsOf: byCountry })
    expect(free.totals.cents).toBe(0)
  })

  test('who is too dear does not keep the others waiting, and is called when calls cost less than they could have', async () => {
    const dear = { ...who('accepts', 0), number: '+4670000000201' }
    const simulation = await simulate([dear, who('accepts', 1), who('busy', 2)], {
      centsOf: byCountry,
      leftCents: 12,
      campaign: { maxDurationMs: 2 * MINUTE, maxAttempts: 1 },
    })
    // 20 for the dear one is beyond reach; of the others each could cost 2.
    expect(outcomes(simulation)).toEqual(['null 0', 'accepted 1', 'no_answer 1'])
    const later = await simulate([who('accepts', 0), who('accepts', 1)], {
      centsOf: byCountry,
      leftCents: 3,
      campaign: { maxDurationMs: 2 * MINUTE },
    })
    expect(later.totals).toMatchObject({ calls: 2, cents: 2 })
    expect(+later.calls[1]!.dialledAt).toBe(+later.calls[0]!.endedAt!)
  })
})

test('a broadcast: prompts, silence and recordings', async () => {
  const operations = operationsSchema.parse([
    { do: 'play', voiceFileId: 'file' },
    { do: 'pause', seconds: 2 },
    { do: 'record', maxSeconds: 30, silenceSeconds: 2 },
  ])
  const simulation = await simulate(people('accepts', 'drops'), {
    campaign: { script: operationsScript(operations, new Map()) },
  })
  expect(outcomes(simulation)).toEqual(['heard 1', 'heard 1'])
  const [whole, dropped] = simulation.calls
  expect(+whole!.endedAt! - +whole!.answeredAt!).toBeGreaterThan(7_000)
  expect(+dropped!.endedAt! - +dropped!.answeredAt!).toBe(1_000)
})

test('a number that cannot be one', async () => {
  expect(outcomes(await simulate([who('accepts', 0, { number: '112' })]))).toEqual(['invalid_number 1'])
})

test('nobody is looked at again and again', async () => {
  let looks = 0
  const receivers = Array.from({ length: 3_000 }, (_, index) => ({
    ...who('accepts', 0),
    ...{ key: String(index), number: `+35840${1_000_000 + index}` },
    decentHours: [daily('Europe/Helsinki', '08:00', '21:00')],
  }))
  const simulation = await simulateCampaign(
    input(receivers, {
      centsOf: () => {
        looks++
        return 1
      },
      lines: { campaign: 5 },
      campaign: { acceptsWanted: 700, endsAt: at(7 * 1_440) },
    }),
  )
  expect(simulation.totals.accepts).toBe(700)
  expect(looks).toBeLessThan(8 * simulation.totals.calls)
})

const HOURS = [
  ALWAYS,
  daily('Europe/Helsinki', '09:00', '17:00'),
  daily('UTC', '22:00', '02:00', ['monday', 'wednesday', 'thursday']),
  daily('America/New_York', '12:00', '12:20'),
]

test('whatever the campaign, no rule is broken, and it would go the same way again', async () => {
  const inputs = fc.record({
    seed: fc.string({ minLength: 1, maxLength: 3 }),
    order: fc.constantFrom<('strict' | 'parallel')[]>('strict', 'parallel', 'parallel'),
    acceptsWanted: fc.constantFrom(null, 1, 2, 3, 6),
    maxAttempts: fc.integer({ min: 1, max: 4 }),
    calendar: fc.constantFrom(ALWAYS, ALWAYS, ...HOURS),
    decent: fc.constantFrom(...HOURS),
    redialMinutes: fc.integer({ min: 1, max: 200 }),
    lines: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
    leftCents: fc.constantFrom(null, null, 0, 9, 25, 60),
    startsAt: fc.option(fc.integer({ min: -60, max: 2_000 }).map(at), { nil: null }),
    endsAt: fc.integer({ min: 2_001, max: 6_000 }).map(at),
    receivers: fc.array(
      fc.record({
        known: fc.integer({ min: 1, max: 9_999 }),
        optedOut: fc.boolean(),
        quiet: fc.boolean(),
      }),
      { minLength: 1, maxLength: 25, size: 'max' },
    ),
  })
  await fc.assert(
    fc.asyncProperty(inputs, async (one) => {
      const redialAfterMs = one.redialMinutes * MINUTE
      const asked = input(
        one.receivers.map(({ known, optedOut, quiet }, index) => ({
          ...{ key: String(index), number: `+35840${10_000 + known}`, optedOut: optedOut && index % 3 === 0 },
          ...{ countryAllowed: true, decentHours: quiet ? [one.decent] : [] },
        })),
        {
          campaign: {
            ...{ order: one.order, acceptsWanted: one.acceptsWanted, maxAttempts: one.maxAttempts, redialAfterMs },
            ...{ calendar: one.calendar, startsAt: one.startsAt, endsAt: one.endsAt },
          },
          lines: { campaign: one.lines },
          centsOf: (_, talkMs) => Math.ceil(talkMs / 6_000),
          leftCents: one.leftCents,
          rehearsal: { people: population({ seed: one.seed }) },
        },
      )
      const simulation = await simulateCampaign(asked)
      const { calls, receivers, totals, end } = simulation

      expect(end.state).toBe('completed')
      expect(receivers.every(({ outcome }) => outcome !== null)).toBe(true)
      expect(totals.accepts).toBeLessThanOrEqual(one.acceptsWanted ?? Number.POSITIVE_INFINITY)
      expect(totals.cents).toBeLessThanOrEqual(one.leftCents ?? Number.POSITIVE_INFINITY)
      const together = atOnce(simulation)
      expect(Math.max(0, ...together)).toBeLessThanOrEqual(one.order === 'strict' ? 1 : (one.lines ?? 25))

      for (const call of calls) {
        expect(isOpen(one.calendar, call.dialledAt)).toBe(true)
        const receiver = asked.receivers[Number(call.key)]!
        expect(receiver.decentHours.every((hours) => isOpen(hours, call.dialledAt))).toBe(true)
        expect(receiver.optedOut).toBe(false)
        expect(call.dialledAt >= (one.startsAt ?? NOW) && call.dialledAt <= one.endsAt).toBe(true)
      }
      for (const { key, attempts, outcome } of receivers) {
        const own = calls.filter((call) => call.key === key)
        expect(own.map(({ attempt }) => attempt)).toEqual(Array.from({ length: attempts }, (_, n) => n + 1))
        expect(attempts).toBeLessThanOrEqual(one.maxAttempts)
        expect(outcome === 'not_called').toBe(attempts === 0)
        for (const [n, call] of own.entries()) {
          expect(call.endedAt! > call.dialledAt || call.cause === 'invalid_number').toBe(true)
          const next = own[n + 1]
          if (!next) continue
          expect(+next.dialledAt).toBeGreaterThanOrEqual(+call.endedAt! + redialAfterMs)
          expect([call.reply, call.answeredAt]).toEqual([null, null])
        }
        if (outcome === 'accepted') expect(own.at(-1)!.reply).toBe('accept')
      }
      expect(totals.accepts).toBe(receivers.filter(({ outcome }) => outcome === 'accepted').length)
      expect(await simulateCampaign(asked)).toEqual(simulation)
    }),
    { numRuns: 60 },
  )
})

test('remembered opening hours answer as calendars do', () => {
  const hours = [...HOURS, NEVER]
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.subarray(hours, { minLength: 1 }), fc.nat(900)), { maxLength: 30 }),
      (questions) => {
        const remembered = new RememberedHours()
        let now = +NOW
        for (const [all, minutes] of questions) {
          now += minutes * MINUTE
          const when = new Date(now)
          // The same rules in another object are the same rules.
          const copy = structuredClone(all)
          for (const [index, rules] of all.entries()) {
            expect(remembered.isOpen(copy[index]!, when)).toBe(isOpen(rules, when))
          }
          expect(remembered.firstOpening(copy, when)).toEqual(OPENING_HOURS.firstOpening(all, when))
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('a queue gives the first of those who wait, whatever came and went', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(50), { nil: undefined })), (steps) => {
      const queue = new WaitingQueue<number>((a, b) => a < b)
      let model: number[] = []
      for (const step of steps) {
        if (step !== undefined) {
          queue.add(step)
          model = [...model, step].sort((a, b) => a - b)
        } else expect(queue.take()).toBe(model.shift())
        expect([queue.first(), queue.length]).toEqual([model[0], model.length])
      }
      expect(queue.clear().sort((a, b) => a - b)).toEqual(model)
      expect(queue.first()).toBeUndefined()
    }),
  )
})
