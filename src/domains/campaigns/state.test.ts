import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CampaignState, dueState, initialState, wishedState } from './state.ts'

const now = new Date('2026-11-23T10:00:00Z')
const at = (minutes: number) => new Date(now.getTime() + minutes * 60_000)
const open = { accepts: 0, acceptsWanted: 3, unsettled: 5 }

describe('how it begins', () => {
  test.each<[string, Date | null, 'active' | 'halted', CampaignState]>([
    ['later', at(1), 'active', 'scheduled'],
    ['at once', null, 'active', 'active'],
    ['a while ago', at(-59), 'active', 'active'],
    ['this very moment', at(0), 'active', 'active'],
    ['halted, though its start is ahead', at(1), 'halted', 'halted'],
    ['halted, though it could begin', null, 'halted', 'halted'],
  ])('%s', (_, startsAt, wish, state) => {
    expect(initialState({ startsAt, endsAt: at(600) }, wish, now)).toBe(state)
  })
})

describe('what time and progress do', () => {
  const schedule = { startsAt: at(-10), endsAt: at(600) }
  test.each<[string, CampaignState, Parameters<typeof dueState>[1], Parameters<typeof dueState>[2], CampaignState]>([
    ['nothing yet', 'scheduled', { startsAt: at(1), endsAt: null }, open, 'scheduled'],
    ['the start is reached', 'scheduled', { startsAt: at(0), endsAt: null }, open, 'active'],
    ['the start is reached and there is nobody to call', 'scheduled', schedule, { ...open, unsettled: 0 }, 'completed'],
    ['work goes on', 'active', schedule, { ...open, accepts: 2 }, 'active'],
    ['enough have accepted', 'active', schedule, { ...open, accepts: 3 }, 'completed'],
    ['more than enough have accepted', 'active', schedule, { ...open, accepts: 4 }, 'completed'],
    ['everybody is settled', 'active', schedule, { ...open, unsettled: 0 }, 'completed'],
    [
      'nobody wants a number of accepts',
      'active',
      schedule,
      { accepts: 99, acceptsWanted: null, unsettled: 1 },
      'active',
    ],
    ['the end is this moment', 'active', { ...schedule, endsAt: at(0) }, open, 'active'],
    ['the end has passed', 'active', { ...schedule, endsAt: at(-0.001) }, open, 'completed'],
    ['the end has passed before the start', 'scheduled', { startsAt: at(5), endsAt: at(-1) }, open, 'completed'],
    ['the end has passed while halted', 'halted', { ...schedule, endsAt: at(-1) }, open, 'completed'],
    ['halted, whatever the progress', 'halted', schedule, { ...open, accepts: 3, unsettled: 0 }, 'halted'],
    ['completed is final', 'completed', { startsAt: at(5), endsAt: null }, open, 'completed'],
  ])('%s', (_, state, plan, progress, expected) => {
    expect(dueState(state, plan, progress, now)).toBe(expected)
  })
})

describe('what people do', () => {
  test.each<[CampaignState, 'active' | 'halted', Date | null, CampaignState | undefined]>([
    ['scheduled', 'halted', at(5), 'halted'],
    ['active', 'halted', null, 'halted'],
    ['halted', 'halted', null, 'halted'],
    ['halted', 'active', at(-5), 'active'],
    ['halted', 'active', null, 'active'],
    ['halted', 'active', at(5), 'scheduled'],
    ['active', 'active', null, 'active'],
    ['scheduled', 'active', at(5), 'scheduled'],
    ['completed', 'active', null, undefined],
    ['completed', 'halted', null, undefined],
  ])('%s, asked to be %s', (state, wish, startsAt, expected) => {
    expect(wishedState(state, wish, { startsAt, endsAt: null }, now)).toBe(expected)
  })
})

test('what is due is settled in one step, and time never undoes it', () => {
  const instant = fc.option(fc.integer({ min: -100, max: 100 }).map(at), { nil: null })
  const state = fc.constantFrom<CampaignState>('scheduled', 'active', 'halted', 'completed')
  const progress = fc.record({
    accepts: fc.nat(4),
    acceptsWanted: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
    unsettled: fc.nat(3),
  })
  fc.assert(
    fc.property(state, instant, instant, progress, fc.nat(200), (from, startsAt, endsAt, made, minutes) => {
      const schedule = { startsAt, endsAt }
      const next = dueState(from, schedule, made, now)
      expect(dueState(next, schedule, made, now)).toBe(next)
      const later = dueState(next, schedule, made, at(minutes))
      const rank = { scheduled: 0, halted: 1, active: 1, completed: 2 }
      expect(rank[later]).toBeGreaterThanOrEqual(rank[next])
      // Looking in between changes nothing of the result.
      expect(later).toBe(dueState(from, schedule, made, at(minutes)))
    }),
  )
})
