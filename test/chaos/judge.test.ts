import { describe, expect, test } from 'vitest'
import { NO_FAULTS } from '../../src/providers/telephony/index.ts'
import { arrivals } from '../../src/providers/telephony/simulated/faults.ts'
import type { CallFacts, EventFacts, Facts } from './facts.ts'
import { judge } from './judge.ts'
import { DIAL_SETTLES_MS } from './setting.ts'

const STATES = ['queued', 'dialing', 'ringing', 'answered', 'replied', 'ended', 'settled']

/** Two people of one campaign accept, one after the other; all is as it should be. */
function flawless(): Facts {
  const campaignId = 'c'
  const people = ['a', 'b'].map((id, index) => ({ id, phone: `+35840100000${index}`, at: 1_000 * (index + 1) }))
  const payload = (id: string) => ({ campaignId, receiverId: id, callId: `call-${id}` })
  const events = people.flatMap(({ id }) => [
    ...STATES.map((state) => ({ type: `call.${state}`, payload: payload(id) })),
    { type: 'receiver.settled', payload: { campaignId, receiverId: id, outcome: 'accepted' } },
  ])
  return {
    ledger: {
      calls: people.map(({ id, phone, at }) => ({
        ...{
          callId: `call-${id}`,
          seat: 's',
          to: phone,
          nth: 0,
          dialledAt: at,
          answeredAt: at + 100,
          endedAt: at + 300,
        },
        ...{ cause: 'answered' as const, keys: [{ at: at + 200, digit: '1' }], recordings: [], duplicates: 0 },
      })),
      entries: [],
      live: 0,
    },
    faults: NO_FAULTS,
    campaigns: [
      {
        ...{ id: campaignId, name: 'one', state: 'completed', acceptsWanted: 2, maxAttempts: 2 },
        ...{ opensAt: 0, closesAt: 100_000, stats: { accepts: 2, surplus_accepts: 0 }, recounted: { accepts: 2 } },
      },
    ],
    receivers: people.map(({ id, phone }) => ({
      ...{ id, campaignId, phone, state: 'settled', outcome: 'accepted', attempts: 1 },
    })),
    calls: people.map(({ id, phone, at }) => ({
      ...{ id: `call-${id}`, campaignId, receiverId: id, attempt: 1, phone, state: 'ended', cause: 'answered' },
      ...{ reply: 'accept', settledAs: 'reported', createdAt: at - 10, dialedAt: at, settledAt: at + 310 },
    })),
    events: events.map((event, index) => ({ ...event, position: index + 1 })),
    eventHead: events.length,
    redialAfterMs: 500,
  }
}

/** What is said of a run that differs from the flawless one. */
function complaintsOf(change: (facts: Facts) => unknown): string[] {
  const facts = structuredClone(flawless())
  change(facts)
  return judge(facts).complaints
}

const renumber = (events: Omit<EventFacts, 'position'>[]) => events.map((event, n) => ({ ...event, position: n + 1 }))
const without = (facts: Facts, type: string, callId: string) => {
  facts.events = renumber(facts.events.filter((event) => event.type !== type || event.payload.callId !== callId))
  facts.eventHead = facts.events.length
}
/** A seed with which the carrier loses the key, and with it what was collected, or does not. */
function seedThat(loses: boolean): string {
  const faults = { ...NO_FAULTS, lost: 0.3 }
  const isLost = (seed: string) =>
    [3, 4].every((sequence) => arrivals({ ...faults, seed }, '+358401000001', 0, sequence).length === 0)
  return Array.from({ length: 1_000 }, (_, n) => String(n)).find((seed) => isLost(seed) === loses)!
}

test('of a flawless run nothing is said', () => {
  const { complaints, figures } = judge(flawless())
  expect(complaints).toEqual([])
  expect(figures).toMatchObject({ calls: 2, accepts: 2, acceptsByLedger: 2, surplus: 0, unknown: 0, takenBack: 0 })
})

