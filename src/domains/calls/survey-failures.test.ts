import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type TestEngine, testEngine } from '../../../test/kit/engine.ts'
import { outreachKit, people } from '../../../test/kit/outreach.ts'
import { INSTANT_SPEECH, presses, shelf, surveyLink } from '../../../test/kit/surveys.ts'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { TelephonyUnavailableError } from '../../providers/telephony/index.ts'
import { callRespondents, deleteCampaign } from '../campaigns/index.ts'
import { addRespondents } from '../responses/index.ts'
import { applyNews } from './apply-news.ts'
import { dialDue } from './dial-due.ts'
import { createSwitchboard, fetchRecordings, LEASE_MS, type Switchboard } from './index.ts'

let t: TestWorld
let kit: ReturnType<typeof outreachKit>
let lastPhone = 1_000
const boards: Switchboard[] = []

beforeAll(async () => {
  t = await testWorld()
  kit = outreachKit(t, '')
}, 60_000)

afterEach(async () => {
  for (const board of boards.splice(0)) await board.stop()
})

const EVERYTHING = { replies: presses(undefined, '6#', '3#', '1', '2'), speaksMs: 5_000 }

async function survey(count: number, options: Parameters<typeof testEngine>[1]) {
  const engine: TestEngine = await testEngine(t, { changes: INSTANT_SPEECH, ...options })
  boards.push(engine.board)
  const linkId = await surveyLink(t)
  const added = await addRespondents(t.world, t.viewer, {
    linkId,
    respondents: Array.from({ length: count }, () => ({ phone: `+35840124${++lastPhone}` })),
  })
  const respondentIds = added.flatMap((each) => (each.outcome === 'added' ? [each.id] : []))
  await callRespondents(engine.deps, t.viewer, { respondentIds })
  const [campaign] = await t.db.query<{ id: string }>(
    sql`SELECT id FROM campaign WHERE link_id = ${linkId}::uuid AND kind = 'survey_calls'`,
  )
  return { engine, linkId, campaignId: campaign!.id }
}

/** Every answer that was kept, by the person who gave it. */
async function answersOf(linkId: string) {
  return t.db.query<{ respondent: string; status: string; answers: Record<string, unknown> | null }>(
    sql`SELECT p.id AS respondent, r.status,
               (SELECT jsonb_object_agg(a.field_key, coalesce(a.value, to_jsonb(a.recording_id::text)))
                FROM answer a WHERE a.response_id = r.id) AS answers
        FROM respondent p JOIN response r ON r.respondent_id = p.id WHERE p.link_id = ${linkId}::uuid ORDER BY p.id`,
  )
}

describe('news that are lost, late, doubled and out of order', () => {
  test.each(['1', '2', '3'])(
    'lose no answer that was given, and invent none (seed %s)',
    async (seed) => {
      const faults = {
        ...{ seed, lost: 0.1, doubled: 0.3, late: 0.3, lateBy: { minMs: 100, maxMs: 2_500 } },
        ...{ dialLost: 0.1, dialAnswerLost: 0.1, commandLost: 0.05, commandAnswerLost: 0.05 },
      }
      const { engine, linkId, campaignId } = await survey(8, {
        people: people({ scripts: [{ endsWith: '', calls: [{ ...EVERYTHING, patienceMs: 60_000 }] }] }),
        faults,
      })
      await engine.run()
      expect(await kit.campaignOf(campaignId)).toMatchObject({ receivers: 8, settled_receivers: 8 })
      await kit.expectExactStats(campaignId)
      const rows = await answersOf(linkId)
      // One response for each, whatever was told how often.
      expect(new Set(rows.map(({ respondent }) => respondent)).size).toBe(rows.length)
      const given = { nps: 6, faults: 3, again: true, room: 'Green', change: expect.any(String) }
      for (const { answers } of rows) {
        for (const [key, value] of Object.entries(answers ?? {})) {
          // A key that came late may have been taken for the answer to what was asked then; it is one that was pressed.
          expect([key, value]).toEqual([key, expect.anything()])
        }
      }
      const whole = rows.filter(({ answers }) => Object.keys(answers ?? {}).length === 5)
      expect(whole.length).toBeGreaterThan(2)
      for (const { answers } of whole) expect(answers).toEqual(given)
      const dialled = engine.fake.calls().map(({ callId }) => callId)
      expect(new Set(dialled).size).toBe(dialled.length)
      const [left] = await t.db.query(sql`SELECT id FROM call WHERE settled_at IS NULL`)
      expect(left).toBeUndefined()
    },
    90_000,
  )
})

