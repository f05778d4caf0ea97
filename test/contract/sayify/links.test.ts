import { describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { byForm, sayifyServer, setDates, wipe } from './kit.ts'
import { CREATE_ANSWER, CREATE_REQUEST, compact, DELETE_ANSWER, LIST_ANSWER } from './literals.ts'

const server = await sayifyServer()
const { app, acme, call } = server
const LINKS = '/api/v1/links/'
const UNKNOWN = '0193a1f0-0000-7000-8000-000000000000'
const create = async (body: object) => (await call('POST', LINKS, { body })).json

/** The documentation's own link, in rows. */
async function documentedLink(prompt = 'How likely are you to recommend us? (1–10)') {
  const answer = JSON.parse(CREATE_ANSWER)
  const asked = JSON.parse(CREATE_REQUEST)
  const questions = asked.questions.map(({ field_key, enable_dynamic_probing, evaluator_config, ...rest }: any) => ({
    ...rest,
    fieldKey: field_key,
    enableDynamicProbing: enable_dynamic_probing,
    evaluatorConfig: evaluator_config,
  }))
  questions[1].prompt = prompt
  const ids = [answer.uuid, ...answer.questions.map(({ uuid }: { uuid: string }) => uuid)]
  const { name, slug, status, settings } = asked
  await server.linkWithIds(ids, { name, slug, status, settings, questions })
  await setDates(server, 'link', answer.uuid, answer)
  for (const question of answer.questions) await setDates(server, 'question', question.uuid, question)
  return answer.uuid as string
}

describe('POST /links/', () => {
  it("answers the documentation's request with the documentation's answer", async () => {
    await wipe(app.db)
    const reply = await call('POST', LINKS, { body: CREATE_REQUEST })
    expect(reply.status).toBe(201)
    expect(reply.headers['content-type']).toMatch(/^application\/json\b/)
    expect(byForm(reply.text)).toBe(byForm(compact(CREATE_ANSWER)).replace('(1–10)', '(1-10)'))
    const [webhook] = await app.db.query<{ url: string; event_types: string[]; link_id: string; format: string }>(
      sql`SELECT url, event_types, link_id, format FROM webhook`,
    )
    expect(webhook).toEqual({
      url: 'https://example.com/webhook',
      event_types: ['response.submitted'],
      link_id: reply.json.uuid,
      format: 'sayify',
    })
    // What is answered is what is there.
    expect((await call('GET', `${LINKS}${reply.json.uuid}/`)).text).toBe(reply.text)
  })

  it('fills in every default', async () => {
    await wipe(app.db)
    const { text } = await call('POST', LINKS, {
      body: { name: ' My  Link ', questions: [{ prompt: 'How was it, René?' }] },
    })
    expect(byForm(text)).toBe(
      '{"uuid":"uuid","name":"My  Link","slug":"my-link","status":"active","settings":{},"questions":[{"uuid":"uuid",' +
        '"prompt":"How was it, René?","field_key":"how_was_it_rene","response_type":"voice","configuration":{},"order":0,' +
        '"required":false,"condition":{},"enable_dynamic_probing":false,"fallback_to_text":true,"evaluator_config":{},' +
        '"date_created":"date","date_updated":"date"}],"response_count":0,' +
        '"public_url":"https://acme-corp.sayify.pro/i/my-link","date_created":"date","date_updated":"date"}',
    )
    const bare = await create({
      name: 'Bare',
      slug: null,
      settings: null,
      questions: null,
      on_finished: null,
      unknown: 1,
    })
    expect([bare.slug, bare.settings, bare.questions]).toEqual(['bare', {}, []])
    expect(await app.db.query(sql`SELECT id FROM webhook`)).toEqual([])
  })

  it('echoes settings, configurations and conditions as they were sent, in the order of their keys', async () => {
    const settings = { zebra: [1, { b: 2, a: 1 }], tts_enabled: true, description: 'd', live_transcription: false }
    const questions = [
      { prompt: 'a', type: 'text', configuration: { zz: null, max_characters: 5, aa: { b: 1, a: 2 } } },
      { prompt: 'b', condition: { value: 7, operator: 'less_than', field: 'rating', show_if: 'field_value' } },
      { prompt: 'c', condition: { field: 'a', operator: 'equals', value: null } },
    ]
    const { text, json } = await call('POST', LINKS, { body: { name: 'Order', settings, questions } })
    expect(text).toContain(`"settings":${JSON.stringify(settings)}`)
    expect(text).toContain(`"configuration":${JSON.stringify(questions[0]!.configuration)}`)
    for (const { condition } of questions.slice(1)) expect(text).toContain(`"condition":${JSON.stringify(condition)}`)
    expect((await call('GET', `${LINKS}${json.uuid}/`)).text).toBe(text)
  })

  it('takes every documented question, and response_type for type', async () => {
    const questions = [
      {
        prompt: 'Describe any issues you faced',
        type: 'voice_text_fallback',
        field_key: 'issues',
        configuration: { max_duration: 120, max_characters: 500 },
      },
      {
        prompt: 'How did you hear about us?',
        type: 'multiple_choice',
        field_key: 'referral_source',
        configuration: { options: ['Google', 'Friend', 'Social Media', 'Other'], allow_multiple: false },
      },
      {
        prompt: 'How likely are you to recommend us? (1-10)',
        type: 'number',
        field_key: 'nps_score',
        configuration: { min: 1, max: 10, step: 1 },
      },
      {
        prompt: 'Rate your experience',
        type: 'rating',
        field_key: 'experience_rating',
        configuration: { scale_type: 'stars', max_value: 5 },
      },
      {
        prompt: 'Select your preferred design',
        type: 'image_choice',
        field_key: 'preferred_design',
        configuration: {
          cards: [
            { id: 'card-uuid-1', label: 'Modern Blue', media_url: 'https://example.com/blue.jpg', media_type: 'image' },
            { id: 'card-uuid-2', label: 'Classic Red', media_url: 'https://example.com/red.mp4', media_type: 'video' },
          ],
        },
      },
      {
        prompt: 'Upload your resume',
        type: 'file_upload',
        field_key: 'resume',
        configuration: { allowed_types: ['pdf', 'docx'], max_size_mb: 5 },
      },
      {
        prompt: 'What went wrong?',
        type: 'voice',
        field_key: 'negative_feedback',
        condition: { show_if: 'field_value', field: 'rating', operator: 'less_than', value: 7 },
      },
      {
        prompt: 'Your t-shirt size?',
        type: 'multiple_choice',
        field_key: 'tshirt_size',
        condition: { show_if: 'field_value', field: 'attendance_type', operator: 'equals', value: 'In-Person' },
        configuration: { options: ['XS', 'S', 'M', 'L', 'XL', '2XL'] },
      },
      {
        prompt: 'Tell us more about the bug',
        type: 'voice_text_fallback',
        field_key: 'bug_details',
        condition: { show_if: 'field_value', field: 'issue_type', operator: 'contains', value: 'bug' },
      },
      { prompt: 'Words', type: 'text' },
      { prompt: 'When', type: 'date' },
      { prompt: 'Really', response_type: 'yes_no' },
      { prompt: 'Address', type: 'email', response_type: 'text' },
    ]
    const link = await create({ name: 'All types', questions })
    const echoed = link.questions.map(({ prompt, response_type, configuration, condition }: any) => ({
      prompt,
      response_type,
      configuration,
      condition,
    }))
    expect(echoed).toEqual(
      questions.map(({ prompt, type, response_type, configuration = {}, condition = {} }: any) => ({
        prompt,
        response_type: type ?? response_type,
        configuration,
        condition,
      })),
    )
  })

  it('sorts questions by order, ties as they were sent, and numbers automatic slugs and keys', async () => {
    await wipe(app.db)
    const orders = [2, undefined, 1, 0, 0]
    const link = await create({
      name: 'Same',
      questions: orders.map((order, at) => ({ prompt: 'Again?', order, field_key: at === 2 ? 'again' : undefined })),
    })
    expect(link.questions.map(({ field_key, order }: any) => [field_key, order])).toEqual([
      ['again_3', 0],
      ['again_4', 0],
      ['again_5', 0],
      ['again', 1],
      ['again_2', 2],
    ])
    expect([(await create({ name: 'Same' })).slug, (await create({ name: 'Same' })).slug]).toEqual(['same-2', 'same-3'])
  })

  const nameRequired = { error: 'name is required', code: 'NAME_REQUIRED' }
  it.each<[string, unknown, unknown]>([
    ['no name', {}, nameRequired],
    ['a null name', { name: null }, nameRequired],
    ['a blank name', { name: ' \t ' }, nameRequired],
    ['no name and other faults', { status: 'x', questions: [{}] }, nameRequired],
    ['no body', undefined, nameRequired],
    ['a name of another type', { name: 5 }, { name: ['Not a valid string.'] }],
    ['a long name', { name: 'x'.repeat(301) }, { name: ['Must have at most 300 characters.'] }],
    ['a NUL', { name: 'a\0b' }, { name: ['Must not contain NUL characters or broken surrogate pairs.'] }],
    ['a list', [], { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
    ['a text', '"x"', { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] }],
    ['null', 'null', { non_field_errors: ['Invalid data. Expected a dictionary, but got NoneType.'] }],
    ['an unknown status', { name: 'x', status: 'closed' }, { status: ['"closed" is not a valid choice.'] }],
    ['a null status', { name: 'x', status: null }, { status: ['This field may not be null.'] }],
    ['a blank slug', { name: 'x', slug: '' }, { slug: ['This field may not be blank.'] }],
    ['a bad slug', { name: 'x', slug: 'a b' }, { slug: ['Must be letters, digits, inner hyphens and underscores.'] }],
    [
      'settings that are none',
      { name: 'x', settings: 'y' },
      { settings: ['Expected a dictionary of items but got type "str".'] },
    ],
    [
      'known settings of another type',
      { name: 'x', settings: { tts_enabled: 'yes', redirectUrl: 'javascript:alert(1)', description: 5 } },
      {
        settings: {
          description: ['Not a valid string.'],
          redirectUrl: ['Enter a valid URL.'],
          tts_enabled: ['Must be a valid boolean.'],
        },
      },
    ],
    [
      'questions that are no list',
      { name: 'x', questions: 'y' },
      { questions: ['Expected a list of items but got type "str".'] },
    ],
    [
      'a question that is none',
      { name: 'x', questions: [{ prompt: 'a' }, 5] },
      { questions: [{}, { non_field_errors: ['Invalid data. Expected a dictionary, but got int.'] }] },
    ],
    [
      'a question without prompt',
      { name: 'x', questions: [{ prompt: 'a' }, {}] },
      { questions: [{}, { prompt: ['This field is required.'] }] },
    ],
    [
      'a blank prompt',
      { name: 'x', questions: [{ prompt: '' }] },
      { questions: [{ prompt: ['This field may not be blank.'] }] },
    ],
    [
      'wrong types',
      {
        name: 'x',
        questions: [
          {
            prompt: null,
            type: 'song',
            field_key: 5,
            order: '1',
            required: 'no',
            configuration: [],
            condition: 1.5,
            enable_dynamic_probing: 1,
            fallback_to_text: null,
            evaluator_config: true,
          },
          { prompt: 'a', response_type: 'song', order: 1.5 },
        ],
      },
      {
        questions: [
          {
            prompt: ['This field may not be null.'],
            type: ['"song" is not a valid choice.'],
            field_key: ['Not a valid string.'],
            order: ['A valid integer is required.'],
            required: ['Must be a valid boolean.'],
            configuration: ['Expected a dictionary of items but got type "list".'],
            condition: ['Expected a dictionary of items but got type "float".'],
            enable_dynamic_probing: ['Must be a valid boolean.'],
            fallback_to_text: ['This field may not be null.'],
            evaluator_config: ['Expected a dictionary of items but got type "bool".'],
          },
          { response_type: ['"song" is not a valid choice.'], order: ['A valid integer is required.'] },
        ],
      },
    ],
    [
      'wrong configurations',
      {
        name: 'x',
        questions: [
          { prompt: 'a', configuration: { max_duration: 'long' } },
          { prompt: 'b', type: 'multiple_choice' },
          { prompt: 'c', type: 'multiple_choice', configuration: { options: ['x', 5], allow_multiple: 'x' } },
          { prompt: 'd', type: 'multiple_choice', configuration: { options: [] } },
          {
            prompt: 'e',
            type: 'image_choice',
            configuration: { cards: [{ id: 'a' }, { media_url: 'x', media_type: 'song' }] },
          },
          { prompt: 'f', type: 'rating', configuration: { scale_type: 'hearts', max_value: 2.5 } },
          { prompt: 'g' },
        ],
      },
      {
        questions: [
          { configuration: { max_duration: ['A valid number is required.'] } },
          { configuration: { options: ['This field is required.'] } },
          { configuration: { options: ['Not a valid string.'], allow_multiple: ['Must be a valid boolean.'] } },
          { configuration: { options: ['This list may not be empty.'] } },
          {
            configuration: {
              cards: [
                {},
                {
                  id: ['This field is required.'],
                  media_url: ['Enter a valid URL.'],
                  media_type: ['"song" is not a valid choice.'],
                },
              ],
            },
          },
          {
            configuration: {
              scale_type: ['"hearts" is not a valid choice.'],
              max_value: ['A valid integer is required.'],
            },
          },
          {},
        ],
      },
    ],
    [
      'an unknown operator',
      { name: 'x', questions: [{ prompt: 'a', condition: { field: 'b', operator: 'more', value: 1 } }] },
      { questions: [{ condition: { operator: ['"more" is not a valid choice.'] } }] },
    ],
    [
      'a wrong evaluator',
      { name: 'x', questions: [{ prompt: 'a', evaluator_config: { clarity_threshold: 'high' } }] },
      { questions: [{ evaluator_config: { clarity_threshold: ['A valid number is required.'] } }] },
    ],
    [
      'a field key given twice',
      { name: 'x', questions: [{ prompt: 'a', field_key: 'k' }, { prompt: 'b', field_key: 'k' }, { prompt: 'c' }] },
      { questions: [{}, { field_key: ['The field key "k" is used by another question of this link.'] }, {}] },
    ],
    [
      'on_finished that is none',
      { name: 'x', on_finished: [] },
      { on_finished: { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] } },
    ],
    [
      'a webhook without https',
      { name: 'x', on_finished: { webhook_url: 'http://example.com/' } },
      { on_finished: { webhook_url: ['Webhook URL must use HTTPS.'] } },
    ],
    [
      'a webhook that is no address',
      { name: 'x', on_finished: { webhook_url: 'nowhere' } },
      { on_finished: { webhook_url: ['Enter a valid URL.'] } },
    ],
    [
      'a webhook of another type',
      { name: 'x', on_finished: { webhook_url: 5, webhook_secret: 6 } },
      { on_finished: { webhook_url: ['Not a valid string.'], webhook_secret: ['Not a valid string.'] } },
    ],
    [
      'a secret for no webhook',
      { name: 'x', on_finished: { webhook_secret: 's' } },
      { on_finished: { webhook_url: ['This field is required.'] } },
    ],
  ])('refuses %s, and creates nothing', async (_, body, expected) => {
    await wipe(app.db)
    const reply = await call('POST', LINKS, { body, headers: { 'content-type': 'application/json' } })
    expect([reply.status, reply.json]).toEqual([400, expected])
    const [counts] = await app.db.query(
      sql`SELECT (SELECT count(*)::int FROM link) AS links, (SELECT count(*)::int FROM question) AS questions,
                 (SELECT count(*)::int FROM webhook) AS webhooks`,
    )
    expect(counts).toEqual({ links: 0, questions: 0, webhooks: 0 })
  })

  it('refuses a slug that is taken, in the words of the documentation', async () => {
    await wipe(app.db)
    await create({ name: 'x', slug: 'product-feedback-survey' })
    const reply = await call('POST', LINKS, { body: CREATE_REQUEST })
    expect([reply.status, reply.text]).toEqual([
      400,
      '{"error":"Slug \\"product-feedback-survey\\" is already in use","code":"SLUG_CONFLICT"}',
    ])
    expect(await app.db.query(sql`SELECT id FROM webhook`)).toEqual([])
    // Another workspace has its own slugs.
    expect((await call('POST', LINKS, { body: CREATE_REQUEST, key: server.other.key })).status).toBe(201)
  })

  it('refuses more links than the plan allows; deleted ones do not count', async () => {
    await wipe(app.db)
    const quota = (count: number | null) =>
      app.db.query(sql`UPDATE workspace SET link_quota = ${count}::int WHERE id = ${acme.workspaceId}::uuid`)
    await quota(1)
    const { uuid } = await create({ name: 'one' })
    const reply = await call('POST', LINKS, { body: { name: 'two' } })
    expect([reply.status, reply.text]).toEqual([
      403,
      '{"error":"Workspace has reached its plan link quota.","code":"LINK_LIMIT_REACHED"}',
    ])
    await call('DELETE', `${LINKS}${uuid}/`)
    expect((await call('POST', LINKS, { body: { name: 'two' } })).status).toBe(201)
    await quota(null)
  })
})

describe('GET /links/', () => {
  it("answers the documentation's sample", async () => {
    await wipe(app.db)
    const [sample] = JSON.parse(LIST_ANSWER)
    const { uuid, name, slug, status, settings } = sample
    await server.linkWithIds([uuid], { name, slug, status, settings })
    await setDates(server, 'link', uuid, sample)
    await app.db.query(sql`UPDATE link SET response_count = 30 WHERE id = ${uuid}::uuid`)
    const reply = await call('GET', LINKS)
    expect([reply.status, reply.text]).toEqual([200, compact(LIST_ANSWER).replace('["..."]', '[]')])
  })

  it('lists whole links of the workspace, newest first, without deleted ones', async () => {
    await wipe(app.db)
    const first = await documentedLink()
    await create({ name: 'Second', questions: [{ prompt: 'a' }] })
    server.clock.advance(1000)
    const third = await create({ name: 'Third' })
    await call('POST', LINKS, { key: server.other.key, body: { name: 'Not mine' } })
    await call('DELETE', `${LINKS}${third.uuid}/`)
    const { json } = await call('GET', LINKS)
    // The documented link is of a later month than the clock of these tests.
    expect(json.map(({ name }: any) => name)).toEqual(['Product Feedback Survey', 'Second'])
    expect(JSON.stringify(json[0])).toBe((await call('GET', `${LINKS}${first}/`)).text)
    expect(json[1].questions).toHaveLength(1)
  })

  it('is paged when a page or its size is asked for', async () => {
    await wipe(app.db)
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create({ name })
    const names = async (query: string) => {
      const { status, json } = await call('GET', `${LINKS}?${query}`)
      return [status, json.count, json.next, json.previous, json.results.map(({ name }: any) => name).join('')]
    }
    const base = 'https://sayify.pro/api/v1/links/'
    expect(await names('page=1')).toEqual([200, 5, null, null, 'edcba'])
    expect(await names('page_size=2')).toEqual([200, 5, `${base}?page=2&page_size=2`, null, 'ed'])
    expect(await names('page_size=2&page=2&x=%26y')).toEqual([
      200,
      5,
      `${base}?page=3&page_size=2&x=%26y`,
      `${base}?page_size=2&x=%26y`,
      'cb',
    ])
    expect(await names('page=last&page_size=2')).toEqual([200, 5, null, `${base}?page=2&page_size=2`, 'a'])
    const beyond = await call('GET', `${LINKS}?page=2`)
    expect([beyond.status, beyond.text]).toEqual([404, '{"detail":"Invalid page."}'])
    expect((await call('GET', `${LINKS}?other=1`)).json).toHaveLength(5)
  })
})

describe('GET and DELETE /links/{link_uuid}/', () => {
  it("answers the documentation's create response, to the letter", async () => {
    await wipe(app.db)
    const id = await documentedLink()
    const reply = await call('GET', `${LINKS}${id}/`)
    expect([reply.status, reply.text]).toEqual([200, compact(CREATE_ANSWER)])
  })

  it('prints no fraction where there is none', async () => {
    await wipe(app.db)
    const id = await documentedLink()
    await setDates(server, 'link', id, { date_created: '2026-02-10T13:30:00Z', date_updated: '2026-02-10T13:30:00.1Z' })
    const { json } = await call('GET', `${LINKS}${id}/`)
    expect([json.date_created, json.date_updated]).toEqual(['2026-02-10T13:30:00Z', '2026-02-10T13:30:00.100000Z'])
  })

  it('deletes with the documented answer, once; the slug is free again', async () => {
    await wipe(app.db)
    const id = await documentedLink()
    const reply = await call('DELETE', `${LINKS}${id}/`)
    expect([reply.status, reply.text]).toEqual([200, compact(DELETE_ANSWER)])
    for (const method of ['DELETE', 'GET']) {
      const again = await call(method, `${LINKS}${id}/`)
      expect([again.status, again.text], method).toEqual([404, '{"detail":"Not found."}'])
    }
    expect((await create({ name: 'x', slug: 'product-feedback-survey' })).slug).toBe('product-feedback-survey')
  })

  it.each([
    'nonsense',
    UNKNOWN,
    UNKNOWN.toUpperCase(),
    '%00',
    '%F0%9F%98%80',
    '%zz',
    '%',
    '%ff',
    '%C3%28',
    "'--",
    `${'x'.repeat(2_000)}`,
  ])('does not know %s', async (id) => {
    for (const method of ['GET', 'DELETE']) {
      const reply = await call(method, `${LINKS}${id}/`)
      expect([reply.status, reply.text], method).toEqual([404, '{"detail":"Not found."}'])
    }
  })

  it('shows whoever makes a link what was made, without the scope to read others', async () => {
    const key = await server.keyWith('links:write')
    const made = await call('POST', LINKS, { key, body: { name: 'Written' } })
    expect([made.status, made.json.name]).toEqual([201, 'Written'])
    const read = await call('GET', `${LINKS}${made.json.uuid}/`, { key })
    expect([read.status, read.json.error]).toEqual([403, 'API key missing scope: links:read.'])
  })
})