describe('what is noticed', () => {
  test.each<[string, (facts: Facts) => unknown, string]>([
    ['an id that was dialled twice', ({ ledger }) => void ledger.calls[0]!.duplicates++, 'was asked for 2 times'],
    [
      'a person who was called too often',
      ({ ledger }) => {
        for (const n of [1, 2]) ledger.calls.push({ ...ledger.calls[0]!, callId: `call-${n}`, dialledAt: 9_000 * n })
      },
      'was called 3 times, allowed are 2',
    ],
    [
      'a person who was called again too soon',
      ({ ledger }) => ledger.calls.splice(1, 0, { ...ledger.calls[0]!, callId: 'call-x', dialledAt: 1_500 }),
      'was called again 298 ms too soon',
    ],
    [
      'a call before the window',
      ({ campaigns }) => Object.assign(campaigns[0]!, { opensAt: 1_500 }),
      'call-a of one was dialled outside the window',
    ],
    [
      'a call that was committed after the window',
      ({ campaigns }) => Object.assign(campaigns[0]!, { closesAt: 1_980 }),
      'call-b of one was dialled outside the window',
    ],
    [
      'a call that was committed in time and dialled long after',
      ({ calls, campaigns }) => {
        calls[1]!.createdAt = 2_000 - DIAL_SETTLES_MS - 20
        campaigns[0]!.closesAt = 2_000 - DIAL_SETTLES_MS
      },
      'call-b of one was dialled outside the window',
    ],
    [
      'a campaign that goes on',
      ({ campaigns }) => Object.assign(campaigns[0]!, { state: 'active' }),
      'campaign one is active',
    ],
    [
      'a receiver who waits',
      ({ receivers }) => Object.assign(receivers[0]!, { state: 'waiting' }),
      'receiver a is waiting',
    ],
    [
      'a call that is not settled',
      ({ calls }) => Object.assign(calls[0]!, { settledAt: null }),
      'call call-a is not settled',
    ],
    ['live calls at the carrier', ({ ledger }) => Object.assign(ledger, { live: 1 }), 'the carrier has 1 live calls'],
    [
      'statistics that are wrong',
      ({ campaigns }) => Object.assign(campaigns[0]!.recounted, { accepts: 1 }),
      'counted anew 1',
    ],
    ['a call without a row', ({ calls }) => void calls.shift(), 'call-a was dialled and has no row'],
    [
      'a call that was taken back after all',
      ({ calls }) => Object.assign(calls[0]!, { settledAs: 'not_dialed' }),
      'call-a was dialled and taken back',
    ],
    [
      'a call of which we could have known',
      ({ calls }) => Object.assign(calls[0]!, { settledAs: 'unknown' }),
      'call-a is unknown although',
    ],
    [
      'a cause that is wrong',
      ({ calls }) => Object.assign(calls[0]!, { cause: 'busy' }),
      'call-a is busy, it was answered',
    ],
    [
      'a reply that nobody gave',
      ({ calls }) => Object.assign(calls[0]!, { reply: 'decline' }),
      'decline was never said',
    ],
    ['a call that never was', ({ ledger }) => void ledger.calls.shift(), 'call-a is reported and was never dialled'],
    ['attempts that are wrong', ({ receivers }) => void receivers[0]!.attempts++, 'has 2 attempts and 1 calls'],
    ['a hole in the log', ({ events }) => void events.splice(3, 1), 'the event at place 4 has position 5'],
    ['a log that ends early', (facts) => void facts.eventHead++, 'there are 16 events and the head is at 17'],
    [
      'states out of order',
      ({ events }) => {
        const [first, second] = [events[1]!, events[2]!]
        ;[first.type, second.type] = [second.type, first.type]
      },
      'told out of order: queued, ringing, dialing',
    ],
    ['a state that was never told', (facts) => without(facts, 'call.settled', 'call-a'), 'never told to be settled'],
    ['a reply that was never told', (facts) => without(facts, 'call.replied', 'call-a'), '0 replies were told'],
    [
      'a receiver settled twice',
      (facts) => {
        facts.events = renumber([...facts.events, facts.events.at(-1)!])
        facts.eventHead++
      },
      'receiver b was settled 2 times',
    ],
    [
      'an outcome told otherwise',
      ({ receivers }) => Object.assign(receivers[0]!, { outcome: 'declined' }),
      'told was accepted',
    ],
    [
      'a receiver settled without a word',
      (facts) => {
        facts.events = facts.events.filter(
          ({ type, payload }) => type !== 'receiver.settled' || payload.receiverId !== 'a',
        )
      },
      '1 receivers were settled without a word, 0 together',
    ],
  ])('%s', (_, change, complaint) => {
    expect(complaintsOf(change).join('\n')).toContain(complaint)
  })
})

