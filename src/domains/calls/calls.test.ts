import { beforeEach, describe, expect, test } from 'vitest'
import { FRIENDLY, readyVoiceFile, type TestEngine, testEngine } from '../../../test/kit/engine.ts'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { population } from '../../providers/telephony/index.ts'
import { type CreateCampaignInput, createCampaign, setCampaignState } from '../campaigns/index.ts'

let t: TestWorld

beforeEach(async () => {
  t = await testWorld()
}, 60_000)

async function rsvp(engine: TestEngine, changes: Partial<CreateCampaignInput> = {}) {
  const voiceFileId = await readyVoiceFile(t)
  return createCampaign(engine.deps, t.viewer, {
    kind: 'rsvp',
    acceptsWanted: 2,
    receivers: phones(5),
    content: {
      voiceFiles: [{ type: 'start', voiceFileId }],
      actionButtons: [
        { button: '1', action: 'accept' },
        { button: '2', action: 'decline' },
      ],
    },
    ...changes,
  })
}

/** Finnish numbers of no script. */
function phones(count: number, first = 1_000) {
  return Array.from({ length: count }, (_, n) => ({ phone: `+35840123${first + n}` }))
}

async function campaignOf(id: string) {
  const [row] = await t.db.query<Record<string, unknown>>(
    sql`SELECT c.state, s.receivers, s.settled_receivers, s.dialed_calls, s.answered_calls, s.not_answered_calls,
               s.unknown_calls, s.accepts, s.declines, s.no_replies, s.surplus_accepts
        FROM campaign c JOIN campaign_stats s ON s.id = c.id WHERE c.id = ${id}::uuid`,
  )
  return row
}

async function receiversOf(id: string) {
  return t.db.query<{ state: string; outcome: string; attempts: number; reason: string | null }>(
    sql`SELECT state, outcome, attempts, reason FROM receiver WHERE campaign_id = ${id}::uuid ORDER BY position`,
  )
}

describe('an RSVP campaign', () => {
  test('calls until as many accepted as were wanted, and not one more', async () => {
    const engine = await testEngine(t)
    const { id } = await rsvp(engine)
    await engine.run()
    expect(await campaignOf(id)).toEqual({
      ...{ state: 'completed', receivers: 5, settled_receivers: 5, dialed_calls: 2, answered_calls: 2 },
      ...{ not_answered_calls: 0, unknown_calls: 0, accepts: 2, declines: 0, no_replies: 0, surplus_accepts: 0 },
    })
    expect((await receiversOf(id)).map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
      ['accepted', 1],
      ['accepted', 1],
      ['not_called', 0],
      ['not_called', 0],
      ['not_called', 0],
    ])
    expect(engine.fake.calls()).toHaveLength(2)
  })

  test('redials who does not answer, as often as allowed and not sooner', async () => {
    const engine = await testEngine(t, { people: population({ ...FRIENDLY, busy: 1, keys: {} }) })
    const { id } = await rsvp(engine, { receivers: phones(2), maxAttempts: 3 })
    await engine.run()
    expect(await campaignOf(id)).toMatchObject({ state: 'completed', dialed_calls: 6, not_answered_calls: 6 })
    expect(await receiversOf(id)).toEqual([
      { state: 'settled', outcome: 'no_answer', attempts: 3, reason: 'busy' },
      { state: 'settled', outcome: 'no_answer', attempts: 3, reason: 'busy' },
    ])
    const first = engine.fake.calls().filter(({ to }) => to === '+358401231000')
    const gaps = first.slice(1).map((call, n) => call.dialledAt - first[n]!.endedAt!)
    expect(gaps).toEqual([900_000, 900_000])
  })

  test('halts: nothing more is dialled, what is in progress finishes and counts', async () => {
    const engine = await testEngine(t)
    const { id } = await rsvp(engine, { acceptsWanted: 5, lines: 1 })
    await engine.run(new Date(t.clock.now().getTime() + 100))
    expect(engine.fake.calls()).toHaveLength(1)
    await setCampaignState(engine.deps, t.viewer, { id, state: 'halted' })
    await engine.run(new Date(t.clock.now().getTime() + 3_600_000))
    expect(engine.fake.calls()).toHaveLength(1)
    expect(await campaignOf(id)).toMatchObject({ state: 'halted', accepts: 1, settled_receivers: 1 })
    await setCampaignState(engine.deps, t.viewer, { id, state: 'active' })
    await engine.run()
    expect(await campaignOf(id)).toMatchObject({ state: 'completed', accepts: 5, dialed_calls: 5 })
  })
})
