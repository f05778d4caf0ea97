import { beforeAll, describe, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { race } from '../../../test/kit/race.ts'
import {
  brokenRules,
  codeOf,
  eventsAfter,
  headOf,
  loadLink,
  refusal,
  type TestWorld,
  testWorld,
} from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { Viewer } from '../auth/index.ts'
import { createContact } from '../contacts/index.ts'
import {
  type CreateLinkInput,
  createLink,
  deleteLink,
  deleteQuestion,
  type LinkRow,
  listQuestions,
  type QuestionInput,
  updateLink,
} from '../links/index.ts'
import {
  clearAnswer,
  inviteRespondent,
  openSession,
  recordAnswer,
  resumeSession,
  sessionState,
  submitResponse,
} from './index.ts'

let kit: TestWorld
beforeAll(async () => {
  kit = await testWorld({ poolSize: 24 })
})

const UNKNOWN = '0193a1f0-0000-7000-8000-000000000000'
const NO_SESSION = {
  code: 'NOT_FOUND',
  message: 'This session does not exist. Open the link again to start a new one.',
  path: ['session'],
  details: {},
}
const NO_RESPONDENT = {
  code: 'NOT_FOUND',
  message: 'No respondent with this id exists in your workspace.',
  path: ['respondent'],
  details: {},
}

const SURVEY: QuestionInput[] = [
  { prompt: 'Rating', type: 'rating', required: true },
  { prompt: 'Why', type: 'text', required: true, condition: { field: 'rating', operator: 'less_than', value: 3 } },
  { prompt: 'Email', type: 'email' },
]

async function survey(input: Partial<CreateLinkInput> = {}): Promise<LinkRow> {
  const { id } = await createLink(kit.world, kit.viewer, { name: 'Survey', questions: SURVEY, ...input })
  return load(id)
}
const load = (id: string) => loadLink(kit.world, kit.workspaceId, id)
const head = () => headOf(kit.world, kit.workspaceId)
const open = (link: LinkRow, respondentToken?: string) =>
  openSession(kit.world, kit.signer, link, { channel: 'web', ...(respondentToken && { respondentToken }) })
const answer = (link: LinkRow, token: string, fieldKey: string, value: unknown) =>
  recordAnswer(kit.world, kit.signer, link, { token, fieldKey, value })
const clear = (link: LinkRow, token: string, fieldKey: string) =>
  clearAnswer(kit.world, kit.signer, link, { token, fieldKey })
const submit = (link: LinkRow, token: string) => submitResponse(kit.world, kit.signer, link, { token })
const state = (link: LinkRow, token: string) => sessionState(kit.world, kit.signer, link, token)
const answersOf = (responseId: string) =>
  kit.db.query<object>(
    sql`SELECT field_key, question_text, value FROM answer WHERE response_id = ${responseId}::uuid ORDER BY field_key`,
  )
async function responseOf(responseId: string): Promise<object> {
  const [row] = await kit.db.query<object>(
    sql`SELECT r.status::text, r.submitted_at, r.respondent_email, p.status::text AS respondent
        FROM response r JOIN respondent p ON p.id = r.respondent_id WHERE r.id = ${responseId}::uuid`,
  )
  return row!
}

let people = 0
async function invite(link: LinkRow, contact: { email?: string } = { email: `person${++people}@example.com` }) {
  const { id: contactId } = await createContact(kit.world, kit.viewer, contact)
  const { id } = await inviteRespondent(kit.world, kit.viewer, { linkId: link.id, contactId })
  return { respondentId: id, contactId, personal: kit.signer.sign('respondent', id) }
}

describe('opening', () => {
  test('begins a response of an anonymous respondent', async () => {
    const link = await survey()
    const before = await head()
    const { responseId, sessionId, token } = await open(link)
    expect(kit.signer.verify('session', token)).toBe(sessionId)
    const events = await eventsAfter(kit.world, kit.workspaceId, before)
    const respondentId = (events[0]![2] as { respondentId: string }).respondentId
    expect(events).toEqual([
      [before + 1, 'respondent.created', { linkId: link.id, respondentId }],
      [before + 2, 'response.started', { linkId: link.id, responseId, respondentId, channel: 'web' }],
    ])
    expect(await responseOf(responseId)).toEqual({
      status: 'started',
      submitted_at: null,
      respondent_email: null,
      respondent: 'created',
    })
    expect((await load(link.id)).response_count).toBe(0)
    const another = await open(link)
    expect(another.responseId).not.toBe(responseId)
  })

  test('by a personal address begins once, continues, and is over when submitted', async () => {
    const link = await survey()
    const { personal, respondentId } = await invite(link)
    const before = await head()
    expect(await resumeSession(kit.world, kit.signer, link, personal)).toBeUndefined()
    const first = await open(link, personal)
    expect(await open(link, personal)).toEqual(first)
    expect(await resumeSession(kit.world, kit.signer, link, personal)).toBe(first.token)
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'response.started', { linkId: link.id, responseId: first.responseId, respondentId, channel: 'web' }],
    ])
    await answer(link, first.token, 'rating', 5)
    await submit(link, first.token)
    expect(await codeOf(open(link, personal))).toBe('SESSION_COMPLETED')
    expect(await codeOf(resumeSession(kit.world, kit.signer, link, personal))).toBe('SESSION_COMPLETED')
  })

  test('twice at the same moment by one personal address begins one response', async () => {
    const link = await survey()
    const { personal } = await invite(link)
    const opened = await Promise.all(Array.from({ length: 5 }, () => open(link, personal)))
    expect(new Set(opened.map(({ responseId }) => responseId)).size).toBe(1)
  })

  test('with the same key begins one response', async () => {
    const link = await survey()
    const once = () => openSession(kit.world, kit.signer, link, { channel: 'web', idempotencyKey: `form-${link.id}` })
    const opened = await Promise.all([once(), once(), once()])
    expect(opened[1]).toEqual(opened[0])
    expect(opened[2]).toEqual(opened[0])
  })

  test('is refused by a paused, full or deleted link; what was begun goes on while paused', async () => {
    const link = await survey({ maxResponses: 1 })
    const { personal } = await invite(link)
    const [anonymous, known] = [await open(link), await open(link, personal)]
    await updateLink(kit.world, kit.viewer, link.id, { status: 'paused' })
    const paused = await load(link.id)
    expect(await codeOf(open(paused))).toBe('LINK_PAUSED')
    expect(await open(paused, personal)).toEqual(known)
    await answer(paused, anonymous.token, 'rating', 4)
    await submit(paused, anonymous.token)
    await updateLink(kit.world, kit.viewer, link.id, { status: 'active' })
    const full = await load(link.id)
    expect(await codeOf(open(full))).toBe('LINK_FULL')
    await answer(full, known.token, 'rating', 4)
    expect(await codeOf(submit(full, known.token))).toBe('LINK_FULL')
    await updateLink(kit.world, kit.viewer, link.id, { maxResponses: 2 })
    await submit(full, known.token)
    expect((await load(link.id)).response_count).toBe(2)
    await deleteLink(kit.world, kit.viewer, link.id)
    expect(await codeOf(open(await load(link.id)))).toBe('LINK_DELETED')
  })

  test('is judged by the link as it is, not as its page was loaded', async () => {
    const [gone, paused, full] = [await survey(), await survey(), await survey({ maxResponses: 1 })]
    await deleteLink(kit.world, kit.viewer, gone.id)
    await updateLink(kit.world, kit.viewer, paused.id, { status: 'paused' })
    const { token } = await open(full)
    await answer(full, token, 'rating', 5)
    await submit(full, token)
    const before = await head()
    expect(await codeOf(open(gone))).toBe('LINK_DELETED')
    expect(await codeOf(open(paused))).toBe('LINK_PAUSED')
    expect(await codeOf(open(full))).toBe('LINK_FULL')
    expect(await head()).toBe(before)
  })

  test("by an address that is not this link's is refused alike, whatever is wrong", async () => {
    const [link, other] = [await survey(), await survey()]
    const { personal, respondentId } = await invite(other)
    const wrong = [
      personal,
      kit.signer.sign('session', respondentId),
      kit.signer.sign('respondent', UNKNOWN),
      'x',
      '',
      `${personal}x`,
    ]
    for (const token of wrong) {
      expect([
        token,
        await refusal(openSession(kit.world, kit.signer, link, { channel: 'web', respondentToken: token })),
      ]).toEqual([token, NO_RESPONDENT])
      expect(await refusal(resumeSession(kit.world, kit.signer, link, token))).toEqual(NO_RESPONDENT)
    }
  })
})

