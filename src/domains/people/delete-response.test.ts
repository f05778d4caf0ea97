import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { testEngine } from '../../../test/kit/engine.ts'
import { people } from '../../../test/kit/outreach.ts'
import { INSTANT_SPEECH, presses, shelf, surveyLink } from '../../../test/kit/surveys.ts'
import { tablesWith } from '../../../test/kit/tables-with.ts'
import { eventsAfter, headOf, loadLink, refusal, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { fakeAudio } from '../../providers/audio/index.ts'
import { memoryStorage } from '../../providers/storage/index.ts'
import { fetchRecordings } from '../calls/index.ts'
import { callRespondents } from '../campaigns/index.ts'
import { createLink, type LinkRow, updateLink } from '../links/index.ts'
import {
  addRespondents,
  beginUpload,
  clearAnswer,
  openSession,
  recordAnalysis,
  recordAnswer,
  responseForDelivery,
  submitResponse,
  sweepUploads,
  uploadAnswer,
} from '../responses/index.ts'
import { deleteResponse } from './index.ts'

const WAV = Buffer.concat([Buffer.from('524946462400000057415645666d742010000000', 'hex'), Buffer.alloc(100)])
const SECRET = 'Rumpelstiltskin'

let kit: TestWorld
let storage: ReturnType<typeof memoryStorage>
beforeAll(async () => {
  kit = await testWorld()
}, 60_000)
beforeEach(() => {
  storage = memoryStorage()
})

async function makeLink(): Promise<LinkRow> {
  const questions = [
    { prompt: 'Voice', fieldKey: 'voice', type: 'voice' },
    { prompt: 'Text', fieldKey: 'text', type: 'text' },
    { prompt: 'Mail', fieldKey: 'mail', type: 'email' },
  ] as const
  const { id } = await createLink(kit.world, kit.viewer, { name: 'Survey', questions: [...questions] })
  return loadLink(kit.world, kit.workspaceId, id)
}

async function* source() {
  yield WAV
}
const deps = () => ({ world: kit.world, signer: kit.signer, storage, audio: fakeAudio(), maxUploadBytes: 10_000 })

/** What somebody answers by the public address, full of what must not be found again. */
async function answer(link: LinkRow) {
  const { world, signer } = kit
  const { token, responseId } = await openSession(world, signer, link, { channel: 'web' })
  const { answerId } = await uploadAnswer(deps(), link, {
    ...{ token, fieldKey: 'voice', fileName: `${SECRET}.wav`, source: source() },
  })
  await recordAnswer(world, signer, link, { token, fieldKey: 'text', value: SECRET })
  await recordAnswer(world, signer, link, { token, fieldKey: 'mail', value: `${SECRET}@example.com` })
  return { token, responseId, answerId }
}

/** The same, submitted and analysed. */
async function respond(link: LinkRow) {
  const { world, signer } = kit
  const answered = await answer(link)
  await submitResponse(world, signer, link, { token: answered.token })
  const { responseId, answerId } = answered
  const insight = { summary: SECRET, keyTopics: [SECRET], customFields: [{ name: SECRET, value: SECRET }] }
  const input = { responseId, method: 'ears', idempotencyKey: responseId }
  const analysis = { ...input, answers: [{ answerId, transcript: { text: SECRET }, insight }] }
  await recordAnalysis(world, kit.viewer, analysis)
  return { ...answered, analysis }
}

const countsOf = async ({ id }: LinkRow) => {
  const [counts] = await kit.db.query(
    sql`SELECT response_count AS completed,
               (SELECT count(*)::int FROM response r WHERE r.link_id = l.id) AS responses,
               (SELECT count(*)::int FROM respondent p WHERE p.link_id = l.id) AS respondents
        FROM link l WHERE l.id = ${id}::uuid`,
  )
  return counts
}

describe('deleting a response', () => {
  test('leaves nothing of an anonymous one in any table or in the storage, and nothing else is touched', async () => {
    const link = await makeLink()
    const kept = await answer(link)
    await submitResponse(kit.world, kit.signer, link, { token: kept.token })
    const before = await tablesWith(kit.db, SECRET)
    const keys = [...storage.objects.keys()]
    const { responseId, token, analysis } = await respond(link)
    const [row] = await kit.db.query<{ respondent_id: string }>(
      sql`SELECT respondent_id FROM response WHERE id = ${responseId}::uuid`,
    )
    expect(storage.objects.size).toBe(2)
    expect(await countsOf(link)).toEqual({ completed: 2, responses: 2, respondents: 2 })

    const head = await headOf(kit.world, kit.workspaceId)
    await deleteResponse(kit.world, kit.viewer, responseId)
    expect(await eventsAfter(kit.world, kit.workspaceId, head)).toMatchObject([
      [head + 1, 'response.deleted', { linkId: link.id, responseId, respondentId: row!.respondent_id }],
    ])
    await sweepUploads(kit.world, storage)
    expect([...storage.objects.keys()]).toEqual(keys)
    expect(await countsOf(link)).toEqual({ completed: 1, responses: 1, respondents: 1 })
    expect(await tablesWith(kit.db, SECRET)).toEqual(before)
    // Ids stay in events alone, which name nobody, and where a repetition is told apart.
    expect(await tablesWith(kit.db, responseId)).toEqual(['event', 'idempotency'])

    // A delivery that is still to be made has nothing to tell of, and is cancelled.
    expect(await responseForDelivery(kit.world, kit.workspaceId, responseId)).toBeUndefined()
    for (const gone of [
      () => deleteResponse(kit.world, kit.viewer, responseId),
      () => recordAnswer(kit.world, kit.signer, link, { token, fieldKey: 'text', value: 'x' }),
      () => submitResponse(kit.world, kit.signer, link, { token }),
      () => recordAnalysis(kit.world, kit.viewer, analysis),
    ]) {
      expect((await refusal(gone())).code).toBe('NOT_FOUND')
    }
  })

  test('ends one that is being filled in, uploads that are on their way included', async () => {
    const link = await makeLink()
    const { responseId, token } = await answer(link)
    await beginUpload(deps(), link, { token, fieldKey: 'voice', fileName: null, size: 5_000 })
    await deleteResponse(kit.world, kit.viewer, responseId)
    expect(await countsOf(link)).toEqual({ completed: 0, responses: 0, respondents: 0 })
    expect((await refusal(clearAnswer(kit.world, kit.signer, link, { token, fieldKey: 'text' }))).code).toBe(
      'NOT_FOUND',
    )
    await sweepUploads(kit.world, storage)
    expect(storage.objects.size).toBe(0)
    expect(await kit.db.query(sql`SELECT 1 FROM upload WHERE response_id IS NULL`)).toEqual([])
  })

  test('stops an upload that is arriving, and its bytes do not stay', async () => {
    const link = await makeLink()
    const { responseId, token } = await openSession(kit.world, kit.signer, link, { channel: 'web' })
    async function* interrupted() {
      yield WAV.subarray(0, 40)
      await deleteResponse(kit.world, kit.viewer, responseId)
      await sweepUploads(kit.world, storage)
      yield WAV.subarray(40)
    }
    const upload = uploadAnswer(deps(), link, { token, fieldKey: 'voice', fileName: null, source: interrupted() })
    expect((await refusal(upload)).code).toBe('NOT_FOUND')
    await sweepUploads(kit.world, storage)
    expect(storage.objects.size).toBe(0)
  })

  test('makes room in a link that was full', async () => {
    const link = await makeLink()
    await updateLink(kit.world, kit.viewer, link.id, { maxResponses: 1 })
    const { responseId } = await respond(link)
    const open = async () =>
      openSession(kit.world, kit.signer, await loadLink(kit.world, kit.workspaceId, link.id), { channel: 'web' })
    expect((await refusal(open())).code).toBe('LINK_FULL')
    await deleteResponse(kit.world, kit.viewer, responseId)
    await open()
  })

  test('is refused to another workspace and without the scope', async () => {
    const link = await makeLink()
    const { responseId } = await answer(link)
    for (const id of [responseId, 'x']) {
      expect((await refusal(deleteResponse(kit.world, kit.otherViewer, id))).code).toBe('NOT_FOUND')
    }
    const reader = { ...kit.viewer, scopes: new Set(['responses:read'] as const) }
    expect((await refusal(deleteResponse(kit.world, reader, responseId))).code).toBe('INSUFFICIENT_SCOPE')
    expect(await countsOf(link)).toMatchObject({ responses: 1 })
  })

  test('given by telephone takes what was said and pressed in the call, and leaves the person and the call', async () => {
    const linkId = await surveyLink(kit, [
      { prompt: 'Yes?', fieldKey: 'yes', type: 'yes_no' },
      { prompt: 'Say', fieldKey: 'say', type: 'voice' },
    ] as never)
    const engine = await testEngine(kit, {
      changes: INSTANT_SPEECH,
      people: people({ scripts: [{ endsWith: '', calls: [{ replies: presses(undefined, '1'), speaksMs: 2_000 }] }] }),
    })
    const [person] = await addRespondents(kit.world, kit.viewer, { linkId, respondents: [{ phone: '+358401239001' }] })
    if (person?.outcome !== 'added') throw new Error('not added')
    await callRespondents(engine.deps, kit.viewer, { respondentIds: [person.id] })
    await engine.run()
    const { objects, storage } = shelf()
    const fetch = () => fetchRecordings({ world: kit.world, telephony: engine.fake, storage })
    await fetch()
    const [response] = await kit.db.query<{ id: string; status: string }>(
      sql`SELECT id, status FROM response WHERE respondent_id = ${person.id}::uuid`,
    )
    expect([response!.status, objects.size]).toEqual(['completed', 2])
    await deleteResponse(kit.world, kit.viewer, response!.id)
    await fetch()
    await sweepUploads(kit.world, storage)
    expect(objects.size).toBe(0)
    const rows = await kit.db.query(
      sql`SELECT p.status, c.digits, c.flow, c.phone, c.state, r.state AS recording
          FROM respondent p JOIN call c ON c.respondent_id = p.id JOIN recording r ON r.call_id = c.id
          WHERE p.id = ${person.id}::uuid`,
    )
    expect(rows).toEqual([
      { status: 'surveyed', digits: null, flow: null, phone: '+358401239001', state: 'ended', recording: 'lost' },
    ])
    await engine.board.stop()
  })
})
