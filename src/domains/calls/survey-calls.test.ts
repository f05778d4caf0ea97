import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { testEngine } from '../../../test/kit/engine.ts'
import { outreachKit, people } from '../../../test/kit/outreach.ts'
import { INSTANT_SPEECH, presses, type QUESTIONS, shelf, surveyLink } from '../../../test/kit/surveys.ts'
import { eventsAfter, headOf, loadLink, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { Behaviour } from '../../providers/telephony/index.ts'
import {
  addRespondentsCallingSome,
  callRespondents,
  createCampaign,
  deleteCampaign,
  updateCampaign,
} from '../campaigns/index.ts'
import { updateLink, updateQuestion } from '../links/index.ts'
import { deleteResponse, eraseContact } from '../people/index.ts'
import { addRespondents, openSession, recordAnswer, respondentsByNumber, submitResponse } from '../responses/index.ts'
import { applyNews } from './apply-news.ts'
import { fetchRecordings } from './index.ts'

let t: TestWorld
let kit: ReturnType<typeof outreachKit>
let lastPhone = 5_000

beforeAll(async () => {
  t = await testWorld()
  kit = outreachKit(t, '')
}, 60_000)

let before: number
beforeEach(async () => {
  before = await headOf(t.world, t.workspaceId)
})

const engineFor = (...calls: Partial<Behaviour>[]) =>
  testEngine(t, {
    changes: INSTANT_SPEECH,
    people: people({ scripts: [{ endsWith: '', calls: calls as [Partial<Behaviour>] }] }),
  })

async function respondent(linkId: string, phone = `+35840123${++lastPhone}`) {
  const [added] = await addRespondents(t.world, t.viewer, { linkId, respondents: [{ phone, firstName: 'Aino' }] })
  if (added?.outcome !== 'added') throw new Error('not added')
  return added
}

async function statusOf({ legacyId }: { legacyId: number }) {
  return (await respondentsByNumber(t.world, t.viewer, [legacyId])).get(legacyId)!.status
}

interface AnswerRow {
  field_key: string
  value: unknown
  channel: string
  call_id: string | null
  recording_id: string | null
  upload_id: string | null
}

async function responsesOf(respondentId: string) {
  const rows = await t.db.query<{ id: string; status: string; channel: string }>(
    sql`SELECT id, status, channel FROM response WHERE respondent_id = ${respondentId}::uuid ORDER BY started_at, id`,
  )
  return Promise.all(
    rows.map(async (row) => ({
      ...row,
      answers: await t.db.query<AnswerRow>(
        sql`SELECT field_key, value, channel, call_id, recording_id, upload_id FROM answer
            WHERE response_id = ${row.id}::uuid ORDER BY "order"`,
      ),
    })),
  )
}

const valuesOf = (answers: readonly AnswerRow[]) => answers.map(({ field_key, value }) => [field_key, value])

async function campaignOf(linkId: string): Promise<string> {
  const [row] = await t.db.query<{ id: string }>(
    sql`SELECT id FROM campaign WHERE link_id = ${linkId}::uuid AND kind = 'survey_calls'`,
  )
  return row!.id
}

async function statusEvents(respondentId: string) {
  const events = await eventsAfter(t.world, t.workspaceId, before)
  return events.flatMap(([, type, payload]) => {
    const { respondentId: id, to } = payload as { respondentId?: string; to?: string }
    return type === 'respondent.statusChanged' && id === respondentId ? [to] : []
  })
}

describe('a survey by phone', () => {
  test('asks what is shown, keeps every answer with its call and recording, and is submitted once all are here', async () => {
    const linkId = await surveyLink(t)
    const engine = await engineFor({ replies: presses(undefined, '6#', '3#', '1', '2'), speaksMs: 5_000 })
    const person = await respondent(linkId)
    expect(await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })).toEqual([
      { respondentId: person.id, outcome: 'queued', status: 'queued' },
    ])
    expect(await statusOf(person)).toBe('queued')
    await engine.run()
    const [response] = await responsesOf(person.id)
    expect(response).toMatchObject({ status: 'started', channel: 'phone' })
    expect(valuesOf(response!.answers)).toEqual([
      ['nps', 6],
      ['faults', 3],
      ['again', true],
      ['room', 'Green'],
      ['change', null],
    ])
    const calls = engine.fake.calls()
    expect(calls).toHaveLength(1)
    expect(new Set(response!.answers.map(({ call_id: callId, channel }) => `${channel} ${callId}`))).toEqual(
      new Set([`phone ${calls[0]!.callId}`]),
    )
    expect(response!.answers.at(-1)!.recording_id).not.toBeNull()
    // What was said is on its way.
    expect(await statusOf(person)).toBe('called')

    const { objects, storage } = shelf()
    await fetchRecordings({ world: t.world, telephony: engine.fake, storage })
    const [submitted] = await responsesOf(person.id)
    expect(submitted!.status).toBe('completed')
    const [upload] = await t.db.query<{
      storage_key: string
      media_type: string
      duration_seconds: number
      state: string
      sound_state: string
      due: boolean
    }>(
      sql`SELECT u.storage_key, u.media_type, u.duration_seconds, u.state, u.sound_state, a.process_due_at IS NOT NULL AS due
          FROM upload u JOIN answer a ON a.upload_id = u.id WHERE u.id = ${submitted!.answers.at(-1)!.upload_id}::uuid`,
    )
    // From here on it is as if it had been recorded on the page.
    expect(upload).toMatchObject({ media_type: 'audio/wav', state: 'ready', sound_state: 'pending', due: true })
    expect(upload!.duration_seconds).toBe(5)
    expect(objects.get(upload!.storage_key)!.toString('latin1', 8, 12)).toBe('WAVE')
    expect(await statusOf(person)).toBe('surveyed')
    expect(await statusEvents(person.id)).toEqual(['queued', 'called', 'surveyed'])
    const campaign = await campaignOf(linkId)
    expect(await kit.outcomes(campaign)).toEqual(['surveyed 1'])
    expect(await kit.campaignOf(campaign)).toMatchObject({ state: 'active', surveyed: 1, partial: 0, no_replies: 0 })
    await kit.expectExactStats(campaign)
    const types = (await eventsAfter(t.world, t.workspaceId, before)).map(([, type]) => type)
    expect(types.filter((type) => type.startsWith('response.'))).toEqual([
      'response.started',
      ...Array.from({ length: 5 }, () => 'response.answered'),
      'response.submitted',
    ])
    await engine.board.stop()
  })

  test('people are added and called in one change, or neither', async () => {
    const linkId = await surveyLink(t)
    const phone = () => ({ phone: `+35840123${++lastPhone}` })
    const respondents = [{ ...phone(), callNow: true }, phone(), { phone: '1', callNow: true }]
    const trouble = await testEngine(t, {
      changes: {
        voiceFiles: {
          ...INSTANT_SPEECH.voiceFiles,
          speech: {
            voices() {
              throw new Error('nobody can tell')
            },
          } as never,
        },
      },
    })
    const added = () => addRespondentsCallingSome(trouble.deps, t.viewer, { linkId, respondents })
    await expect(added()).rejects.toThrow('nobody can tell')
    const count = sql`SELECT count(*)::int AS count FROM respondent WHERE link_id = ${linkId}::uuid`
    expect(await t.db.query(count)).toEqual([{ count: 0 }])
    await trouble.board.stop()

    const engine = await engineFor({})
    const result = await addRespondentsCallingSome(engine.deps, t.viewer, { linkId, respondents })
    expect(result).toMatchObject({
      added: [{ outcome: 'added' }, { outcome: 'added' }, { outcome: 'refused' }],
      notCalled: null,
    })
    const [called, other] = result.added as { legacyId: number }[]
    expect([await statusOf(called!), await statusOf(other!)]).toEqual(['queued', 'created'])
    await deleteCampaign(engine.deps, t.viewer, await campaignOf(linkId))
    await engine.board.stop()
  })

  test('keeps what was answered when the person hangs up, and goes on there: by phone, and on the page', async () => {
    const linkId = await surveyLink(t)
    const engine = await engineFor(
      { replies: presses(undefined, '9#'), hangsUp: { prompt: 2, afterMs: 500 } },
      { replies: presses(undefined, '2'), hangsUp: { prompt: 2, afterMs: 500 } },
    )
    const person = await respondent(linkId)
    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    await engine.run()
    const campaign = await campaignOf(linkId)
    expect(await kit.outcomes(campaign)).toEqual(['partial 1'])
    expect(valuesOf((await responsesOf(person.id))[0]!.answers)).toEqual([['nps', 9]])
    expect(await statusOf(person)).toBe('called')

    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    expect(await statusOf(person)).toBe('queued')
    await engine.run()
    expect(await kit.outcomes(campaign)).toEqual(['partial 2'])
    const responses = await responsesOf(person.id)
    expect(responses).toHaveLength(1)
    expect(valuesOf(responses[0]!.answers)).toEqual([
      ['nps', 9],
      ['again', false],
    ])
    await kit.expectExactStats(campaign)

    // The page goes on with the same response.
    const link = await loadLink(t.world, t.workspaceId, linkId)
    const session = await openSession(t.world, t.signer, link, {
      channel: 'web',
      respondentToken: t.signer.sign('respondent', person.id),
    })
    expect(session.responseId).toBe(responses[0]!.id)
    await recordAnswer(t.world, t.signer, link, { token: session.token, fieldKey: 'nps', value: 10 })
    // A page sends again what it shows.
    await recordAnswer(t.world, t.signer, link, { token: session.token, fieldKey: 'again', value: false })
    const [after] = await responsesOf(person.id)
    expect(after!.answers[0]).toMatchObject({ value: 10, channel: 'web', call_id: null })
    expect(after!.answers[1]).toMatchObject({ value: false, channel: 'phone', call_id: engine.fake.calls()[1]!.callId })
    await engine.board.stop()
  })

  test('asks again after a wrong key, after silence, and when asked to; then gives up', async () => {
    const linkId = await surveyLink(t, [
      { prompt: 'Yes or no?', fieldKey: 'a', type: 'yes_no', required: true },
      { prompt: 'And this one?', fieldKey: 'b', type: 'yes_no' },
      { prompt: 'And that?', fieldKey: 'c', type: 'yes_no', required: true },
    ] as typeof QUESTIONS)
    const answered = await engineFor({ replies: presses(undefined, '7', '#', '1', '#', undefined, '2') })
    const person = await respondent(linkId)
    await callRespondents(answered.deps, t.viewer, { respondentIds: [person.id] })
    await answered.run()
    expect(valuesOf((await responsesOf(person.id))[0]!.answers)).toEqual([
      ['a', true],
      ['c', false],
    ])
    expect(await statusOf(person)).toBe('surveyed')
    await answered.board.stop()

    // Whoever says nothing at all to what must be answered is left alone.
    const silent = await engineFor({ replies: [] })
    const other = await respondent(linkId)
    await callRespondents(silent.deps, t.viewer, { respondentIds: [other.id] })
    await silent.run()
    expect(await statusOf(other)).toBe('called')
    expect(await kit.outcomes(await campaignOf(linkId))).toEqual(['surveyed 1', 'no_reply 1'])
    const [call] = silent.fake.calls()
    expect(call!.endedAt! - call!.answeredAt!).toBeLessThan(60_000)
    await kit.expectExactStats(await campaignOf(linkId))
    await silent.board.stop()
  })

  test.each([
    ['while it is greeted', presses('*')],
    ['instead of an answer', presses(undefined, '9#', '*')],
    ['while a spoken answer is asked for', presses(undefined, '9#', '1', '#', '*')],
  ])('opts out by a key %s', async (_when, replies) => {
    const linkId = await surveyLink(t)
    const engine = await engineFor({ replies })
    const person = await respondent(linkId)
    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    await engine.run()
    const campaign = await campaignOf(linkId)
    expect(await kit.outcomes(campaign)).toEqual(['opted_out 1'])
    await kit.expectExactStats(campaign)
    // Asked for again, nobody is called.
    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    await engine.run()
    expect(engine.fake.calls()).toHaveLength(1)
    expect((await kit.receiversOf(campaign))[0]).toMatchObject({ state: 'settled', reason: 'OPTED_OUT' })
    expect(await statusOf(person)).toBe('called')
    await engine.board.stop()
  })

  test('says what becomes of numbers: no answer, one that does not exist, one that is none', async () => {
    const linkId = await surveyLink(t)
    const engine = await testEngine(t, {
      changes: INSTANT_SPEECH,
      people: people({
        scripts: [
          { endsWith: '1', calls: [{ outcome: 'rings_out' }] },
          { endsWith: '2', calls: [{ outcome: 'unknown_number' }] },
        ],
      }),
    })
    const persons = [
      await respondent(linkId, '+358401239991'),
      await respondent(linkId, '+358401239992'),
      await respondent(linkId, '111-111-1111'),
    ]
    await callRespondents(engine.deps, t.viewer, { respondentIds: persons.map(({ id }) => id) })
    await engine.run()
    expect(await Promise.all(persons.map(statusOf))).toEqual(['called', 'invalid', 'invalid'])
    expect(await statusEvents(persons[1]!.id)).toEqual(['queued', 'invalid'])
    const campaign = await campaignOf(linkId)
    expect(await kit.outcomes(campaign)).toEqual(['no_answer 3', 'invalid_number 1', 'not_called 0'])
    // An invalid number stays one; nobody is called again.
    expect(await callRespondents(engine.deps, t.viewer, { respondentIds: [persons[1]!.id] })).toMatchObject([
      { outcome: 'invalid', status: 'invalid' },
    ])
    await engine.board.stop()
  })

  test('calls two respondents who are one person, each for themselves', async () => {
    const linkId = await surveyLink(t, [{ prompt: 'Yes?', fieldKey: 'a', type: 'yes_no' }] as typeof QUESTIONS)
    const engine = await engineFor({ replies: presses(undefined, '1') }, { replies: presses(undefined, '2') })
    const phone = `+35840123${++lastPhone}`
    const both = [await respondent(linkId, phone), await respondent(linkId, phone)]
    const ids = both.map(({ id }) => id)
    // Asking twice is asking once.
    await callRespondents(engine.deps, t.viewer, { respondentIds: ids })
    await callRespondents(engine.deps, t.viewer, { respondentIds: ids })
    await engine.run()
    expect(engine.fake.calls()).toHaveLength(2)
    expect(await Promise.all(both.map(statusOf))).toEqual(['surveyed', 'surveyed'])
    // Whoever has answered is not asked again.
    expect(await callRespondents(engine.deps, t.viewer, { respondentIds: ids })).toMatchObject([
      { outcome: 'unchanged', status: 'surveyed' },
      { outcome: 'unchanged', status: 'surveyed' },
    ])
    await engine.run()
    expect(engine.fake.calls()).toHaveLength(2)
    await engine.board.stop()
  })

  test('asks again where the survey allows it, with a response of its own', async () => {
    const linkId = await surveyLink(t, [{ prompt: 'Yes?', fieldKey: 'a', type: 'yes_no' }] as typeof QUESTIONS)
    const engine = await engineFor({ replies: presses(undefined, '1') }, { replies: presses(undefined, '2') })
    const person = await respondent(linkId)
    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    await engine.run()
    await updateCampaign(engine.deps, t.viewer, {
      id: await campaignOf(linkId),
      content: { linkId, allowRepeats: true },
    })
    expect(await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })).toMatchObject([
      { outcome: 'queued' },
    ])
    await engine.run()
    const responses = await responsesOf(person.id)
    expect(responses.map(({ status, answers }) => [status, answers[0]!.value])).toEqual([
      ['completed', true],
      ['completed', false],
    ])
    expect(await statusEvents(person.id)).toEqual(['queued', 'called', 'surveyed', 'queued', 'called', 'surveyed'])
    await engine.board.stop()
  })

  test('a campaign of its own calls contacts, makes respondents of them, and leaves out who has answered', async () => {
    const linkId = await surveyLink(t, [{ prompt: 'Yes?', fieldKey: 'a', type: 'yes_no' }] as typeof QUESTIONS)
    const engine = await engineFor({ replies: presses(undefined, '1') })
    const person = await respondent(linkId)
    const link = await loadLink(t.world, t.workspaceId, linkId)
    const session = await openSession(t.world, t.signer, link, {
      channel: 'web',
      respondentToken: t.signer.sign('respondent', person.id),
    })
    await recordAnswer(t.world, t.signer, link, { token: session.token, fieldKey: 'a', value: false })
    await submitResponse(t.world, t.signer, link, { token: session.token })
    const [contact] = await t.db.query<{ contact_id: string }>(
      sql`SELECT contact_id FROM respondent WHERE id = ${person.id}::uuid`,
    )
    const { id } = await createCampaign(engine.deps, t.viewer, {
      kind: 'survey_calls',
      receivers: [{ phone: `+35840123${++lastPhone}` }, { contactId: contact!.contact_id }],
      content: { linkId, voice: 'fi', tries: 2 },
    })
    await engine.run()
    expect((await kit.receiversOf(id)).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['surveyed', null],
      ['not_called', 'ALREADY_ANSWERED'],
    ])
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed', surveyed: 1 })
    await kit.expectExactStats(id)
    await engine.board.stop()
  })

  test('asks the questions as they are when it calls, once a voice has said them', async () => {
    const linkId = await surveyLink(t, [{ prompt: 'Yes?', fieldKey: 'a', type: 'yes_no' }] as typeof QUESTIONS)
    const engine = await engineFor({ replies: presses(undefined, '1') })
    const [first, second] = [await respondent(linkId), await respondent(linkId)]
    await callRespondents(engine.deps, t.viewer, { respondentIds: [first.id] })
    await engine.run()
    const saidBefore = await said()
    const [question] = await t.db.query<{ id: string }>(sql`SELECT id FROM question WHERE link_id = ${linkId}::uuid`)
    await updateQuestion(t.world, t.viewer, question!.id, { prompt: 'Really?' })
    await callRespondents(engine.deps, t.viewer, { respondentIds: [second.id] })
    await engine.run()
    expect(await statusOf(second)).toBe('surveyed')
    expect((await said()) - saidBefore).toBe(1)
    await engine.board.stop()

    async function said(): Promise<number> {
      const [row] = await t.db.query<{ count: number }>(sql`SELECT count(*)::int AS count FROM voice_file`)
      return row!.count
    }
  })

  test('waits while its link is paused, and calls nobody once it is full', async () => {
    const linkId = await surveyLink(t, [{ prompt: 'Yes?', fieldKey: 'a', type: 'yes_no' }] as typeof QUESTIONS)
    const engine = await engineFor({ replies: presses(undefined, '1') })
    const persons = [await respondent(linkId), await respondent(linkId)]
    await updateLink(t.world, t.viewer, linkId, { status: 'paused' })
    await callRespondents(engine.deps, t.viewer, { respondentIds: [persons[0]!.id] })
    await engine.run(new Date(t.clock.now().getTime() + 120_000))
    expect(engine.fake.calls()).toHaveLength(0)
    await updateLink(t.world, t.viewer, linkId, { status: 'active', maxResponses: 1 })
    await engine.run(new Date(t.clock.now().getTime() + 180_000))
    expect(await statusOf(persons[0]!)).toBe('surveyed')
    await callRespondents(engine.deps, t.viewer, { respondentIds: [persons[1]!.id] })
    await engine.run(new Date(t.clock.now().getTime() + 180_000))
    expect(engine.fake.calls()).toHaveLength(1)
    expect((await kit.receiversOf(await campaignOf(linkId)))[1]).toMatchObject({ reason: 'LINK_FULL' })
    expect(await statusOf(persons[1]!)).toBe('created')
    await engine.board.stop()
  })

  test('has asked nobody who answers when its link has just become full', async () => {
    const linkId = await surveyLink(t, [{ prompt: 'Yes?', fieldKey: 'a', type: 'yes_no' }] as typeof QUESTIONS)
    const engine = await engineFor({ setUpMs: 500, ringMs: 20_000, replies: presses(undefined, '1') })
    const [person, other] = [await respondent(linkId), await respondent(linkId)]
    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    await engine.run(new Date(t.clock.now().getTime() + 5_000))
    expect(engine.fake.calls()).toHaveLength(1)
    await updateLink(t.world, t.viewer, linkId, { maxResponses: 1 })
    const link = await loadLink(t.world, t.workspaceId, linkId)
    const session = await openSession(t.world, t.signer, link, {
      channel: 'web',
      respondentToken: t.signer.sign('respondent', other.id),
    })
    await recordAnswer(t.world, t.signer, link, { token: session.token, fieldKey: 'a', value: true })
    await submitResponse(t.world, t.signer, link, { token: session.token })
    await engine.run()
    const campaign = await campaignOf(linkId)
    expect(engine.fake.calls()).toMatchObject([{ cause: 'answered' }])
    expect(await kit.outcomes(campaign)).toEqual(['no_reply 1'])
    expect(await kit.campaignOf(campaign)).toMatchObject({ surveyed: 0, no_replies: 1 })
    expect([await statusOf(person), await responsesOf(person.id)]).toEqual(['called', []])
    await kit.expectExactStats(campaign)
    await engine.board.stop()
  })

  test('a number that the provider has no way to is not called, and not thought invalid', async () => {
    const linkId = await surveyLink(t, [{ prompt: 'Yes?', fieldKey: 'a', type: 'yes_no' }] as typeof QUESTIONS)
    const isReached = { SE: false }
    const engine = await testEngine(t, {
      changes: { ...INSTANT_SPEECH, reaches: (number) => isReached.SE || !number.startsWith('+46') },
      people: people({ scripts: [{ endsWith: '', calls: [{ replies: presses(undefined, '1') }] }] }),
    })
    const abroad = await respondent(linkId, '+46701234567')
    const here = await respondent(linkId)
    const call = () => callRespondents(engine.deps, t.viewer, { respondentIds: [abroad.id, here.id] })
    await call()
    await engine.run()
    const campaign = await campaignOf(linkId)
    expect((await kit.receiversOf(campaign)).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['not_called', 'NO_ROUTE'],
      ['surveyed', null],
    ])
    expect([await statusOf(abroad), await statusOf(here)]).toEqual(['created', 'surveyed'])
    // Once there is a way, it is called when it is asked for.
    isReached.SE = true
    await call()
    await engine.run()
    expect(await statusOf(abroad)).toBe('surveyed')
    await kit.expectExactStats(campaign)
    await engine.board.stop()
  })

  test('lets go of who waits in it when it is deleted, and calls them anew when asked to', async () => {
    const linkId = await surveyLink(t, [{ prompt: 'Yes?', fieldKey: 'a', type: 'yes_no' }] as typeof QUESTIONS)
    const engine = await engineFor({ replies: presses(undefined, '1') })
    const [person, called] = [await respondent(linkId), await respondent(linkId)]
    await callRespondents(engine.deps, t.viewer, { respondentIds: [called.id] })
    await engine.run()
    await updateLink(t.world, t.viewer, linkId, { status: 'paused' })
    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    expect(await statusOf(person)).toBe('queued')
    await deleteCampaign(engine.deps, t.viewer, await campaignOf(linkId))
    expect(await statusOf(person)).toBe('created')
    expect(await statusOf(called)).toBe('surveyed')
    await updateLink(t.world, t.viewer, linkId, { status: 'active' })
    await engine.run()
    expect(engine.fake.calls()).toHaveLength(1)
    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    await engine.run()
    expect(await statusEvents(person.id)).toEqual(['queued', 'created', 'queued', 'called', 'surveyed'])
    await engine.board.stop()
  })

  test('a campaign of its own that ends leaves those alone who are about to be called by another', async () => {
    const linkId = await surveyLink(t, [{ prompt: 'Yes?', fieldKey: 'a', type: 'yes_no' }] as typeof QUESTIONS)
    const engine = await engineFor({ outcome: 'busy' })
    const person = await respondent(linkId)
    const [row] = await t.db.query<{ contact_id: string }>(
      sql`SELECT contact_id FROM respondent WHERE id = ${person.id}::uuid`,
    )
    const { id } = await createCampaign(engine.deps, t.viewer, {
      ...{ kind: 'survey_calls', receivers: [{ contactId: row!.contact_id }], content: { linkId } },
      ...{ maxAttempts: 3, redialAfterSeconds: 1_800, endsAt: new Date(t.clock.now().getTime() + 3_600_000) },
    })
    await engine.run(new Date(t.clock.now().getTime() + 60_000))
    expect(await statusOf(person)).toBe('called')
    await updateCampaign(engine.deps, t.viewer, { id, kind: 'survey_calls', state: 'halted' })
    await updateLink(t.world, t.viewer, linkId, { status: 'paused' })
    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    await engine.run(new Date(t.clock.now().getTime() + 3_700_000))
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed' })
    expect(await statusOf(person)).toBe('queued')
    await kit.expectExactStats(id)
    const [standing] = await t.db.query<{ id: string }>(
      sql`SELECT id FROM campaign WHERE link_id = ${linkId}::uuid AND standing`,
    )
    await deleteCampaign(engine.deps, t.viewer, standing!.id)
    await engine.board.stop()
  })

  test('forgets what an erased person said, also what had not come yet', async () => {
    const linkId = await surveyLink(t)
    const engine = await engineFor({ replies: presses(undefined, '9#', '1', '1'), speaksMs: 5_000 })
    const person = await respondent(linkId)
    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    await engine.run()
    const [row] = await t.db.query<{ contact_id: string }>(
      sql`SELECT contact_id FROM respondent WHERE id = ${person.id}::uuid`,
    )
    await eraseContact(t.world, t.viewer, row!.contact_id)
    const { objects, storage } = shelf()
    await fetchRecordings({ world: t.world, telephony: engine.fake, storage })
    expect(objects.size).toBe(0)
    const [response] = await responsesOf(person.id)
    expect(response!.answers.map(({ value, upload_id }) => [value, upload_id])).toEqual(
      response!.answers.map(() => [null, null]),
    )
    // The keys stood in the state of the call as well.
    const calls = await t.db.query(sql`SELECT phone, digits, flow FROM call WHERE respondent_id = ${person.id}::uuid`)
    expect(calls).toEqual([{ phone: null, digits: null, flow: null }])
    await engine.board.stop()
  })

  test.each([
    ['is under way', 'before the first answer', 0],
    ['is under way', 'after an answer', 1],
    ['was given up and goes on', 'after an answer', 1],
  ])('that %s forgets what is pressed and said for a response that was deleted %s', async (which, _when, answers) => {
    const linkId = await surveyLink(t)
    const replies = presses(undefined, '6#', '3#', '1', '2')
    const engine = await engineFor({ replies, speaksMs: 5_000, patienceMs: 60_000 })
    const person = await respondent(linkId)
    await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
    const campaign = await campaignOf(linkId)
    const callOf = async () =>
      (
        await t.db.query<{ id: string; digits: string | null; flow: { survey: { answers: object } } | null }>(
          sql`SELECT id, digits, flow FROM call WHERE respondent_id = ${person.id}::uuid`,
        )
      )[0]
    for (let step = 0; step < 600; step++) {
      const survey = (await callOf())?.flow?.survey
      if (survey && Object.keys(survey.answers).length === answers) break
      await engine.run(new Date(t.clock.now().getTime() + 200))
    }
    const call = (await callOf())!
    expect(Object.keys(call.flow!.survey.answers)).toHaveLength(answers)
    if (which === 'was given up and goes on') {
      await applyNews(engine.deps, t.workspaceId, [{ callId: call.id, type: 'lost' }], [campaign])
    }
    const [deleted] = await responsesOf(person.id)
    await deleteResponse(t.world, t.viewer, deleted!.id)
    // They begin anew on the page meanwhile: what is pressed is no answer there.
    const respondentToken = t.signer.sign('respondent', person.id)
    const link = await loadLink(t.world, t.workspaceId, linkId)
    const { responseId } = await openSession(t.world, t.signer, link, { channel: 'web', respondentToken })

    await engine.run()
    const happened = (what: string) =>
      engine.fake.history.filter((entry) => entry.what === what && 'callId' in entry && entry.callId === call.id)
    const recorded = happened('recorded')
    expect(recorded).toHaveLength(which === 'is under way' ? 1 : 0)
    const { objects, storage } = shelf()
    while ((await fetchRecordings({ world: t.world, telephony: engine.fake, storage })) > 0);
    expect(objects.size).toBe(0)
    expect(happened('discarded')).toHaveLength(recorded.length)
    expect(await t.db.query(sql`SELECT state, duration_ms FROM recording WHERE call_id = ${call.id}::uuid`)).toEqual(
      recorded.map(() => ({ state: 'lost', duration_ms: null })),
    )
    expect(await responsesOf(person.id)).toMatchObject([{ id: responseId, status: 'started', answers: [] }])
    expect(await callOf()).toMatchObject({ digits: null, flow: { digits: null, survey: { answers: {} } } })
    // What the call came to is counted all the same.
    await kit.expectExactStats(campaign)
    await engine.board.stop()
  })
})
