import { beforeAll, describe, expect, test } from 'vitest'
import { testEngine } from '../../../test/kit/engine.ts'
import { people } from '../../../test/kit/outreach.ts'
import { numbers, postKit, postOffice } from '../../../test/kit/post.ts'
import { INSTANT_SPEECH, presses, surveyLink } from '../../../test/kit/surveys.ts'
import { brokenRules, loadLink, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { callRespondents, createCampaign, NO_LIMITS, NO_PRICES, updateCampaign } from '../campaigns/index.ts'
import { addQuestion, type CreateLinkInput } from '../links/index.ts'
import { addRespondents, openSession, recordAnswer, submitResponse } from '../responses/index.ts'

let t: TestWorld
beforeAll(async () => {
  t = await testWorld()
}, 60_000)

const QUESTIONS = [
  { prompt: 'Was it good?', fieldKey: 'good', type: 'yes_no', required: true },
  { prompt: 'A photograph?', fieldKey: 'photo', type: 'file_upload' },
  { prompt: 'In your words?', fieldKey: 'words', type: 'text', required: true },
] as CreateLinkInput['questions']

async function surveyed(followUpSms: string | null) {
  const linkId = await surveyLink(t, QUESTIONS, 'Visit')
  const engine = await testEngine(t, {
    changes: INSTANT_SPEECH,
    people: people({ scripts: [{ endsWith: '', calls: [{ replies: presses(undefined, '1') }] }] }),
  })
  const [phone] = numbers(1)
  const [added] = await addRespondents(t.world, t.viewer, { linkId, respondents: [{ phone }] })
  const { id: respondentId } = added as { id: string }
  const { id } = await createCampaign(engine.deps, t.viewer, {
    ...{ kind: 'survey_calls', receivers: [{ phone: phone! }], content: { linkId, followUpSms } },
  })
  await engine.run()
  await engine.board.stop()
  return { linkId, engine, phone: phone!, respondentId, campaignId: id }
}

/** Nobody is phoned only to be told goodbye, whoever asks for it. */
async function asksNobodyForNothing(linkId: string, phone: string, respondentId: string) {
  const engine = await testEngine(t, { changes: INSTANT_SPEECH })
  for (const allowRepeats of [false, true]) {
    const { id } = await createCampaign(engine.deps, t.viewer, {
      ...{ kind: 'survey_calls', receivers: [{ phone }], content: { linkId, allowRepeats } },
    })
    await engine.run()
    expect(await t.db.query(sql`SELECT outcome, reason FROM receiver WHERE campaign_id = ${id}::uuid`)).toEqual([
      { outcome: 'not_called', reason: 'ALREADY_ANSWERED' },
    ])
  }
  expect(await callRespondents(engine.deps, t.viewer, { respondentIds: [respondentId] })).toEqual([
    { respondentId, outcome: 'unchanged', status: 'called' },
  ])
  await engine.run()
  expect(engine.fake.calls()).toEqual([])
  await engine.board.stop()
}

const statusOf = async (respondentId: string) =>
  (await t.db.query<{ status: string }>(sql`SELECT status FROM respondent WHERE id = ${respondentId}::uuid`))[0]!.status

describe('what a phone cannot ask', () => {
  test('is left out when nothing else is said, and the response is submitted without it', async () => {
    const { respondentId } = await surveyed(null)
    expect(await statusOf(respondentId)).toBe('surveyed')
  })

  test('is asked on the page: the person is texted their own way there, once, and finishes the same response', async () => {
    const { linkId, phone, respondentId } = await surveyed('Thank you. Two more: {link}')
    expect(await statusOf(respondentId)).toBe('called')
    await asksNobodyForNothing(linkId, phone, respondentId)
    const office = postOffice(t)
    await office.run()
    const token = t.signer.sign('respondent', respondentId)
    expect(office.sms.history.map(({ to, text }) => [to, text])).toEqual([
      [phone, `Thank you. Two more: https://say.test/w/acme/i/visit-2?r=${token}`],
    ])
    const link = await loadLink(t.world, t.workspaceId, linkId)
    const session = await openSession(t.world, t.signer, link, { channel: 'web', respondentToken: token })
    await recordAnswer(t.world, t.signer, link, { token: session.token, fieldKey: 'words', value: 'Lovely.' })
    await submitResponse(t.world, t.signer, link, { token: session.token })
    expect(await statusOf(respondentId)).toBe('surveyed')
    const answers = await t.db.query(
      sql`SELECT field_key, value, a.channel FROM answer a JOIN response r ON r.id = a.response_id
          WHERE r.respondent_id = ${respondentId}::uuid ORDER BY "order"`,
    )
    expect(answers).toEqual([
      { field_key: 'good', value: true, channel: 'phone' },
      { field_key: 'words', value: 'Lovely.', channel: 'web' },
    ])
  })

  test('goes by the rules of all messages: who does not want to be texted is not', async () => {
    const { engine, linkId, campaignId } = await surveyed('Go on: {link}')
    const office = postOffice(t)
    await office.run()
    // Called again, because there is more to ask, nobody is texted twice.
    await addQuestion(t.world, t.viewer, linkId, { prompt: 'And again?', fieldKey: 'again', type: 'yes_no' })
    const [receiver] = await t.db.query<{ respondent_id: string }>(
      sql`SELECT respondent_id FROM receiver WHERE campaign_id = ${campaignId}::uuid`,
    )
    await callRespondents(engine.deps, t.viewer, { respondentIds: [receiver!.respondent_id] })
    await updateCampaign(engine.deps, t.viewer, {
      ...{ id: await standing(linkId, 'survey_calls'), content: { linkId, followUpSms: 'Go on: {link}' } },
    })
    const again = await testEngine(t, {
      changes: INSTANT_SPEECH,
      people: people({ scripts: [{ endsWith: '', calls: [{ replies: presses(undefined, '2') }] }] }),
    })
    await again.run()
    await again.board.stop()
    await office.run()
    expect(again.fake.calls()).toHaveLength(1)
    expect(office.sms.history).toHaveLength(1)
  })
})

async function standing(linkId: string, kind: string): Promise<string> {
  const [row] = await t.db.query<{ id: string }>(
    sql`SELECT id FROM campaign WHERE link_id = ${linkId}::uuid AND kind = ${kind}::campaign_kind AND standing`,
  )
  return row!.id
}

describe('an SMS broadcast that leads to a survey', () => {
  test('gives each receiver an address of their own, and makes respondents of them', async () => {
    const linkId = await surveyLink(t, QUESTIONS, 'Broadcast')
    const office = postOffice(t)
    const post = postKit(t)
    const phones = numbers(2)
    await post.texts(office, {
      receivers: phones.map((phone) => ({ phone })),
      content: { message: 'How was it? {link}', linkId },
    })
    await office.run()
    const rows = await t.db.query<{ phone: string; id: string }>(
      sql`SELECT c.phone, p.id FROM respondent p JOIN contact c ON c.id = p.contact_id WHERE p.link_id = ${linkId}::uuid`,
    )
    const expected = rows.map(({ phone, id }) => [
      phone,
      `How was it? https://say.test/w/acme/i/broadcast?r=${t.signer.sign('respondent', id)}`,
    ])
    expect(rows).toHaveLength(2)
    expect(office.sms.history.map(({ to, text }) => [to, text]).toSorted()).toEqual(expected.toSorted())
  })

  test('makes nobody a respondent who is not texted, and costs what is sent', async () => {
    const linkId = await surveyLink(t, QUESTIONS, 'Costs')
    const prices = { ...NO_PRICES, sms: { '': { perSegmentCents: 1 } } }
    const office = postOffice(t, { changes: { prices, policy: { ...NO_LIMITS, countries: ['FI'] } } })
    const post = postKit(t)
    const [phone] = numbers(1)
    // With the address as long as it may be, it takes two segments.
    const content = { message: `${'x'.repeat(60)} {link}`, linkId }
    const before = await post.spent()
    const id = await post.texts(office, { receivers: [{ phone: '+46701740605' }, { phone: phone! }], content })
    const [campaign] = await t.db.query(sql`SELECT estimate::int FROM campaign WHERE id = ${id}::uuid`)
    expect(campaign).toEqual({ estimate: 2 * 2 * 10_000 })
    await office.run()
    const people = await t.db.query(
      sql`SELECT c.phone FROM respondent p JOIN contact c ON c.id = p.contact_id WHERE p.link_id = ${linkId}::uuid`,
    )
    expect(people).toEqual([{ phone }])
    expect(office.sms.history[0]!.text.length).toBeLessThanOrEqual(160)
    expect(await post.messagesOf(id)).toMatchObject([{ address: phone, segments: 1, cost: 10_000 }])
    expect(await post.spent()).toBe(before + 10_000)
  })

  test.each([
    ['content.message no_link', { message: 'How was it?' }],
    ['content.linkId unknown_link', { message: '{link}', linkId: '00000000-0000-7000-8000-000000000000' }],
  ])('is refused: %s', async (rule, content) => {
    const linkId = await surveyLink(t, QUESTIONS, 'Refused')
    const office = postOffice(t)
    const broken = brokenRules(
      createCampaign(office.deps, t.viewer, {
        ...{ kind: 'sms_broadcast', receivers: [{ phone: numbers(1)[0]! }], content: { linkId, ...content } },
      }),
    )
    expect(await broken).toEqual([rule])
  })
})