describe('answering', () => {
  test('saves what was asked with it, replaces, and takes back', async () => {
    const link = await survey()
    const { token, responseId } = await open(link)
    const before = await head()
    const first = await answer(link, token, 'rating', 2)
    const second = await answer(link, token, 'rating', 4)
    expect(second.answerId).toBe(first.answerId)
    const state = await sessionState(kit.world, kit.signer, link, token)
    expect(second.visible).toEqual(state.visible)
    expect(second.visible).not.toEqual(first.visible)
    await answer(link, token, 'email', ' ann@example.com ')
    expect(await answersOf(responseId)).toEqual([
      { field_key: 'email', question_text: 'Email', value: 'ann@example.com' },
      { field_key: 'rating', question_text: 'Rating', value: 4 },
    ])
    const common = { linkId: link.id, responseId }
    expect((await eventsAfter(kit.world, kit.workspaceId, before)).slice(0, 2)).toEqual([
      [before + 1, 'response.answered', { ...common, answerId: first.answerId, fieldKey: 'rating' }],
      [before + 2, 'response.answered', { ...common, answerId: first.answerId, fieldKey: 'rating' }],
    ])
    await clear(link, token, 'email')
    await clear(link, token, 'email')
    expect(await answersOf(responseId)).toEqual([{ field_key: 'rating', question_text: 'Rating', value: 4 }])
  })

  test('says where a session stands', async () => {
    const link = await survey()
    const { token, responseId } = await open(link)
    const view = async () => {
      const { questions, answers, visible, ...rest } = await state(link, token)
      return {
        ...rest,
        questions: questions.map(({ field_key }) => field_key),
        answers: [...answers].map(([key, { value }]) => [key, value]),
        visible: [...visible],
      }
    }
    const common = { responseId, status: 'started', questions: ['rating', 'why', 'email'], followUps: [] }
    expect(await view()).toEqual({ ...common, answers: [], visible: ['rating', 'email'] })
    await answer(link, token, 'rating', 1)
    await answer(link, token, 'why', 'because')
    expect(await view()).toEqual({
      ...common,
      answers: [
        ['rating', 1],
        ['why', 'because'],
      ],
      visible: ['rating', 'why', 'email'],
    })
  })

  test('is refused for a wrong value, an unknown question, a wrong session', async () => {
    const [link, other] = [await survey(), await survey()]
    const { token, responseId, sessionId } = await open(link)
    expect(await brokenRules(answer(link, token, 'rating', 6))).toEqual(['value too_large'])
    for (const fieldKey of ['nothing', '', '\0', '__proto__']) {
      expect(await refusal(answer(link, token, fieldKey, 1))).toMatchObject({ code: 'NOT_FOUND', path: ['fieldKey'] })
      expect(await refusal(clear(link, token, fieldKey))).toMatchObject({ code: 'NOT_FOUND', path: ['fieldKey'] })
    }
    const wrong: [LinkRow, string][] = [
      [other, token],
      [link, kit.signer.sign('respondent', sessionId)],
      [link, kit.signer.sign('session', responseId)],
      [link, 'x'],
      [link, ''],
    ]
    for (const [which, session] of wrong) {
      for (const attempt of [
        () => answer(which, session, 'rating', 1),
        () => clear(which, session, 'rating'),
        () => submit(which, session),
        () => state(which, session),
      ]) {
        expect(await refusal(attempt)).toEqual(NO_SESSION)
      }
    }
    expect(await answersOf(responseId)).toEqual([])
  })

  test('is over when submitted or when the link is deleted, also for a page loaded before', async () => {
    const link = await survey()
    const [done, begun] = [await open(link), await open(link)]
    await answer(link, done.token, 'rating', 5)
    await submit(link, done.token)
    expect(await codeOf(answer(link, done.token, 'rating', 4))).toBe('SESSION_COMPLETED')
    expect(await codeOf(clear(link, done.token, 'rating'))).toBe('SESSION_COMPLETED')
    await deleteLink(kit.world, kit.viewer, link.id)
    const deleted = await load(link.id)
    expect(await codeOf(answer(deleted, begun.token, 'rating', 4))).toBe('LINK_DELETED')
    expect(await codeOf(clear(deleted, begun.token, 'rating'))).toBe('LINK_DELETED')
    expect(await codeOf(state(deleted, begun.token))).toBe('LINK_DELETED')
    expect(await codeOf(submit(link, begun.token))).toBe('LINK_DELETED')
  })
})