describe('the exact target', () => {
  /** One is wanted, two have accepted. */
  const tooMany = (facts: Facts) => {
    facts.campaigns[0]!.acceptsWanted = 1
  }
  const second = ({ calls }: Facts): CallFacts => calls[1]!
  const afterSettlement = (facts: Facts) => {
    facts.campaigns[0]!.stats.surplus_accepts = 1
    const { events } = facts
    const [replied] = events.splice(
      events.findIndex(({ type, payload }) => type === 'call.replied' && payload.callId === 'call-a'),
      1,
    )
    facts.events = renumber([...events, replied!])
  }

  test('is broken by an accept too many', () => {
    expect(complaintsOf(tooMany)).toEqual([
      'one: 2 accepts, wanted were 1',
      'one: 2 could accept at 2000, wanted are 1',
    ])
  })

  test('is broken by a call that could bring one too many, even if it does not', () => {
    const complaints = complaintsOf((facts) => {
      tooMany(facts)
      facts.campaigns[0]!.stats.accepts = 1
      facts.campaigns[0]!.recounted.accepts = 1
      facts.ledger.calls[1]!.keys = []
      second(facts).reply = null
      without(facts, 'call.replied', 'call-b')
    })
    expect(complaints).toEqual(['one: 2 could accept at 2000, wanted are 1'])
  })

  test('is not broken when the carrier lost all news of the first accept', () => {
    const lose = (loses: boolean) =>
      complaintsOf((facts) => {
        tooMany(facts)
        facts.faults = { ...NO_FAULTS, lost: 0.3, seed: seedThat(loses) }
        facts.ledger.calls[0]!.to = '+358401000001'
        facts.receivers[0]!.phone = '+358401000001'
        facts.ledger.calls[1]!.to = '+358401000002'
        facts.receivers[1]!.phone = '+358401000002'
        facts.campaigns[0]!.stats.accepts = 1
        facts.campaigns[0]!.recounted.accepts = 1
        facts.calls[0]!.reply = null
        without(facts, 'call.replied', 'call-a')
      })
    expect(lose(true)).toEqual([])
    expect(lose(false)).toEqual(['one: an accept in call call-a was told and is not known'])
  })

  test('is not broken by an accept of which the first news came after the call was settled', () => {
    const settledAt = (at: number) =>
      complaintsOf((facts) => {
        tooMany(facts)
        afterSettlement(facts)
        facts.calls[0]!.settledAt = at
      })
    // The key was pressed at 1200, and that was told at once.
    expect(settledAt(1_190)).toEqual([])
    expect(settledAt(2_310)).toEqual(['one: call call-a was settled 1110 ms after its accept was told'])
  })

  test('knows a surplus that is none', () => {
    const complaints = complaintsOf((facts) => Object.assign(facts.campaigns[0]!.stats, { surplus_accepts: 1 }))
    expect(complaints).toEqual(['one: 1 accepts are called surplus, 0 came too late'])
  })
})
