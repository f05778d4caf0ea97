import { beforeAll, describe, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { testEngine } from '../../../test/kit/engine.ts'
import { amid } from '../../../test/kit/locks.ts'
import { people } from '../../../test/kit/outreach.ts'
import { numbers } from '../../../test/kit/post.ts'
import { INSTANT_SPEECH, presses, surveyLink } from '../../../test/kit/surveys.ts'
import { loadLink, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { callRespondents } from '../campaigns/index.ts'
import { createContact } from '../contacts/index.ts'
import { createLink } from '../links/index.ts'
import { addRespondents, forgetRecordedAnswer, inviteRespondent, openSession } from '../responses/index.ts'
import { deleteResponse, eraseContact, mergeContacts } from './index.ts'

let t: TestWorld
beforeAll(async () => {
  t = await testWorld()
}, 60_000)

type Table = 'response' | 'respondent' | 'answer' | 'call' | 'recording'

const FROM = {
  response: sql`FROM response`,
  respondent: sql`FROM respondent`,
  answer: sql`FROM answer`,
  call: sql`FROM call`,
  recording: sql`FROM recording`,
}

/** Fails when somebody else has one of them. */
const lock = (table: Table, ids: readonly string[]) => async (tx: Tx) => {
  const rows = await tx.query(sql`SELECT 1 ${FROM[table]} WHERE id = ANY(${ids}::uuid[]) FOR UPDATE NOWAIT`)
  expect(rows).toHaveLength(ids.length)
}

/** Somebody who has begun to answer. */
async function participant(linkId: string) {
  const { id: contactId } = await createContact(t.world, t.viewer, { name: 'x' })
  const { id: respondentId } = await inviteRespondent(t.world, t.viewer, { linkId, contactId })
  const respondentToken = t.signer.sign('respondent', respondentId)
  const link = await loadLink(t.world, t.workspaceId, linkId)
  const { responseId } = await openSession(t.world, t.signer, link, { channel: 'web', respondentToken })
  return { contactId, respondentId, responseId }
}

/** Somebody who was called and said something, of which the recording has not been fetched. */
async function spoke() {
  const everything = { replies: presses(undefined, '6#', '3#', '1', '2'), speaksMs: 5_000 }
  const answering = people({ scripts: [{ endsWith: '', calls: [everything] }] })
  const engine = await testEngine(t, { changes: INSTANT_SPEECH, people: answering })
  const linkId = await surveyLink(t)
  const respondents = [{ phone: numbers(1)[0]! }]
  const [added] = await addRespondents(t.world, t.viewer, { linkId, respondents })
  const respondentId = added!.outcome === 'added' ? added!.id : ''
  await callRespondents(engine.deps, t.viewer, { respondentIds: [respondentId] })
  await engine.run()
  await engine.board.stop()
  const rows = await t.db.query<Record<'contactId' | 'responseId' | 'answerId' | 'callId' | 'recordingId', string>>(
    sql`SELECT p.contact_id AS "contactId", r.id AS "responseId", a.id AS "answerId", a.call_id AS "callId",
               a.recording_id AS "recordingId"
        FROM respondent p JOIN response r ON r.respondent_id = p.id JOIN answer a ON a.response_id = r.id
        WHERE p.id = ${respondentId}::uuid AND a.recording_id IS NOT NULL`,
  )
  expect(rows).toHaveLength(1)
  return { linkId, ...rows[0]! }
}

describe.runIf(onPostgres)('nobody waits in a circle', () => {
  test('who merges contacts, and who submits a response of one of them', async () => {
    const { id: linkId } = await createLink(t.world, t.viewer, { name: 'Both' })
    const [kept, other] = [await participant(linkId), await participant(linkId)]
    await amid(
      t.db,
      lock('response', [other.responseId]),
      () => mergeContacts(t.world, t.viewer, { id: kept.contactId, duplicateIds: [other.contactId] }),
      lock('respondent', [other.respondentId, kept.respondentId]),
    )
    const moved = await t.db.query(
      sql`SELECT respondent_id FROM response WHERE id IN (${kept.responseId}::uuid, ${other.responseId}::uuid)`,
    )
    expect(moved).toEqual([{ respondent_id: kept.respondentId }, { respondent_id: kept.respondentId }])
  })

  test('who merges contacts, and who deletes a response of one of them that a call brought', async () => {
    const { linkId, contactId, responseId, callId } = await spoke()
    const { contactId: id } = await participant(linkId)
    await amid(
      t.db,
      lock('call', [callId]),
      () => mergeContacts(t.world, t.viewer, { id, duplicateIds: [contactId] }),
      lock('response', [responseId]),
    )
    await deleteResponse(t.world, t.viewer, responseId)
  })

  test('who erases a contact, and who submits a response of it', async () => {
    const { id: linkId } = await createLink(t.world, t.viewer, { name: 'Erased' })
    const { contactId, respondentId, responseId } = await participant(linkId)
    await t.db.query(sql`UPDATE respondent SET legacy_form = '{}' WHERE id = ${respondentId}::uuid`)
    await amid(
      t.db,
      lock('response', [responseId]),
      () => eraseContact(t.world, t.viewer, contactId),
      lock('respondent', [respondentId]),
    )
    expect(await t.db.query(sql`SELECT legacy_form FROM respondent WHERE id = ${respondentId}::uuid`)).toEqual([
      { legacy_form: null },
    ])
  })

  test('who erases a contact, and who brings what it said in a call', async () => {
    const { contactId, responseId, recordingId } = await spoke()
    await amid(
      t.db,
      lock('recording', [recordingId]),
      () => eraseContact(t.world, t.viewer, contactId),
      lock('response', [responseId]),
    )
  })

  test('who gives up a recording, and who answers otherwise', async () => {
    const { responseId, answerId, recordingId } = await spoke()
    const forget = () =>
      t.world.events.write(t.workspaceId, (tx, emit) =>
        forgetRecordedAnswer(t.world, tx, emit, t.workspaceId, recordingId),
      )
    await amid(t.db, lock('response', [responseId]), forget, lock('answer', [answerId]))
    expect(await t.db.query(sql`SELECT FROM answer WHERE id = ${answerId}::uuid`)).toEqual([])
  })
})