describe('submitting', () => {
  test('needs every required question that is shown, and tells all that are missing', async () => {
    const link = await survey({ questions: [...SURVEY, { prompt: 'Yes', type: 'yes_no', required: true }] })
    const { token, responseId } = await open(link)
    expect(await brokenRules(submit(link, token))).toEqual(['rating required', 'yes required'])
    await answer(link, token, 'rating', 1)
    await answer(link, token, 'yes', false)
    expect(await brokenRules(submit(link, token))).toEqual(['why required'])
    expect(await responseOf(responseId)).toMatchObject({ status: 'started' })
    await answer(link, token, 'why', 'because')
    await submit(link, token)
    expect(await responseOf(responseId)).toMatchObject({
      status: 'completed',
      submitted_at: kit.clock.now(),
      respondent: 'surveyed',
    })
  })

  test('drops the answers to what ended up hidden', async () => {
    const link = await survey()
    const { token, responseId } = await open(link)
    await answer(link, token, 'rating', 1)
    await answer(link, token, 'why', 'because')
    await answer(link, token, 'rating', 5)
    await submit(link, token)
    expect(await answersOf(responseId)).toEqual([{ field_key: 'rating', question_text: 'Rating', value: 5 }])
  })

  test('reports the response, then what became of the respondent; again changes nothing', async () => {
    const link = await survey()
    const { personal, respondentId } = await invite(link)
    const { token, responseId } = await open(link, personal)
    await answer(link, token, 'rating', 5)
    const before = await head()
    expect(await submit(link, token)).toEqual({ responseId })
    expect(await submit(link, token)).toEqual({ responseId })
    const common = { linkId: link.id, respondentId }
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'response.submitted', { ...common, responseId, channel: 'web' }],
      [before + 2, 'respondent.statusChanged', { ...common, from: 'created', to: 'surveyed' }],
    ])
    expect((await load(link.id)).response_count).toBe(1)
  })

  test('twice at the same moment counts once', async () => {
    for (let round = 0; round < 10; round++) {
      const link = await survey()
      const { token } = await open(link)
      await answer(link, token, 'rating', 5)
      const before = await head()
      expect(await race([1, 2, 3].map(() => () => submit(link, token)))).toEqual(['ok', 'ok', 'ok'])
      expect([(await load(link.id)).response_count, await head()]).toEqual([1, before + 2])
    }
  })

  test('takes the address of the contact, or else the one that was answered', async () => {
    const two: QuestionInput[] = [
      { prompt: 'Email', type: 'email' },
      { prompt: 'Work email', type: 'email' },
    ]
    const link = await survey({ questions: two })
    const emailOf = async (answers: Record<string, string>, contact?: { email?: string; phone?: string }) => {
      const personal = contact && (await invite(link, contact)).personal
      const { token, responseId } = await open(link, personal)
      for (const [fieldKey, value] of Object.entries(answers)) await answer(link, token, fieldKey, value)
      await submit(link, token)
      return ((await responseOf(responseId)) as { respondent_email: string | null }).respondent_email
    }
    expect(await emailOf({})).toBeNull()
    expect(await emailOf({ email: 'a@example.com', work_email: 'b@example.com' })).toBe('a@example.com')
    expect(await emailOf({ work_email: 'b@example.com' })).toBe('b@example.com')
    expect(await emailOf({ email: 'a@example.com' }, { email: 'known@example.com' })).toBe('known@example.com')
    expect(await emailOf({ email: 'a@example.com' }, { phone: '+358401234567' })).toBe('a@example.com')
  })

  test('by many at once accepts exactly as many as the link asked for', async () => {
    for (let round = 0; round < (onPostgres ? 5 : 1); round++) {
      const link = await survey({ maxResponses: 7 })
      const tokens = []
      for (let n = 0; n < 20; n++) {
        const { token } = await open(link)
        await answer(link, token, 'rating', 5)
        tokens.push(token)
      }
      const before = await head()
      const results = await race(tokens.map((token) => () => submit(link, token)))
      expect(results.toSorted()).toEqual([...Array(13).fill('LINK_FULL'), ...Array(7).fill('ok')])
      expect((await load(link.id)).response_count).toBe(7)
      expect(
        await kit.db.query(
          sql`SELECT count(*)::int AS done FROM response WHERE link_id = ${link.id}::uuid AND status = 'completed'`,
        ),
      ).toEqual([{ done: 7 }])
      expect(await head()).toBe(before + 14)
    }
  })
})

