import { beforeAll, describe, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { testEngine } from '../../../test/kit/engine.ts'
import { INSTANT_SPEECH, surveyLink } from '../../../test/kit/surveys.ts'
import { loadLink, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { callRespondents } from '../campaigns/index.ts'
import type { CreateLinkInput } from '../links/index.ts'
import {
  addRespondents,
  finishPhoneResponse,
  moveStatus,
  openPhoneSession,
  openSession,
  recordAnswer,
  recordPhoneAnswers,
  submitResponse,
} from './index.ts'

let t: TestWorld
beforeAll(async () => {
  t = await testWorld({ poolSize: 8 })
}, 60_000)

const QUESTIONS = [
  { prompt: 'A?', fieldKey: 'a', type: 'yes_no', required: true },
  { prompt: 'B?', fieldKey: 'b', type: 'yes_no', required: true },
] as CreateLinkInput['questions']

let lastPhone = 2_000
async function respondents(linkId: string, count: number): Promise<string[]> {
  const people = Array.from({ length: count }, () => ({ phone: `+35840125${++lastPhone}` }))
  const added = await addRespondents(t.world, t.viewer, { linkId, respondents: people })
  return added.flatMap((each) => (each.outcome === 'added' ? [each.id] : []))
}

describe('the telephone and the page at the same time', () => {
  test.runIf(onPostgres)('share one response, count it once, and neither waits for the other for ever', async () => {
    const linkId = await surveyLink(t, QUESTIONS)
    const link = await loadLink(t.world, t.workspaceId, linkId)
    const ids = await respondents(linkId, 25)
    const callId = await anyCall(linkId)

    const byPhone = async (respondentId: string) => {
      await t.world.events.write(t.workspaceId, async (tx, emit) => {
        await openPhoneSession(t.world, tx, emit, t.workspaceId, respondentId)
        const answers = ['a', 'b'].map((fieldKey) => ({ fieldKey, value: true, recordingId: null }))
        await recordPhoneAnswers(t.world, tx, emit, t.workspaceId, { respondentId, callId, answers })
        await finishPhoneResponse(t.world, tx, emit, t.workspaceId, { respondentId, unaskable: [], later: false })
        await moveStatus(tx, emit, t.workspaceId, new Map([[respondentId, 'called']]), t.world.clock.now())
      })
    }
    const onPage = async (respondentId: string) => {
      const respondentToken = t.signer.sign('respondent', respondentId)
      try {
        const { token } = await openSession(t.world, t.signer, link, { channel: 'web', respondentToken })
        for (const fieldKey of ['a', 'b'])
          await recordAnswer(t.world, t.signer, link, { token, fieldKey, value: false })
        await submitResponse(t.world, t.signer, link, { token })
      } catch (error) {
        // The telephone was first.
        if ((error as { code?: string }).code !== 'SESSION_COMPLETED') throw error
      }
    }
    await Promise.all(ids.flatMap((id) => [byPhone(id), onPage(id), onPage(id)]))
    const rows = await t.db.query<{ responses: number; completed: number; answers: number; status: string }>(
      sql`SELECT p.status, count(DISTINCT r.id)::int AS responses, count(DISTINCT r.id) FILTER (WHERE r.status = 'completed')::int
                   AS completed, count(a.id)::int AS answers
          FROM respondent p JOIN response r ON r.respondent_id = p.id JOIN answer a ON a.response_id = r.id
          WHERE p.id = ANY(${ids}::uuid[]) GROUP BY p.id, p.status`,
    )
    expect(rows).toEqual(ids.map(() => ({ responses: 1, completed: 1, answers: 2, status: 'surveyed' })))
    expect((await loadLink(t.world, t.workspaceId, linkId)).response_count).toBe(25)
  })
})

describe('asking for calls', () => {
  test.runIf(onPostgres)('twice at once makes one campaign, and calls each once', async () => {
    const engine = await testEngine(t, { changes: INSTANT_SPEECH })
    const linkId = await surveyLink(t, QUESTIONS)
    const ids = await respondents(linkId, 10)
    await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        callRespondents(engine.deps, t.viewer, { respondentIds: n % 2 ? ids : ids.toReversed() }),
      ),
    )
    const [row] = await t.db.query<{ campaigns: number; receivers: number; targets: number; counted: number }>(
      sql`SELECT (SELECT count(*)::int FROM campaign WHERE link_id = ${linkId}::uuid) AS campaigns,
                 count(*)::int AS receivers, count(DISTINCT r.position)::int AS targets, min(s.receivers)::int AS counted
          FROM receiver r JOIN campaign c ON c.id = r.campaign_id JOIN campaign_stats s ON s.id = c.id
          WHERE c.link_id = ${linkId}::uuid`,
    )
    expect(row).toEqual({ campaigns: 1, receivers: 10, targets: 10, counted: 10 })
    await engine.board.stop()
  })
})

/** A call that answers can belong to. */
async function anyCall(linkId: string): Promise<string> {
  const engine = await testEngine(t, { changes: INSTANT_SPEECH })
  const [respondentId] = await respondents(linkId, 1)
  await callRespondents(engine.deps, t.viewer, { respondentIds: [respondentId!] })
  await engine.board.keepSeats()
  await engine.board.dial()
  const [call] = await t.db.query<{ id: string }>(sql`SELECT id FROM call WHERE respondent_id = ${respondentId!}::uuid`)
  await engine.board.stop()
  return call!.id
}