describe('a process that dies', () => {
  test('in the middle of a survey is followed by another, which asks on where it was', async () => {
    const slow = {
      replies: presses(undefined, '6#', '3#', '1', '2').map((reply) => reply && { ...reply, afterMs: 1_500 }),
    }
    const { engine, linkId, campaignId } = await survey(3, {
      people: people({ patienceMs: 60_000, scripts: [{ endsWith: '', calls: [{ ...slow, speaksMs: 5_000 }] }] }),
    })
    const dying = createSwitchboard(engine.deps)
    await dying.keepSeats()
    await dying.dial()
    await dying.settled()
    const answered = async () =>
      (await answersOf(linkId)).filter(({ answers }) => Object.keys(answers ?? {}).length >= 1).length
    for (let waited = 0; (await answered()) < 3 && waited < 200; waited++) {
      await engine.fake.advance(200)
      await dying.settled()
    }
    expect(await answered()).toBe(3)
    // It says no word any more, and its seat is free once its lease is over.
    await engine.fake.advance(LEASE_MS + 1)
    await engine.run()
    expect(await kit.outcomes(campaignId)).toEqual(['surveyed 1', 'surveyed 1', 'surveyed 1'])
    expect(engine.fake.calls()).toHaveLength(3)
    const { storage } = shelf()
    // Those of the tests before are asked for as well, in vain.
    for (let n = 0; n < 3; n++) await fetchRecordings({ world: t.world, telephony: engine.fake, storage })
    expect((await answersOf(linkId)).map(({ status }) => status)).toEqual(['completed', 'completed', 'completed'])
    await kit.expectExactStats(campaignId)
    await dying.stop()
  })
})

