import { beforeAll, describe, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { readyVoiceFile, testEngine } from '../../../test/kit/engine.ts'
import { amid, waitersFor } from '../../../test/kit/locks.ts'
import { outreachKit, people } from '../../../test/kit/outreach.ts'
import { numbers, postKit, postOffice } from '../../../test/kit/post.ts'
import { INSTANT_SPEECH, presses, surveyLink } from '../../../test/kit/surveys.ts'
import { type TestWorld, testWorld, until } from '../../../test/kit/world.ts'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { createCampaign, updateCampaign } from '../campaigns/index.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import type { CreateLinkInput } from '../links/index.ts'
import { dialDue } from './dial-due.ts'

let t: TestWorld
beforeAll(async () => {
  t = await testWorld()
}, 60_000)

const QUESTIONS = [
  { prompt: 'Was it good?', fieldKey: 'good', type: 'yes_no', required: true },
  { prompt: 'In your words?', fieldKey: 'words', type: 'text', required: true },
] as CreateLinkInput['questions']

/** Fails when somebody else has it. */
const lock = (tx: Tx, id: string) => tx.query(sql`SELECT FROM campaign WHERE id = ${id}::uuid FOR UPDATE NOWAIT`)

describe.runIf(onPostgres)('nobody waits in a circle', () => {
  test('who hears of a survey and texts for it, and who holds the texting campaign before the survey', async () => {
    const linkId = await surveyLink(t, QUESTIONS, 'Visit')
    const engine = await testEngine(t, {
      changes: INSTANT_SPEECH,
      people: people({ scripts: [{ endsWith: '', calls: [{ replies: presses(undefined, '1') }] }] }),
    })
    const survey = async () => {
      const { id } = await createCampaign(engine.deps, t.viewer, {
        ...{ kind: 'survey_calls', receivers: [{ phone: numbers(1)[0]! }] },
        content: { linkId, followUpSms: 'Go on: {link}' },
      })
      return id
    }
    await survey()
    await engine.run()
    const [texting] = await t.db.query<{ id: string }>(
      sql`SELECT id FROM campaign WHERE link_id = ${linkId}::uuid AND kind = 'sms_broadcast'`,
    )
    // Made after the one that texts.
    const second = await survey()
    await amid(
      t.db,
      (tx) => lock(tx, texting!.id),
      () => engine.run(),
      (tx) => lock(tx, second),
    )
    await engine.board.stop()
    const [texted] = await t.db.query(
      sql`SELECT count(*)::int AS count FROM receiver WHERE campaign_id = ${texting!.id}::uuid`,
    )
    expect(texted).toEqual({ count: 2 })
  })

  test('a survey whose respondents somebody else is numbering is put off, and keeps nobody from dialling', async () => {
    const linkId = await surveyLink(t, QUESTIONS, 'Numbers')
    const engine = await testEngine(t, { changes: INSTANT_SPEECH })
    const receivers = () => [{ phone: numbers(1)[0]! }]
    const survey = await createCampaign(engine.deps, t.viewer, {
      ...{ kind: 'survey_calls', receivers: receivers(), content: { linkId } },
    })
    await outreachKit(t, await readyVoiceFile(t)).rsvp(engine, { receivers: receivers() })
    const [held, done] = [Promise.withResolvers<() => Promise<boolean>>(), Promise.withResolvers<void>()]
    const holding = t.db.transaction(async (tx) => {
      await takeLegacyIds(tx, t.workspaceId, 'respondent')
      held.resolve(await waitersFor(t.db, tx))
      await done.promise
    })
    const isWaiting = await held.promise
    const dial = () => dialDue(engine.deps, 'a seat', 0)
    try {
      expect(
        (await Promise.race([Promise.all([dial(), dial()]), until(isWaiting, 'somebody waits')]))?.flat(),
      ).toHaveLength(1)
    } finally {
      done.resolve()
      await holding
    }
    t.clock.advance(1_000)
    expect(await dial()).toMatchObject([{ campaignId: survey.id }])
  })

  test('who names other receivers, and who creates contacts for the same campaign', async () => {
    const office = postOffice(t)
    const startsAt = new Date(t.clock.now().getTime() + 3_600_000)
    const id = await postKit(t).texts(office, { startsAt })
    await amid(
      t.db,
      (tx) => takeLegacyIds(tx, t.workspaceId, 'contact'),
      () => updateCampaign(office.deps, t.viewer, { id, receivers: [{ phone: numbers(1)[0]! }] }),
      (tx) => lock(tx, id),
    )
    expect(await postKit(t).statsOf(id)).toMatchObject({ receivers: 1 })
  })
})
