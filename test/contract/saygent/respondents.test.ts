import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { createContact } from '../../../src/domains/contacts/index.ts'
import { deleteLink, getLink } from '../../../src/domains/links/index.ts'
import { eraseContact } from '../../../src/domains/people/index.ts'
import { inviteRespondent } from '../../../src/domains/responses/index.ts'
import { answer, failure, MODES, RESPONDENTS, type SaygentServer, saygentServer, unknown } from './kit.ts'
import { ADD_ANSWER, ADD_REQUEST, compact, READ_ANSWER, READ_REQUEST, withToken } from './literals.ts'

const EMAIL = { email: 'Email not in a valid format' }
const PHONE = { phone: 'Phone number is invalid' }
const created = (id: number, fields: object) => ({ id, ...fields, status: 'created' })
const failed = (fields: object, messages: object) => ({ ...fields, status: 'failed', messages })

describe.each(MODES)('with HTTP status %s', (mode) => {
  let server: SaygentServer
  let add: (respondents: unknown, survey?: unknown) => Promise<any>
  let next: () => Promise<number>
  const surveys: Record<number, string> = {}

  beforeAll(async () => {
    server = await saygentServer(mode)
    surveys[1234] = await server.survey(1234, { slug: 'xyz123' })
    surveys[5678] = await server.survey(5678)
    await server.survey(4321, { tenant: server.other, slug: 'theirs' })
    add = async (respondents, survey = 1234) =>
      (await server.call('POST', RESPONDENTS, { body: { survey_id: survey, respondents } })).json
    next = async () => (await server.respondent(1234)) + 1
  })

  it("answers the documentation's samples to the letter", async () => {
    const { answers, acme, waiting } = server
    const body = withToken(ADD_REQUEST, acme.token)
    await answers(200, compact(ADD_ANSWER), 'POST', RESPONDENTS, { body })
    // The first was to be phoned at once.
    expect(await waiting()).toEqual([1])
    expect(await server.respondent('xyz123', { phone: '555-555-5555', email: 'professor@planex.com' })).toBe(2)
    await answers(200, compact(READ_ANSWER), 'GET', RESPONDENTS, { body: withToken(READ_REQUEST, acme.token) })
  })

  describe('POST /respondents', () => {
    it('judges each by itself, and echoes what was sent as it was sent', async () => {
      const id = await next()
      const sent = [
        { phone: ' (212) 555 0123 ', first_name: ' Änne ', last_name: "O'Brien", email: 'A.B+c@Example.COM' },
        { email: 'nobody@example.com' },
        { phone: '', email: 'x' },
        { phone: '12345', first_name: 'Short' },
        { phone: '1234567' },
        { phone: '+358 40 123 4567', email: '' },
        { phone: '555-000-0000', first_name: null, last_name: null, email: null, contact: null, zip: '99' },
      ]
      const expected = answer(
        'warning',
        created(id, sent[0]!),
        failed(sent[1]!, PHONE),
        failed(sent[2]!, { ...PHONE, ...EMAIL }),
        failed(sent[3]!, PHONE),
        created(id + 1, sent[4]!),
        created(id + 2, sent[5]!),
        created(id + 3, { phone: '555-000-0000' }),
      )
      await server.answers(200, expected, 'POST', RESPONDENTS, { body: { survey_id: 1234, respondents: sent } })
      const [stored] = await server.app.db.query<{ phone: string }>(
        sql`SELECT c.phone FROM respondent p JOIN contact c ON c.id = p.contact_id
            WHERE p.workspace_id = ${server.acme.workspaceId}::uuid AND p.legacy_id = ${id}::int`,
      )
      // Without a country code it is a number of the US.
      expect(stored).toEqual({ phone: '+12125550123' })
    })

    it('is a success when all are created, a failure when none is', async () => {
      const id = await next()
      expect(await add([{ phone: '555-111-2222' }])).toEqual({
        status: 'success',
        respondents: [created(id, { phone: '555-111-2222' })],
      })
      const body = { survey_id: 1234, respondents: [{ phone: '1' }, {}] }
      await server.answers(
        400,
        answer('failure', failed({ phone: '1' }, PHONE), failed({}, PHONE)),
        'POST',
        RESPONDENTS,
        {
          body,
        },
      )
    })

    it('takes a phone number that came without quotes, and gives it back as a text', async () => {
      const { respondents } = await add([{ phone: 5551112222, first_name: 7 }])
      expect(respondents[0]).toMatchObject({ phone: '5551112222', first_name: '7', status: 'created' })
    })

    it('makes a second respondent of whoever is added twice', async () => {
      const id = await next()
      const twice = { phone: '212-555-0188', first_name: 'Twin' }
      const { respondents } = await add([twice, twice])
      expect(respondents).toEqual([created(id, twice), created(id + 1, twice)])
      const contacts = await server.app.db.query(
        sql`SELECT DISTINCT contact_id FROM respondent WHERE workspace_id = ${server.acme.workspaceId}::uuid
            AND legacy_id >= ${id}::int`,
      )
      expect(contacts).toHaveLength(1)
    })

    it.each<[label: string, contact: unknown, called: boolean]>([
      ['call', { by: 'call' }, true],
      ['phone', { by: 'phone' }, true],
      ['any case', { by: ' Phone ' }, true],
      ['the word alone', 'call', true],
      ['nothing', {}, false],
      ['null', { by: null }, false],
      ['empty', { by: '' }, false],
    ])('phones at once: %s', async (_, contact, called) => {
      const before = (await server.waiting()).length
      const { status, respondents } = await add([{ phone: '555-222-3333', contact }])
      expect([status, respondents[0].status]).toEqual(['success', 'created'])
      expect(await server.waiting()).toHaveLength(before + (called ? 1 : 0))
      const { json } = await server.call('GET', '/api/v1/status', { body: { respondent_ids: respondents[0].id } })
      expect(json.respondents[0].status).toBe(called ? 'queued' : 'created')
    })

    it('says which ways of contact and which entries it does not understand', async () => {
      const id = await next()
      const { status, respondents } = await add([
        { phone: '555-222-3333', contact: { by: 'pigeon' } },
        { phone: '555-222-3333', contact: 7 },
        'nobody',
        null,
        [],
        { phone: ['555-222-3333'] },
        { phone: '555-222-3333', first_name: { a: 1 }, last_name: true },
        { phone: '555-222-3333', first_name: 'x'.repeat(151) },
        { phone: '555-222-3333' },
      ])
      const contact = { contact: 'Contact method is not supported' }
      const entry = { respondent: 'Respondent must be an object' }
      const phone = { phone: '555-222-3333' }
      expect([status, respondents]).toEqual([
        'warning',
        [
          failed(phone, contact),
          failed(phone, contact),
          failed({}, entry),
          failed({}, entry),
          failed({}, entry),
          failed({}, PHONE),
          failed(phone, { first_name: 'First name must be text', last_name: 'Last name must be text' }),
          failed(
            { ...phone, first_name: 'x'.repeat(151) },
            { first_name: 'First name must have at most 150 characters' },
          ),
          created(id, phone),
        ],
      ])
    })

    it('keeps those of a survey that a phone cannot ask, and says so', async () => {
      await server.survey(7000, { questions: [] })
      const { status, respondents } = await add(
        [{ phone: '555-222-3333', contact: { by: 'call' } }, { phone: '555-222-3334' }],
        7000,
      )
      const text = 'Not called: Survey must have a question that a phone can ask'
      expect([status, respondents.map(({ id: _, ...rest }: any) => rest)]).toEqual([
        'warning',
        [
          { phone: '555-222-3333', status: 'created', messages: { contact: text } },
          { phone: '555-222-3334', status: 'created' },
        ],
      ])
      // Whoever was created has not failed, also when there is nobody else.
      const id = await next()
      const alone = { phone: '555-222-3335', contact: { by: 'phone' } }
      const told = { ...created(id, { phone: alone.phone }), messages: { contact: text } }
      await server.answers(200, answer('warning', told), 'POST', RESPONDENTS, {
        body: { survey_id: 7000, respondents: [alone] },
      })
    })

    it('takes the survey by number, UUID and slug, as a number or a text', async () => {
      for (const survey of [1234, '1234', ' 1234 ', surveys[1234], 'xyz123', 'XYZ123'.toLowerCase()]) {
        expect((await add([{ phone: '555-111-2222' }], survey)).status, String(survey)).toBe('success')
      }
    })

    it.each<[label: string, survey: unknown]>([
      ['unknown', 99],
      ['unknown as a text', '99'],
      ['an unknown word', 'nothing-like-it'],
      ["somebody else's number", 4321],
      ["somebody else's slug", 'theirs'],
      ['no number', 1.5],
      ['negative', -1],
      ['large', 2 ** 40],
      ['yes', true],
      ['an object', { id: 1234 }],
      ['a list', [1234]],
      ['with a NUL', 'xyz123\0'],
      ['half a character', '\ud800'],
      ['long', 'x'.repeat(10_000)],
      ['SQL', "1234' OR '1'='1"],
    ])('creates nothing in a survey that is %s', async (_, survey) => {
      const before = await next()
      const body = { survey_id: survey, respondents: [{ phone: '555-111-2222' }] }
      await server.answers(400, failure({ survey_id: 'Survey id invalid' }), 'POST', RESPONDENTS, { body })
      expect(await next()).toBe(before + 1)
    })

    it('knows a deleted survey no more', async () => {
      const id = await server.survey(8000)
      await deleteLink(server.world, server.acme.viewer, id)
      expect(await add([{ phone: '555-111-2222' }], 8000)).toEqual({
        status: 'failure',
        messages: { survey_id: 'Survey id invalid' },
      })
      await expect(getLink(server.world, server.acme.viewer, id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it.each<[label: string, input: object, messages: Record<string, string>]>([
      ['nothing', {}, { survey_id: 'Survey id is required', respondents: 'Respondents are required' }],
      ['no respondents', { survey_id: 1234 }, { respondents: 'Respondents are required' }],
      [
        'null',
        { survey_id: null, respondents: null },
        { survey_id: 'Survey id is required', respondents: 'Respondents are required' },
      ],
      ['an empty list', { survey_id: 1234, respondents: [] }, { respondents: 'Respondents are required' }],
      ['no survey', { respondents: [{ phone: '555-111-2222' }] }, { survey_id: 'Survey id is required' }],
      ['a blank survey', { survey_id: ' ', respondents: [{}] }, { survey_id: 'Survey id is required' }],
      ['one object', { survey_id: 1234, respondents: { phone: '1' } }, { respondents: 'Respondents must be an array' }],
      ['a text', { survey_id: 1234, respondents: 'all' }, { respondents: 'Respondents must be an array' }],
      ['a number', { survey_id: 1234, respondents: 7 }, { respondents: 'Respondents must be an array' }],
    ])('refuses %s as a whole, naming the fields', async (_, body, messages) => {
      await server.answers(400, failure(messages), 'POST', RESPONDENTS, { body })
    })
  })

  describe('GET /respondents', () => {
    let ids: number[]
    const one = { phone: '555-1111111', first_name: 'One' }
    const two = { phone: '555-2222222', last_name: 'Two', email: 'two@example.com' }

    beforeAll(async () => {
      ids = [await server.respondent(1234, one), await server.respondent(5678, two), await server.respondent(1234, two)]
    })

    const read = (respondent_ids: unknown, survey_id: unknown = 1234, method = 'GET') =>
      server.call(method, RESPONDENTS, { body: { survey_id, respondent_ids } })

    it('keeps the order asked for, doubles included, and finds those of the survey only', async () => {
      const [a, b, c] = ids as [number, number, number]
      const expected = answer('warning', { id: c, ...two }, unknown(b), { id: a, ...one }, { id: c, ...two })
      expect((await read(`${c},${b}, ${a} ,${c}`)).text).toBe(expected)
      expect((await read([c, b, String(a), c], 'xyz123')).text).toBe(expected)
      expect((await read([b], 5678)).text).toBe(answer('success', { id: b, ...two }))
      expect((await read(b, '5678')).text).toBe(answer('success', { id: b, ...two }))
    })

    it('is what POST with respondent_ids does as well', async () => {
      const [a] = ids as [number]
      expect((await read([a], 1234, 'POST')).text).toBe(answer('success', { id: a, ...one }))
      const { text } = await server.call('POST', RESPONDENTS, {
        body: { survey_id: 1234, respondents: null, respondent_ids: `${a}` },
      })
      expect(text).toBe(answer('success', { id: a, ...one }))
    })

    it('is a failure when none is there; what is no number comes back as it was sent', async () => {
      await server.answers(
        400,
        answer('failure', unknown(99999), unknown('abc'), unknown(-1), unknown(1.5), unknown('1.5'), unknown(7)),
        'GET',
        RESPONDENTS,
        { body: { survey_id: 5678, respondent_ids: [99999, 'abc', -1, 1.5, '1.5', '007'] } },
      )
      const large = ['99999999999999999999', 2 ** 31, 2 ** 53 + 2, '%', '😀']
      expect((await read(large)).json.respondents).toEqual(large.map(unknown))
    })

    it("shows another workspace's as what does not exist", async () => {
      const theirs = await server.respondent('theirs', {}, server.other)
      const { text } = await server.call('GET', RESPONDENTS, {
        token: server.other.token,
        body: { survey_id: 4321, respondent_ids: ids },
      })
      expect(text).toBe(
        answer('failure', ...ids.map((id) => (id === theirs ? { id, phone: '111-111-1111' } : unknown(id)))),
      )
      expect((await read([theirs], 4321)).text).toBe(failure({ survey_id: 'Survey id invalid' }))
    })

    it('shows of those who came another way what is known of them', async () => {
      const { world, acme } = server
      const { id: contactId } = await createContact(world, acme.viewer, { email: 'web@example.com', firstName: 'Web' })
      const invited = await inviteRespondent(world, acme.viewer, { linkId: surveys[1234]!, contactId })
      const [{ number }] = (await server.app.db.query<{ number: number }>(
        sql`SELECT legacy_id AS number FROM respondent WHERE id = ${invited.id}::uuid`,
      )) as [{ number: number }]
      const known = { first_name: 'Web', email: 'web@example.com' }
      expect((await read(number)).text).toBe(answer('success', { id: number, ...known }))
      // Of whoever was erased nothing is left but the number.
      await eraseContact(world, acme.viewer, contactId)
      expect((await read(number)).text).toBe(answer('success', { id: number }))
    })

    it.each<[label: string, input: object, messages: Record<string, string>]>([
      ['nothing', {}, { survey_id: 'Survey id is required', respondent_ids: 'Respondent ids are required' }],
      ['no ids', { survey_id: 1234 }, { respondent_ids: 'Respondent ids are required' }],
      ['an empty text', { survey_id: 1234, respondent_ids: '' }, { respondent_ids: 'Respondent ids are required' }],
      ['commas only', { survey_id: 1234, respondent_ids: ' , ,' }, { respondent_ids: 'Respondent ids are required' }],
      ['an empty list', { survey_id: 1234, respondent_ids: [] }, { respondent_ids: 'Respondent ids are required' }],
      ['no survey', { respondent_ids: '1' }, { survey_id: 'Survey id is required' }],
      [
        'an object',
        { survey_id: 1234, respondent_ids: { a: 1 } },
        { respondent_ids: 'Respondent ids must be numbers' },
      ],
      [
        'a list of lists',
        { survey_id: 1234, respondent_ids: [[1]] },
        { respondent_ids: 'Respondent ids must be numbers' },
      ],
      [
        'null among them',
        { survey_id: 1234, respondent_ids: [1, null] },
        { respondent_ids: 'Respondent ids must be numbers' },
      ],
      ['an unknown survey', { survey_id: 99, respondent_ids: '1' }, { survey_id: 'Survey id invalid' }],
    ])('refuses %s as a whole', async (_, body, messages) => {
      await server.answers(400, failure(messages), 'GET', RESPONDENTS, { body })
    })
  })
})
