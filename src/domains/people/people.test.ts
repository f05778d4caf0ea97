import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { numbers, postKit, postOffice } from '../../../test/kit/post.ts'
import { tablesWith as tablesWithText } from '../../../test/kit/tables-with.ts'
import {
  brokenRules,
  eventsAfter,
  headOf,
  loadLink,
  refusal,
  type TestWorld,
  testWorld,
} from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { EventType } from '../../events/index.ts'
import { createLogger } from '../../platform/logger.ts'
import { fakeAudio } from '../../providers/audio/index.ts'
import type { Outbound } from '../../providers/outbound/index.ts'
import { memoryStorage } from '../../providers/storage/index.ts'
import {
  addToContactList,
  createContact,
  createContactList,
  deleteContact,
  isOptedOut,
  optOut,
  updateContact,
} from '../contacts/index.ts'
import { createLink } from '../links/index.ts'
import { sweepOutboxes } from '../messages/index.ts'
import { addMessages, createMessageWriter, type MessageInput, verifyMetrics } from '../messaging/index.ts'
import { readMetric } from '../metrics/index.ts'
import {
  awaitingAnalysis,
  inviteRespondent,
  openSession,
  recordAnalysis,
  recordAnswer,
  resumeSession,
  submitResponse,
  sweepUploads,
  uploadAnswer,
} from '../responses/index.ts'
import { createDispatcher, createWebhook, deleteWebhook, feedWebhooks, standardRequest } from '../webhooks/index.ts'
import { eraseContact, mergeContacts } from './index.ts'

const WAV = Buffer.concat([Buffer.from('524946462400000057415645666d742010000000', 'hex'), Buffer.alloc(100)])
const SECRET = 'Rumpelstiltskin'

let kit: TestWorld
let storage: ReturnType<typeof memoryStorage>
beforeAll(async () => {
  kit = await testWorld()
  storage = memoryStorage()
})

const person = async (input: object = { name: 'x' }) => (await createContact(kit.world, kit.viewer, input)).id
const makeLink = async () => {
  const { id } = await createLink(kit.world, kit.viewer, {
    name: 'Survey',
    questions: [
      { prompt: 'Voice', type: 'voice' },
      { prompt: 'Text', type: 'text' },
      { prompt: 'Mail', type: 'email' },
    ],
  })
  return loadLink(kit.world, kit.workspaceId, id)
}
const invite = async (linkId: string, contactId: string) =>
  (await inviteRespondent(kit.world, kit.viewer, { linkId, contactId })).id

/** A submitted and analysed response of a respondent, full of what must not be found again. */
async function respond(link: Awaited<ReturnType<typeof makeLink>>, respondentId: string) {
  const { world, signer } = kit
  const { token, responseId } = await openSession(world, signer, link, {
    channel: 'web',
    respondentToken: signer.sign('respondent', respondentId),
  })
  async function* source() {
    yield WAV
  }
  const deps = { world, signer, storage, audio: fakeAudio(), maxUploadBytes: 10_000 }
  const { answerId } = await uploadAnswer(deps, link, {
    ...{ token, fieldKey: 'voice', fileName: `${SECRET}.wav`, source: source() },
  })
  await recordAnswer(world, signer, link, { token, fieldKey: 'text', value: SECRET })
  await recordAnswer(world, signer, link, { token, fieldKey: 'mail', value: `${SECRET}@example.com` })
  await submitResponse(world, signer, link, { token })
  await recordAnalysis(world, kit.viewer, {
    ...{ responseId, method: 'ears' },
    answers: [{ answerId, transcript: { text: SECRET }, insight: { summary: SECRET, keyTopics: [SECRET] } }],
  })
  return responseId
}

const tablesWith = (text: string) => tablesWithText(kit.db, text)

