import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readyVoiceFile, type TestEngine, testEngine } from '../../../test/kit/engine.ts'
import { outreachKit, people, phones } from '../../../test/kit/outreach.ts'
import { eventsAfter, headOf, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { Script } from '../../providers/telephony/index.ts'
import { applyNews, type News } from './apply-news.ts'
import { dialDue } from './dial-due.ts'
import { createSwitchboard, LEASE_MS, type Switchboard } from './index.ts'

let t: TestWorld
let kit: ReturnType<typeof outreachKit>
const boards: Switchboard[] = []

beforeAll(async () => {
  t = await testWorld()
  kit = outreachKit(t, await readyVoiceFile(t))
}, 60_000)

afterEach(async () => {
  for (const board of boards.splice(0)) await board.stop()
})

async function open(options: Parameters<typeof testEngine>[1] = {}): Promise<TestEngine> {
  const engine = await testEngine(t, options)
  boards.push(engine.board)
  return engine
}

const seconds = (count: number) => new Date(t.clock.now().getTime() + count * 1_000)

describe('news that are lost, late, doubled and out of order', () => {
  test.each(['1', '2', '3'])('settle every receiver all the same (seed %s)', async (seed) => {
    const faults = {
      ...{ seed, lost: 0.15, doubled: 0.3, late: 0.3, lateBy: { minMs: 100, maxMs: 4_000 } },
      ...{ dialLost: 0.1, dialAnswerLost: 0.1, commandLost: 0.1, commandAnswerLost: 0.1 },
    }
    const mixed = people({ seed, busy: 0.1, ringsOut: 0.1, hangsUp: 0.1, drops: 0.1, keys: { '1': 0.5, '2': 0.2 } })
    const engine = await open({ people: mixed, faults })
    const head = await headOf(t.world, t.workspaceId)
    const id = await kit.rsvp(engine, { receivers: phones(30), acceptsWanted: 8, maxAttempts: 3 })
    await engine.run()
    const campaign = await kit.campaignOf(id)
    expect(campaign).toMatchObject({ state: 'completed', receivers: 30, settled_receivers: 30 })
    expect(Number(campaign.accepts) - Number(campaign.surplus_accepts)).toBeLessThanOrEqual(8)
    await kit.expectExactStats(id)
    // Whoever counts by what is told counts the same people, each once.
    const told = await eventsAfter(t.world, t.workspaceId, head)
    const together = told.flatMap(([, type, payload]) =>
      type === 'receiver.allSettled' ? [(payload as { count: number }).count] : [],
    )
    const alone = told.flatMap(([, type, payload]) =>
      type === 'receiver.settled' && (payload as { previousOutcome: string | null }).previousOutcome === null
        ? [1]
        : [],
    )
    expect([...alone, ...together].reduce((sum, count) => sum + count, 0)).toBe(30)
    // By the carrier's own book: no id twice, nobody more often than allowed.
    const dialled = engine.fake.history.flatMap((entry) =>
      entry.what === 'dial' && entry.result === 'accepted' ? [entry.callId] : [],
    )
    expect(new Set(dialled).size).toBe(dialled.length)
    const perNumber = Map.groupBy(engine.fake.calls(), ({ to }) => to)
    expect(Math.max(...[...perNumber.values()].map((calls) => calls.length))).toBeLessThanOrEqual(3)
    const [left] = await t.db.query(sql`SELECT id FROM call WHERE settled_at IS NULL`)
    expect(left).toBeUndefined()
  })
})

describe('a process that dies', () => {
  test('between the commit and the dial leaves a call that was never made, and the attempt is not used up', async () => {
    const engine = await open()
    const id = await kit.rsvp(engine, { receivers: phones(1), acceptsWanted: 1 })
    const dead = createSwitchboard({ ...engine.deps, telephony: { ...engine.fake, dial: () => new Promise(() => {}) } })
    await dead.keepSeats()
    await dead.dial()
    const [call] = await t.db.query<{ state: string }>(sql`SELECT state FROM call WHERE campaign_id = ${id}::uuid`)
    expect(call).toEqual({ state: 'queued' })
    await engine.fake.advance(LEASE_MS + 1_000)
    await engine.run()
    expect(await kit.outcomes(id)).toEqual(['accepted 1'])
    const calls = await t.db.query<{ settled_as: string; attempt: number }>(
      sql`SELECT settled_as, attempt FROM call WHERE campaign_id = ${id}::uuid ORDER BY created_at, id`,
    )
    expect(calls).toEqual([
      { settled_as: 'not_dialed', attempt: 1 },
      { settled_as: 'reported', attempt: 1 },
    ])
    expect(engine.fake.calls()).toHaveLength(1)
    await kit.expectExactStats(id)
  })

  test('during a call is followed by another, which goes on where it was', async () => {
    const slow: Script[] = [{ endsWith: '', calls: [{ replies: [{ digits: '1', afterMs: 9_000 }] }] }]
    const engine = await open({ people: people({ scripts: slow }) })
    const id = await kit.rsvp(engine, { receivers: phones(3), acceptsWanted: 3 })
    const dying = createSwitchboard(engine.deps)
    await dying.keepSeats()
    await dying.dial()
    await dying.settled()
    const talking = async () =>
      t.db.query(sql`SELECT id FROM call WHERE campaign_id = ${id}::uuid AND state = 'answered'`)
    for (let waited = 0; (await talking()).length < 3 && waited < 60; waited++) await engine.fake.advance(300)
    // It says no word any more, and its seat is free once its lease is over.
    await engine.fake.advance(LEASE_MS + 1)
    await engine.run()
    expect(await kit.outcomes(id)).toEqual(['accepted 1', 'accepted 1', 'accepted 1'])
    expect(engine.fake.calls()).toHaveLength(3)
    await kit.expectExactStats(id)
    await dying.stop()
  })

  test('with all that its provider knew leaves calls of which nobody can tell: they use up the attempt', async () => {
    const first = await open()
    const id = await kit.rsvp(first, { receivers: phones(2), acceptsWanted: 2, maxAttempts: 2 })
    await first.board.keepSeats()
    await first.board.dial()
    await first.board.settled()
    await t.db.query(sql`UPDATE seat SET lease_until = now() - interval '100 years'`)
    // Another carrier, which has never heard of them.
    const second = await open()
    const forgot = {
      ...second.fake,
      reconcile: async (ids: readonly string[]) => {
        const reports = await second.fake.reconcile(ids)
        return reports.map((report) =>
          report.state === 'never_heard'
            ? { callId: report.callId, state: 'unknown' as const, detail: 'it was restarted' }
            : report,
        )
      },
    }
    const board = createSwitchboard({ ...second.deps, telephony: forgot })
    await board.keepSeats()
    await board.follow()
    expect(await kit.campaignOf(id)).toMatchObject({ unknown_calls: 2, dialed_calls: 2, settled_receivers: 0 })
    await board.stop()
    await second.run()
    expect(await kit.outcomes(id)).toEqual(['accepted 2', 'accepted 2'])
    await kit.expectExactStats(id)
  })
})

test('an accept that is heard after its call was settled as unknown is counted, as surplus', async () => {
  const engine = await open()
  const id = await kit.rsvp(engine, { receivers: phones(2), acceptsWanted: 1, maxAttempts: 1 })
  const callOf = async () =>
    (
      await t.db.query<{ id: string; state: string }>(sql`SELECT id, state FROM call WHERE campaign_id = ${id}::uuid`)
    )[0]
  while ((await callOf())?.state !== 'answered') await engine.run(seconds(0.2))
  const call = await callOf()
  const head = await headOf(t.world, t.workspaceId)
  await applyNews(engine.deps, t.workspaceId, [{ callId: call!.id, type: 'lost' }], [id])
  expect(await kit.campaignOf(id)).toMatchObject({ unknown_calls: 1, settled_receivers: 1, accepts: 0 })
  await engine.run()
  const outcomes = (await eventsAfter(t.world, t.workspaceId, head)).flatMap(([, type, payload]) => {
    const { outcome, previousOutcome } = payload as { outcome?: string; previousOutcome?: string | null }
    return type === 'receiver.settled' ? [[outcome, previousOutcome]] : []
  })
  expect(outcomes.toSorted()).toEqual([
    ['accepted', null],
    // The same person once more, and not somebody else.
    ['accepted', 'unknown'],
    ['unknown', null],
  ])
  expect(await kit.campaignOf(id)).toMatchObject({ accepts: 2, surplus_accepts: 1, unknown_calls: 0 })
  expect(await kit.outcomes(id)).toEqual(['accepted 1', 'accepted 1'])
  await kit.expectExactStats(id)
})

describe('a call that was given up with attempts left', () => {
  /** One receiver, who answered and says nothing; nobody can tell so yet. */
  async function givenUp() {
    const engine = await open({ people: people({ keys: {} }) })
    const id = await kit.rsvp(engine, { receivers: phones(1), acceptsWanted: 1, maxAttempts: 2 })
    const callOf = async () =>
      (
        await t.db.query<{ id: string; state: string }>(sql`SELECT id, state FROM call WHERE campaign_id = ${id}::uuid`)
      )[0]
    while ((await callOf())?.state !== 'answered') await engine.run(seconds(0.2))
    const { id: callId } = (await callOf())!
    const tell = (news: News) => applyNews(engine.deps, t.workspaceId, [news], [id])
    await tell({ callId, type: 'lost' })
    expect((await kit.receiversOf(id)).map(({ state }) => state)).toEqual(['waiting'])
    return { engine, id, callId, tell }
  }

  test('is not repeated once it is heard that it was answered', async () => {
    const { engine, id, callId, tell } = await givenUp()
    const at = t.clock.now()
    const ended = { type: 'ended', eventId: 'e', callId, at, cause: 'answered', codes: {} } as const
    await tell({ callId, type: 'event', event: { ...ended, answeredAt: at, endedAt: at } })
    expect(await kit.outcomes(id)).toEqual(['no_reply 1'])
    await engine.run()
    expect(engine.fake.calls()).toHaveLength(1)
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed', unknown_calls: 0, answered_calls: 1 })
    await kit.expectExactStats(id)
  })

  test('and brought a reply settles its receiver, though the next call was never made', async () => {
    const { engine, id, callId, tell } = await givenUp()
    t.clock.advance(900_000)
    const [next] = (await dialDue(engine.deps, 'a seat', 0))!
    await tell({
      callId,
      type: 'event',
      event: { type: 'keypress', eventId: 'k', callId, at: t.clock.now(), digit: '1' },
    })
    expect((await kit.receiversOf(id)).map(({ state }) => state)).toEqual(['in_progress'])
    await tell({ callId: next!.id, type: 'not_dialed', cause: 'provider_fault', retryAfterMs: 0 })
    expect(await kit.outcomes(id)).toEqual(['accepted 1'])
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed', settled_receivers: 1 })
    await kit.expectExactStats(id)
  })
})

test('a provider that is full or ill is asked again later, and the attempt is not used up', async () => {
  const engine = await open()
  let times = 0
  const ill = {
    ...engine.fake,
    dial: async (request: Parameters<typeof engine.fake.dial>[0]) =>
      ++times <= 2
        ? { outcome: 'refused' as const, reason: 'provider_fault' as const, detail: 'no trunk', retryAfterMs: 30_000 }
        : engine.fake.dial(request),
  }
  const board = createSwitchboard({ ...engine.deps, telephony: ill })
  boards.push(board)
  const id = await kit.rsvp(engine, { receivers: phones(1), acceptsWanted: 1 })
  await board.keepSeats()
  for (let round = 0; round < 3; round++) {
    while ((await board.dial()) > 0) await board.settled()
    await engine.fake.advance(30_001)
    await board.keepSeats()
  }
  while ((await board.dial()) > 0) await board.settled()
  await engine.run()
  expect(times).toBe(3)
  expect(await kit.outcomes(id)).toEqual(['accepted 1'])
  const calls = await t.db.query<{ settled_as: string }>(
    sql`SELECT settled_as FROM call WHERE campaign_id = ${id}::uuid ORDER BY created_at, id`,
  )
  expect(calls.map((call) => call.settled_as)).toEqual(['not_dialed', 'not_dialed', 'reported'])
})