describe('a recording that never comes', () => {
  test('was no answer, and leaves the response open for the page', async () => {
    const { engine, linkId } = await survey(1, {
      people: people({ scripts: [{ endsWith: '', calls: [EVERYTHING] }] }),
    })
    await engine.run()
    const { storage } = shelf()
    const forgetful = { ...engine.fake, recording: async () => undefined }
    const fetchAll = async () => {
      for (let n = 0; n < 3; n++) await fetchRecordings({ world: t.world, telephony: forgetful, storage })
    }
    await fetchAll()
    expect((await answersOf(linkId))[0]!.answers).toHaveProperty('change')
    t.clock.set(new Date(t.clock.now().getTime() + 3_700_000))
    await fetchAll()
    const [response] = await answersOf(linkId)
    expect(response).toMatchObject({ status: 'started' })
    expect(response!.answers).not.toHaveProperty('change')
    const [row] = await t.db.query<{ awaits: boolean; status: string }>(
      sql`SELECT r.awaits_recordings AS awaits, p.status FROM response r JOIN respondent p ON p.id = r.respondent_id
          WHERE p.link_id = ${linkId}::uuid`,
    )
    expect(row).toEqual({ awaits: false, status: 'called' })
  })

  test('and that the provider fails to give keeps no other back, and is lost at last; one that is away loses none', async () => {
    const { engine, linkId } = await survey(2, {
      people: people({ scripts: [{ endsWith: '', calls: [EVERYTHING] }] }),
    })
    await engine.run()
    const recordings = await t.db.query<{ call_id: string }>(
      sql`SELECT r.call_id FROM recording r JOIN call c ON c.id = r.call_id JOIN campaign k ON k.id = c.campaign_id
          WHERE k.link_id = ${linkId}::uuid`,
    )
    expect(recordings).toHaveLength(2)
    const [broken] = recordings
    // Nothing is asked for but these, and the broken one first.
    await t.db.query(
      sql`UPDATE recording SET due_at = CASE WHEN call_id = ${broken!.call_id}::uuid THEN due_at - interval '1 day'
            WHEN call_id = ANY(${recordings.map((each) => each.call_id)}::uuid[]) THEN due_at END`,
    )
    const unavailable = async () => {
      throw new TelephonyUnavailableError('Asterisk answered 500')
    }
    const failing = {
      ...engine.fake,
      recording: (callId: string, commandId: string) =>
        callId === broken!.call_id ? unavailable() : engine.fake.recording(callId, commandId),
    }
    const away = { ...engine.fake, recording: unavailable, capabilities: unavailable }
    const { storage } = shelf()
    const states = async () =>
      (
        await t.db.query<{ state: string }>(
          sql`SELECT r.state FROM recording r WHERE r.call_id = ANY(${recordings.map((each) => each.call_id)}::uuid[])
              ORDER BY r.state::text`,
        )
      ).map(({ state }) => state)
    await fetchRecordings({ world: t.world, telephony: failing, storage })
    expect(await states()).toEqual(['pending', 'ready'])
    t.clock.set(new Date(t.clock.now().getTime() + 3_700_000))
    await fetchRecordings({ world: t.world, telephony: away, storage })
    expect(await states()).toEqual(['pending', 'ready'])
    t.clock.set(new Date(t.clock.now().getTime() + 60_000))
    await fetchRecordings({ world: t.world, telephony: failing, storage })
    expect(await states()).toEqual(['lost', 'ready'])
    expect((await answersOf(linkId)).map(({ status }) => status).toSorted()).toEqual(['completed', 'started'])
  })
})

test('a survey that was answered in a call that was given up is counted once, whenever the end of it is heard', async () => {
  const { engine, campaignId } = await survey(1, {
    people: people({ scripts: [{ endsWith: '', calls: [{ ...EVERYTHING, patienceMs: 60_000 }] }] }),
  })
  const isAnswered = async () =>
    t.db.query<{ id: string }>(
      sql`SELECT id FROM call WHERE campaign_id = ${campaignId}::uuid AND state = 'answered'
            AND flow -> 'survey' ->> 'over' = 'answered'`,
    )
  for (let waited = 0; (await isAnswered()).length === 0 && waited < 600; waited++) {
    await engine.run(new Date(t.clock.now().getTime() + 200))
  }
  const [call] = await isAnswered()
  await applyNews(engine.deps, t.workspaceId, [{ callId: call!.id, type: 'lost' }], [campaignId])
  expect(await kit.campaignOf(campaignId)).toMatchObject({ surveyed: 1, unknown_calls: 1 })
  await engine.run()
  expect(await kit.campaignOf(campaignId)).toMatchObject({ surveyed: 1, unknown_calls: 0, answered_calls: 1 })
  await kit.expectExactStats(campaignId)
})

test('of a campaign that was deleted, nobody stays queued whose call was never made', async () => {
  const { engine, linkId, campaignId } = await survey(1, {})
  const [planned] = (await dialDue(engine.deps, 'a seat', 0))!
  await deleteCampaign(engine.deps, t.viewer, campaignId)
  const status = async () => (await t.db.query(sql`SELECT status FROM respondent WHERE link_id = ${linkId}::uuid`))[0]
  expect(await status()).toEqual({ status: 'queued' })
  const news = { callId: planned!.id, type: 'not_dialed', cause: 'provider_fault', retryAfterMs: 0 } as const
  await applyNews(engine.deps, t.workspaceId, [news], [campaignId])
  expect(await status()).toEqual({ status: 'created' })
})
