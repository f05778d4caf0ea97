import { afterEach, beforeAll, expect, test } from 'vitest'
import { type TestEngine, testEngine } from '../../../test/kit/engine.ts'
import { outreachKit, people } from '../../../test/kit/outreach.ts'
import { INSTANT_SPEECH, presses, shelf, surveyLink } from '../../../test/kit/surveys.ts'
import { loadLink, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { callRespondents } from '../campaigns/index.ts'
import { addRespondents, openSession, submitResponse } from '../responses/index.ts'
import { fetchRecordings } from './index.ts'

let t: TestWorld
let engine: TestEngine
beforeAll(async () => {
  t = await testWorld()
  outreachKit(t, '')
}, 60_000)
afterEach(() => engine.board.stop())

const EVERYTHING = { replies: presses(undefined, '6#', '3#', '1', '2'), speaksMs: 5_000 }

test('a recording that comes after its response was submitted on the page has it analysed once more', async () => {
  const answering = people({ scripts: [{ endsWith: '', calls: [EVERYTHING] }] })
  engine = await testEngine(t, { changes: INSTANT_SPEECH, people: answering })
  const linkId = await surveyLink(t)
  const [added] = await addRespondents(t.world, t.viewer, { linkId, respondents: [{ phone: '+358401251234' }] })
  const respondentId = added!.outcome === 'added' ? added!.id : ''
  await callRespondents(engine.deps, t.viewer, { respondentIds: [respondentId] })
  await engine.run()
  const link = await loadLink(t.world, t.workspaceId, linkId)
  const respondentToken = t.signer.sign('respondent', respondentId)
  const { token, responseId } = await openSession(t.world, t.signer, link, { channel: 'web', respondentToken })
  await submitResponse(t.world, t.signer, link, { token })
  // All that could be found without the recording was found.
  await t.db.query(
    sql`UPDATE response SET analysis = 'done', analysis_due_at = NULL, analyzed_at = submitted_at
        WHERE id = ${responseId}::uuid`,
  )
  while ((await fetchRecordings({ world: t.world, telephony: engine.fake, storage: shelf().storage })) > 0);
  const rows = await t.db.query(
    sql`SELECT r.analysis::text, r.analysis_due_at IS NOT NULL AS due,
               (SELECT count(*)::int FROM answer a WHERE a.response_id = r.id AND a.upload_id IS NOT NULL) AS recordings
        FROM response r WHERE r.id = ${responseId}::uuid`,
  )
  expect(rows).toEqual([{ analysis: 'pending', due: true, recordings: 1 }])
})
