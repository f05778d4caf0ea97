import { expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { testEngine } from '../../kit/engine.ts'
import { people } from '../../kit/outreach.ts'
import { INSTANT_SPEECH, presses } from '../../kit/surveys.ts'
import { answer, CALL, RESPONDENTS, STATUS, saygentServer } from './kit.ts'

it('phones people, asks them, and tells what became of each', async () => {
  const server = await saygentServer()
  const { app, world, clock, answers, call } = server
  await server.survey(1234)
  const answering = { outcome: 'answers', hangsUp: undefined, dropsAfterMs: undefined, speaksMs: 1_000 } as const
  const scripts = [
    { endsWith: '0101', calls: [{ ...answering, replies: presses(undefined, '4') }] },
    { endsWith: '0102', calls: [{ outcome: 'busy' }] },
    { endsWith: '0103', calls: [{ outcome: 'busy' }, { ...answering, replies: presses(undefined, '4') }] },
  ]
  const engine = await testEngine({ world, clock, db: app.db } as never, {
    changes: INSTANT_SPEECH,
    people: people({ scripts: scripts as never }),
  })
  /** What the server has said is there at once, and people are called until there is nobody left to call. */
  async function run(): Promise<void> {
    await app.db.query(
      sql`UPDATE voice_file SET status = 'ready', duration_seconds = 2, media_type = 'audio/wav', sha256 = 'aa',
                 size = 1, mp3_size = 1, wav_size = 1, due_at = NULL WHERE status = 'pending'`,
    )
    await engine.run()
  }
  const by = { contact: { by: 'phone' } }
  const respondents = ['+12125550101', '+12125550102', '111-111-1111'].map((phone) => ({ phone, ...by }))
  expect(
    (
      await call('POST', RESPONDENTS, {
        body: { survey_id: 1234, respondents: [...respondents, { phone: '+12125550103' }] },
      })
    ).json.respondents,
  ).toMatchObject([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }])
  const ids = { body: { respondent_ids: '1,2,3,4' } }
  const state = (id: number, status: string) => ({ id, status })
  const invalid = { ...state(3, 'invalid'), messages: { phone: 'Phone number is invalid' } }
  await answers(
    200,
    answer('success', state(1, 'queued'), state(2, 'queued'), state(3, 'queued'), state(4, 'created')),
    ...(['GET', STATUS, ids] as const),
  )
  await run()
  await answers(
    200,
    answer('warning', state(1, 'surveyed'), state(2, 'called'), invalid, state(4, 'created')),
    ...(['GET', STATUS, ids] as const),
  )
  // Once more who did not answer, and never again who has.
  await answers(
    200,
    answer('warning', state(1, 'surveyed'), state(2, 'queued'), invalid, state(4, 'queued')),
    ...(['POST', CALL, ids] as const),
  )
  await run()
  // The fourth was busy at first, and was called again.
  await answers(
    200,
    answer('warning', state(1, 'surveyed'), state(2, 'called'), invalid, state(4, 'surveyed')),
    ...(['GET', STATUS, ids] as const),
  )
  await app.db.query(sql`UPDATE respondent SET status = 'analyzed' WHERE legacy_id = 4`)
  await answers(200, answer('success', state(4, 'analyzed')), 'POST', CALL, { body: { respondent_ids: [4] } })
})