describe('inviting', () => {
  test('makes a contact a respondent once', async () => {
    const link = await survey()
    const before = await head()
    const { respondentId, contactId } = await invite(link)
    expect((await eventsAfter(kit.world, kit.workspaceId, before)).at(-1)).toEqual([
      before + 2,
      'respondent.created',
      { linkId: link.id, respondentId },
    ])
    expect(await refusal(inviteRespondent(kit.world, kit.viewer, { linkId: link.id, contactId }))).toEqual({
      code: 'CONTACT_CONFLICT',
      message: 'This contact is a respondent of the link already.',
      path: ['contactId'],
      details: {},
    })
    const { id: other } = await createContact(kit.world, kit.viewer, { name: 'Racer' })
    const attempts = await race(
      [1, 2, 3].map(() => () => inviteRespondent(kit.world, kit.viewer, { linkId: link.id, contactId: other })),
    )
    expect(attempts.toSorted()).toEqual(['CONTACT_CONFLICT', 'CONTACT_CONFLICT', 'ok'])
  })

  test('with the same key is the same respondent', async () => {
    const link = await survey()
    const { id: contactId } = await createContact(kit.world, kit.viewer, { name: 'Keyed' })
    const input = { linkId: link.id, contactId, idempotencyKey: `invite-${link.id}` }
    const made = await inviteRespondent(kit.world, kit.viewer, input)
    expect(await inviteRespondent(kit.world, kit.viewer, input)).toEqual(made)
    expect(await codeOf(inviteRespondent(kit.world, kit.viewer, { ...input, contactId: UNKNOWN }))).toBe(
      'IDEMPOTENCY_CONFLICT',
    )
  })

  test("knows nothing of another workspace's links and contacts", async () => {
    const link = await survey()
    const { id: contactId } = await createContact(kit.world, kit.viewer, { name: 'Mine' })
    const { id: theirContact } = await createContact(kit.world, kit.otherViewer, { name: 'Theirs' })
    const as = (viewer: Viewer, linkId: string, id: string) =>
      refusal(inviteRespondent(kit.world, viewer, { linkId, contactId: id }))
    const noLink = {
      code: 'NOT_FOUND',
      message: 'No link with this id exists in your workspace.',
      path: ['linkId'],
      details: {},
    }
    const noContact = {
      code: 'NOT_FOUND',
      message: 'No contact with this id exists in your workspace.',
      path: ['contactId'],
      details: {},
    }
    for (const linkId of [link.id, UNKNOWN, 'x'])
      expect(await as(kit.otherViewer, linkId, theirContact)).toEqual(noLink)
    for (const id of [theirContact, UNKNOWN, 'x']) expect(await as(kit.viewer, link.id, id)).toEqual(noContact)
    await deleteLink(kit.world, kit.viewer, link.id)
    expect(await as(kit.viewer, link.id, contactId)).toEqual(noLink)
    const weak = {
      ...kit.viewer,
      scopes: new Set([...kit.viewer.scopes].filter((scope) => scope !== 'responses:write')),
    }
    expect(await as(weak, 'x', 'x')).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      details: { scope: 'responses:write' },
    })
  })
})