/** A webhook whose receiver answers with what it was sent of a person. */
async function tellOf(eventTypes: EventType[], status = 200) {
  const { world } = kit
  const { id } = await createWebhook(world, kit.viewer, { url: 'https://hooks.invalid/', eventTypes })
  onTestFinished(() => deleteWebhook(world, kit.viewer, id))
  const logger = createLogger('silent')
  let answering = Promise.resolve()
  const body = `got ${SECRET}`
  const outbound: Outbound = {
    async post() {
      await answering
      return { outcome: 'answered', status, headers: {}, body, truncated: false, durationMs: 1 }
    },
    close: async () => {},
  }
  const builders = { standard: standardRequest, sayify: standardRequest, multisender: standardRequest }
  const dispatcher = createDispatcher({ world, outbound, builders, logger, timeoutMs: 1_000 })
  const begin = async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    answering = promise
    while ((await feedWebhooks(world, { logger, analysisWaitMs: 0, awaitingAnalysis })) > 0);
    await dispatcher.run()
    return () => {
      resolve()
      return dispatcher.settled()
    }
  }
  return {
    /** Sends what waits; the receiver answers when what is returned is called. */
    begin,
    send: async () => (await begin())(),
    /** What was kept, of each delivery. */
    async answers(): Promise<(string | null)[]> {
      const rows = await kit.db.query<{ response_body: string | null }>(
        sql`SELECT a.response_body FROM webhook_attempt a JOIN webhook_delivery d ON d.id = a.delivery_id
            WHERE d.webhook_id = ${id}::uuid`,
      )
      return rows.map((row) => row.response_body)
    },
  }
}

describe('erasing', () => {
  test('leaves nothing personal in any table or in the storage, and keeps what counts', async () => {
    const told = await tellOf(['contact.created', 'respondent.created', 'response.submitted'])
    const id = await person({
      ...{ firstName: SECRET, email: `${SECRET}@example.com`, phone: '+358405550111', note: SECRET, company: SECRET },
      ...{ externalKey: SECRET, address: SECRET, city: SECRET, website: SECRET, nickname: SECRET, gender: SECRET },
    })
    const duplicate = await person({ name: `${SECRET} II`, phone: '+358405550222' })
    const list = await createContactList(kit.world, kit.viewer, { name: 'List' })
    await addToContactList(kit.world, kit.viewer, list.id, [id])
    const link = await makeLink()
    const responseId = await respond(link, await invite(link.id, duplicate))
    await mergeContacts(kit.world, kit.viewer, { id, duplicateIds: [duplicate] })
    await optOut(kit.world, kit.viewer, { contactId: id, channels: ['call'] })
    // The two contacts, the participation of one, and its response.
    await told.send()
    expect(await told.answers()).toEqual(Array(4).fill(`got ${SECRET}`))
    const other = await person({ name: 'Other' })
    const kept = await respond(link, await invite(link.id, other))

    const before = await headOf(kit.world, kit.workspaceId)
    await eraseContact(kit.world, kit.viewer, id)
    // What another person said stays; everything below is about the erased one.
    await eraseContact(kit.world, kit.viewer, other)
    await kit.clock.advance(3_600_000)
    await sweepUploads(kit.world, storage)

    expect(await tablesWith(SECRET)).toEqual([])
    expect(await told.answers()).toEqual(Array(4).fill(null))
    expect(await tablesWith('5550111')).toEqual([])
    expect(await tablesWith('5550222')).toEqual([])
    expect([...storage.objects.keys()]).toEqual([])
    const [counts] = await kit.db.query(
      sql`SELECT (SELECT response_count FROM link WHERE id = ${link.id}::uuid) AS of_link,
                 (SELECT count(*)::int FROM answer WHERE response_id IN (${responseId}::uuid, ${kept}::uuid)) AS answers,
                 (SELECT count(*)::int FROM upload) AS uploads,
                 (SELECT member_count FROM contact_list WHERE id = ${list.id}::uuid) AS members`,
    )
    expect(counts).toEqual({ of_link: 2, answers: 6, uploads: 0, members: 0 })
    const events = await eventsAfter(kit.world, kit.workspaceId, before)
    expect(events.map(([, type, payload]) => [type, (payload as { contactId?: string }).contactId])).toEqual([
      ['contactList.membersChanged', undefined],
      ...[id, duplicate].toSorted().map((each) => ['contact.erased', each]),
      ['contact.erased', other],
    ])
    expect(await isOptedOut(kit.world, kit.db, kit.workspaceId, { channel: 'call', address: '+358405550111' })).toBe(
      true,
    )
    await eraseContact(kit.world, kit.viewer, id)
    expect((await refusal(updateContact(kit.world, kit.viewer, id, { name: 'x' }))).code).toBe('NOT_FOUND')
  })

  test.each([200, 500])('keeps nothing that a receiver answers (%i) while they are erased', async (status) => {
    const told = await tellOf(['contact.created'], status)
    const [id, other] = [await person({ name: SECRET }), await person()]
    const answered = await told.begin()
    await eraseContact(kit.world, kit.viewer, id)
    await answered()
    expect((await told.answers()).toSorted()).toEqual([`got ${SECRET}`, null])
    await eraseContact(kit.world, kit.viewer, other)
    expect(await told.answers()).toEqual([null, null])
  })

  test('reaches messages: where they went, what was said of them, and the copies of those that were sent', async () => {
    const forgotten: string[] = []
    const office = postOffice(kit)
    office.deps.email.forget = async (ids) => void forgotten.push(...ids)
    const address = `${SECRET}.mail@example.com`
    const id = await person({ email: address })
    const post = postKit(kit)
    const detail = `550 <${address}> is nobody`
    office.email.answers.push({ outcome: 'refused', reason: 'rejected', retryable: false, message: detail })
    const refused = await post.mails(office, { receivers: [{ contactId: id }] })
    await office.run()
    const sent = await post.mails(office, { receivers: [{ contactId: id }] })
    await office.run()
    office.email.answers.push({ outcome: 'refused', reason: 'deferred', retryable: true, message: detail })
    const resting = await post.mails(office, { receivers: [{ contactId: id }] })
    await office.work()
    const tables = await tablesWith(address)
    expect(tables).toEqual(['contact', 'outbound_message'])
    await eraseContact(kit.world, kit.viewer, id)
    expect(await tablesWith(address)).toEqual([])
    expect(await sweepOutboxes(kit.world, office.deps)).toBe(3)
    const messages = [await post.messagesOf(refused), await post.messagesOf(sent), await post.messagesOf(resting)]
    expect(forgotten.toSorted()).toEqual(messages.map(([message]) => message!.id).toSorted())
    expect(messages.map(([message]) => [message!.state, message!.address, message!.failure])).toEqual([
      ['failed', null, 'erased'],
      ['sent', null, null],
      ['queued', null, 'erased'],
    ])
    await office.run()
    expect(await post.outcomes(resting)).toEqual(['failed NO_NUMBER 1'])
    expect(await tablesWith(address)).toEqual([])
  })

  test('reaches what was exchanged with the addresses, however clients write them, and those of before', async () => {
    const writer = createMessageWriter(kit.world)
    const office = postOffice(kit)
    const mail = `${SECRET}.chat@Example.com`
    const id = await person({ email: mail, phone: '+358405550301' })
    await postKit(kit).texts(office, { receivers: [{ contactId: id }] })
    await office.run()
    await updateContact(kit.world, kit.viewer, id, { phone: '+358405550302' })
    await postKit(kit).texts(office, { receivers: [{ contactId: id }] })
    await office.run()
    await updateContact(kit.world, kit.viewer, id, { phone: '+358405550303' })
    // The first number has another owner by now.
    const heir = await person({ name: 'Heir', phone: '+358405550301' })
    const said = (customerChannelIdentifier: string, more: Partial<MessageInput> = {}): MessageInput => ({
      ...{ direction: 'in', channel: 'WHATSAPP', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567' },
      ...{ customerChannelIdentifier, content: { textContent: `said by ${customerChannelIdentifier}` }, ...more },
    })
    await addMessages({ world: kit.world, writer }, kit.viewer, [
      said('+358405550303', { conversation: 'with 358405550303', actor: SECRET }),
      said('358405550303'),
      said('+358405550302', { direction: 'out' }),
      said('+358405550301'),
      said(mail),
      said(mail.toLowerCase(), { conversation: mail }),
    ])
    const count = async () => {
      const period = { from: new Date(0), to: new Date('2100-01-01') }
      const metrics = ['messages', 'activeContacts', 'messagesPerConversation'] as const
      return Promise.all(
        metrics.map(async (metric) => (await readMetric(kit.world, kit.viewer, { metric, ...period })).value),
      )
    }
    const before = await count()
    await eraseContact(kit.world, kit.viewer, id)
    for (const gone of ['405550303', '405550302', SECRET]) expect(await tablesWith(gone)).toEqual([])
    expect(await tablesWith('said by')).toEqual(['message'])
    expect(await tablesWith('405550301')).toEqual(['contact', 'message', 'message_thread'])
    expect(await count()).toEqual(before)
    expect((await verifyMetrics(kit.world, kit.viewer)).differences).toEqual([])
    await eraseContact(kit.world, kit.viewer, heir)
    expect(await tablesWith('405550301')).toEqual([])
    expect(await tablesWith('said by')).toEqual([])
  })

  test('does not touch anybody else, and finds deleted contacts', async () => {
    const link = await makeLink()
    const [a, b] = [await person({ name: 'Ann Keeper' }), await person({ name: 'Bob Goner' })]
    const kept = await respond(link, await invite(link.id, a))
    await deleteContact(kit.world, kit.viewer, b)
    await eraseContact(kit.world, kit.viewer, b)
    expect(await tablesWith('Bob Goner')).toEqual([])
    expect(await tablesWith(SECRET)).toEqual(['answer', 'answer_words', 'insight', 'response', 'transcript', 'upload'])
    const [answer] = await kit.db.query(
      sql`SELECT text FROM answer WHERE response_id = ${kept}::uuid AND field_key = 'text'`,
    )
    expect(answer).toEqual({ text: SECRET })
    expect((await refusal(eraseContact(kit.world, kit.otherViewer, a))).code).toBe('NOT_FOUND')
  })
})

describe('merging', () => {
  test('makes one person of several, with all that was known and happened', async () => {
    const link = await makeLink()
    const shared = await makeLink()
    const id = await person({ name: 'Ann', phone: '+358405550300' })
    const first = await person({ name: 'Anna', email: 'ann@example.com', city: 'Turku', phone: '+358405550301' })
    const second = await person({ email: 'ann2@example.com', city: 'Oulu', company: 'Acme', externalKey: 'k' })
    const ofFirst = await invite(link.id, first)
    const [ofKept, ofSecond] = [await invite(shared.id, id), await invite(shared.id, second)]
    const moved = await respond(shared, ofSecond)
    const lists = [
      await createContactList(kit.world, kit.viewer, { name: 'Both' }),
      await createContactList(kit.world, kit.viewer, { name: 'One' }),
    ]
    const bystander = await person()
    await addToContactList(kit.world, kit.viewer, lists[0]!.id, [first, bystander, id])
    await addToContactList(kit.world, kit.viewer, lists[1]!.id, [second])
    await optOut(kit.world, kit.viewer, { contactId: first, channels: ['call'] })
    const before = await headOf(kit.world, kit.workspaceId)
    await mergeContacts(kit.world, kit.viewer, { id, duplicateIds: [first, second, first] })

    const [contact] = await kit.db.query(
      sql`SELECT name, phone, email, city, company, external_key, deleted_at FROM contact WHERE id = ${id}::uuid`,
    )
    expect(contact).toEqual({
      ...{ name: 'Ann', phone: '+358405550300', email: 'ann@example.com', city: 'Turku', company: 'Acme' },
      ...{ external_key: 'k', deleted_at: null },
    })
    const gone = await kit.db.query(
      sql`SELECT merged_into_id, deleted_at FROM contact WHERE id IN (${first}::uuid, ${second}::uuid)`,
    )
    expect(gone).toEqual([1, 2].map(() => ({ merged_into_id: id, deleted_at: kit.clock.now() })))
    const respondents = await kit.db.query<{ id: string; contact_id: string; status: string }>(
      sql`SELECT id, contact_id, status::text FROM respondent WHERE link_id IN (${link.id}::uuid, ${shared.id}::uuid)`,
    )
    expect(new Map(respondents.map((row) => [row.id, [row.contact_id, row.status]]))).toEqual(
      new Map([
        [ofFirst, [id, 'created']],
        [ofKept, [id, 'analyzed']],
        [ofSecond, [second, 'analyzed']],
      ]),
    )
    const [response] = await kit.db.query(sql`SELECT respondent_id FROM response WHERE id = ${moved}::uuid`)
    expect(response).toEqual({ respondent_id: ofKept })
    const members = await kit.db.query<{ name: string; ids: string[]; member_count: number }>(
      sql`SELECT l.name, array_agg(m.contact_id ORDER BY m.position)::text[] AS ids, l.member_count
          FROM contact_list l JOIN contact_list_member m ON m.list_id = l.id
          WHERE l.id = ANY(${lists.map((list) => list.id)}::uuid[]) GROUP BY l.id ORDER BY l.name`,
    )
    expect(members).toEqual([
      { name: 'Both', ids: [id, bystander], member_count: 2 },
      { name: 'One', ids: [id], member_count: 1 },
    ])
    const isOut = (address: string) => isOptedOut(kit.world, kit.db, kit.workspaceId, { channel: 'call', address })
    expect([await isOut('+358405550300'), await isOut('+358405550301')]).toEqual([true, true])
    expect((await eventsAfter(kit.world, kit.workspaceId, before)).map(([, type, payload]) => [type, payload])).toEqual(
      [
        ['contactList.membersChanged', { contactListId: lists[0]!.id, added: 0, removed: 1 }],
        ['respondent.statusChanged', { linkId: shared.id, respondentId: ofKept, from: 'created', to: 'analyzed' }],
        ['contact.optedOut', { contactId: id, channel: 'call' }],
        ['contact.merged', { contactId: id, mergedContactId: first }],
        ['contact.merged', { contactId: id, mergedContactId: second }],
      ],
    )
  })

  test('takes over what campaigns did, and keeps apart what they did for both', async () => {
    const office = postOffice(kit)
    const post = postKit(kit)
    const [phone, other] = numbers(2)
    const [id, duplicate] = [await person({ phone: phone! }), await person({ phone: other! })]
    const own = await post.texts(office, { receivers: [{ contactId: duplicate }] })
    const both = await post.texts(office, { receivers: [{ contactId: id }, { contactId: duplicate }] })
    await office.run()
    const later = new Date(kit.clock.now().getTime() + 60_000)
    const waiting = await post.texts(office, {
      receivers: [{ contactId: duplicate }, { contactId: id }],
      startsAt: later,
    })
    await mergeContacts(kit.world, kit.viewer, { id, duplicateIds: [duplicate] })
    const rowsOf = (table: 'receiver' | 'outbound_message' | 'campaign_target', campaignId: string) =>
      kit.db
        .raw<{ contact_id: string }>(
          `SELECT contact_id FROM ${table} WHERE campaign_id = $1 ORDER BY ${table === 'outbound_message' ? 'address' : 'position'}`,
          [campaignId],
        )
        .then((rows) => rows.map((row) => row.contact_id))
    expect(await rowsOf('receiver', own)).toEqual([id])
    expect(await rowsOf('outbound_message', own)).toEqual([id])
    expect(await rowsOf('campaign_target', own)).toEqual([id])
    expect(await rowsOf('receiver', both)).toEqual([id, duplicate])
    expect(await rowsOf('outbound_message', both)).toEqual([id, duplicate])
    expect(await rowsOf('campaign_target', both)).toEqual([id, id])
    await office.run()
    // Whoever was merged is not reached by what still waits; who stays is, once.
    expect(office.sms.history.map(({ to }) => to).toSorted()).toEqual([phone, phone, other, other].toSorted())
    expect(await post.statsOf(waiting)).toMatchObject({ state: 'completed', messages_sent: 1 })
  })

  test('lets a person answer once, by the address of either participation', async () => {
    const link = await makeLink()
    const [id, duplicate, third] = [await person(), await person(), await person()]
    const invited = [await invite(link.id, id), await invite(link.id, duplicate), await invite(link.id, third)]
    const tokens = invited.map((respondentId) => kit.signer.sign('respondent', respondentId))
    const open = (respondentToken: string) =>
      openSession(kit.world, kit.signer, link, { channel: 'web', respondentToken })
    // Begun by one address and gone on with by the others; merged in steps, so that one leads on to another.
    const { responseId, token } = await open(tokens[2]!)
    await mergeContacts(kit.world, kit.viewer, { id: duplicate, duplicateIds: [third] })
    await mergeContacts(kit.world, kit.viewer, { id, duplicateIds: [duplicate] })
    for (const each of tokens) {
      expect((await open(each)).responseId).toBe(responseId)
      expect(await resumeSession(kit.world, kit.signer, link, each)).toBe(token)
    }
    await submitResponse(kit.world, kit.signer, link, { token })
    for (const each of tokens) {
      expect((await refusal(open(each))).code).toBe('SESSION_COMPLETED')
      expect((await refusal(resumeSession(kit.world, kit.signer, link, each))).code).toBe('SESSION_COMPLETED')
    }
  })

  test('refuses what cannot be merged, and changes nothing', async () => {
    const [id, other] = [await person(), await person()]
    const merge = (duplicateIds: string[], kept = id) =>
      mergeContacts(kit.world, kit.viewer, { id: kept, duplicateIds })
    const before = await headOf(kit.world, kit.workspaceId)
    expect(await brokenRules(merge([]))).toEqual(['duplicateIds too_short'])
    expect(await brokenRules(merge([other, id]))).toEqual(['duplicateIds.1 same'])
    expect(await brokenRules(merge([other, kit.world.newId(), 'nonsense']))).toEqual([
      'duplicateIds.1 unknown_contact',
      'duplicateIds.2 unknown_contact',
    ])
    expect((await refusal(merge([other], kit.world.newId()))).code).toBe('NOT_FOUND')
    expect(await headOf(kit.world, kit.workspaceId)).toBe(before)
    await merge([other])
    expect(await brokenRules(merge([other]))).toEqual(['duplicateIds.0 unknown_contact'])
  })
})