describe.runIf(onPostgres)('races', () => {
  test('deleting a link, or a question, while people answer and submit: expected errors only, and a whole state', async () => {
    for (let round = 0; round < 50; round++) {
      const link = await survey({
        questions: [
          { prompt: 'A', type: 'text' },
          { prompt: 'B', type: 'text' },
        ],
      })
      const sessions = await Promise.all(Array.from({ length: 4 }, () => open(link)))
      const [a] = await listQuestions(kit.db, kit.workspaceId, link.id)
      const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 15))
      const before = await head()
      const results = await race([
        ...sessions.flatMap(({ token }) => [
          () => answer(link, token, 'a', 'x'),
          () => answer(link, token, 'b', 'y'),
          async () => {
            await pause()
            await answer(link, token, 'a', 'z')
            await submit(link, token)
          },
          () => clear(link, token, 'b'),
        ]),
        () => open(link),
        () => updateLink(kit.world, kit.viewer, link.id, { name: 'Renamed' }),
        async () => {
          await pause()
          await deleteQuestion(kit.world, kit.viewer, a!.id)
        },
        async () => {
          await pause()
          await deleteLink(kit.world, kit.viewer, link.id)
        },
      ])
      expect(results.at(-1)).toBe('ok')
      for (const result of results) expect(['ok', 'NOT_FOUND', 'LINK_DELETED', 'SESSION_COMPLETED']).toContain(result)
      const { deleted_at, response_count } = await load(link.id)
      expect(deleted_at).not.toBeNull()
      const [counts] = await kit.db.query(
        sql`SELECT (SELECT count(*)::int FROM question WHERE link_id = ${link.id}::uuid) AS questions,
                   (SELECT count(*)::int FROM answer a JOIN response r ON r.id = a.response_id
                    WHERE r.link_id = ${link.id}::uuid AND a.question_id IS NOT NULL) AS referring,
                   (SELECT count(*)::int FROM response WHERE link_id = ${link.id}::uuid AND status = 'completed') AS completed`,
      )
      expect(counts).toEqual({ questions: 0, referring: 0, completed: response_count })
      // Nothing of the link happens after its deletion.
      const events = await eventsAfter(kit.world, kit.workspaceId, before)
      expect(events.map(([position]) => position)).toEqual(events.map((_, n) => before + n + 1))
      expect(events.filter(([, , payload]) => (payload as { linkId: string }).linkId === link.id).at(-1)?.[1]).toBe(
        'link.deleted',
      )
    }
  }, 60_000)
})
