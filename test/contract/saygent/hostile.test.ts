import { expect, it } from 'vitest'
import { answer, CALL, failure, OPERATIONS, RESPONDENTS, STATUS, saygentServer, unknown } from './kit.ts'

const server = await saygentServer('always-200', { MAX_BODY_KB: '2048' })
const { acme, call } = server
await server.survey(1234)
const PHONE = { phone: 'Phone number is invalid' }
const JSON_FAILURE = failure({ request: 'Invalid JSON' })
const queued = (id: number) => ({ id, status: 'queued' })

/** JSON written by hand, with the token in it. */
const raw = (rest: string) => `{"auth_token":"${acme.token}",${rest}}`

it('takes a thousand people at once, and calls them', async () => {
  const respondents = Array.from({ length: 1_000 }, (_, n) => ({
    phone: `212-55${String(50_000 + n)}`,
    first_name: `Person ${n}`,
    email: `person${n}@example.com`,
    ...(n % 2 ? { contact: { by: 'phone' } } : {}),
  }))
  const before = (await server.waiting()).length
  const { json } = await server.call('POST', RESPONDENTS, { body: { survey_id: 1234, respondents } })
  expect(json.status).toBe('success')
  const ids: number[] = json.respondents.map(({ id }: any) => id)
  expect(ids).toEqual(Array.from({ length: 1_000 }, (_, n) => ids[0]! + n))
  expect(await server.waiting()).toHaveLength(before + 500)
  const called = (await server.call('POST', CALL, { body: { respondent_ids: ids.toReversed() } })).json
  expect(called).toEqual({ status: 'success', respondents: ids.toReversed().map(queued) })
  expect(await server.waiting()).toHaveLength(before + 1_000)
  expect((await server.call('GET', STATUS, { body: { respondent_ids: ids.join(',') } })).json.respondents).toEqual(
    ids.map(queued),
  )
})

it('is not confused by the names of prototypes', async () => {
  const before = await server.respondent(1234)
  const body = raw(
    '"__proto__":{"survey_id":1234},"survey_id":1234,"respondents":[{"__proto__":{"phone":"555-111-2222"}},{"constructor":{"prototype":1},"phone":"555-111-2222","hasOwnProperty":1,"toString":"x"}]',
  )
  const { text } = await call('POST', RESPONDENTS, { body })
  expect(text).toBe(
    answer(
      'warning',
      { status: 'failed', messages: PHONE },
      { id: before + 1, phone: '555-111-2222', status: 'created' },
    ),
  )
  expect(({} as Record<string, unknown>).phone).toBeUndefined()
  const inherited = await call('POST', RESPONDENTS, { body: raw('"__proto__":{"survey_id":1234,"respondents":[{}]}') })
  expect(inherited.json.messages).toEqual({
    survey_id: 'Survey id is required',
    respondents: 'Respondents are required',
  })
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const query = `?auth_token=${acme.token}&respondent_ids=1&${name}=1&${name}[a]=2&a[${name}]=3&a[][${name}]=4`
    expect((await call('GET', STATUS + query, { token: null, body: '' })).json.status).toBe('success')
    expect((await call('POST', CALL, { body: { respondent_ids: [name] } })).text).toBe(answer('failure', unknown(name)))
  }
})

it('stores nothing that cannot be stored, and gives it back', async () => {
  const sent = { phone: '555-111-2222', first_name: 'a\0b' }
  const { text } = await call('POST', RESPONDENTS, { body: { survey_id: 1234, respondents: [sent] } })
  const message = 'First name must not contain NUL characters or broken surrogate pairs'
  expect(text).toBe(answer('failure', { ...sent, status: 'failed', messages: { first_name: message } }))
  const half = raw(
    '"survey_id":1234,"respondents":[{"phone":"555\\u0000-111-2222"},{"phone":"555-111-2222","email":"\\ud800@example.com"}]',
  )
  const { json } = await call('POST', RESPONDENTS, { body: half })
  expect(json.respondents.map(({ messages }: any) => messages)).toEqual([
    PHONE,
    { email: 'Email not in a valid format' },
  ])
  expect((await call('GET', STATUS, { body: { respondent_ids: ['\0', '\ud800'] } })).json.status).toBe('failure')
})

it('may be long, many or deep, and is answered', async () => {
  const long = 'x'.repeat(1_000_000)
  for (const [method, path, input] of OPERATIONS) {
    for (const name of Object.keys(input)) {
      const { json } = await call(method, path, { body: { ...input, [name]: long } })
      expect([path, name, json.status]).toEqual([path, name, 'failure'])
    }
  }
  for (const name of ['phone', 'first_name', 'last_name', 'email']) {
    const respondents = [{ phone: '555-111-2222', [name]: long }]
    const { json } = await call('POST', RESPONDENTS, { body: { survey_id: 1234, respondents } })
    expect([json.status, Object.keys(json.respondents[0].messages)]).toEqual(['failure', [name]])
    expect(json.respondents[0][name]).toHaveLength(1_000_000)
  }
  // A number that is short once its spaces are gone.
  const spaces = [{ phone: `555-111-2222${' '.repeat(20_000)}` }]
  const { json } = await call('POST', RESPONDENTS, { body: { survey_id: 1234, respondents: spaces } })
  expect(json.respondents[0].messages).toEqual({ respondent: 'Respondent must be at most 16000 bytes of JSON' })

  const many = Array.from({ length: 100_000 }, (_, n) => n + 500_000)
  expect((await call('GET', STATUS, { body: { respondent_ids: many.join(',') } })).json.respondents).toHaveLength(
    100_000,
  )
  expect((await call('POST', CALL, { body: { respondent_ids: many } })).json.respondents).toHaveLength(100_000)
  const commas = await call('POST', CALL, { body: { respondent_ids: ','.repeat(1_000_000) } })
  expect(commas.text).toBe(failure({ respondent_ids: 'Respondent ids are required' }))

  const deep = (open: string, close: string) => open.repeat(200_000) + close.repeat(200_000)
  for (const value of [deep('[', ']'), `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`]) {
    for (const [method, path, input] of OPERATIONS) {
      for (const name of Object.keys(input)) {
        const rest = Object.entries({ ...input, [name]: null }).flatMap(([key, given]) =>
          key === name ? [] : [`${JSON.stringify(key)}:${JSON.stringify(given)}`],
        )
        const { json } = await call(method, path, { body: raw([...rest, `"${name}":${value}`].join(',')) })
        expect([path, name, json.status]).toEqual([path, name, 'failure'])
      }
    }
    for (const name of ['phone', 'first_name', 'email', 'contact', 'other']) {
      const entry = `{"phone":"555-111-2222","${name}":${value}}`
      const { json } = await call('POST', RESPONDENTS, { body: raw(`"survey_id":1234,"respondents":[${entry}]`) })
      const isIgnored = name === 'other' || (name === 'contact' && value.startsWith('{'))
      expect([name, json.status]).toEqual([name, isIgnored ? 'success' : 'failure'])
    }
    expect((await call('GET', STATUS, { token: null, body: `{"auth_token":${value}}` })).json.messages).toEqual({
      auth_token: 'Authentication failed',
    })
    expect((await call('GET', STATUS, { token: null, body: value })).json.status).toBe('failure')
  }
})

it.each<[label: string, body: string | Buffer]>([
  ['half of one', '{"auth_token": "x"'],
  ['two', '{} {}'],
  ['NaN', '{"a": NaN}'],
  ['a text', '"x"'],
  ['single quotes', "{'auth_token': 'x'}"],
  ['a number without quotes', '{"phone": 555-555-5555}'],
  ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
  ['bytes', Buffer.from([0, 1, 2, 3])],
])('says that %s is no JSON', async (label, body) => {
  for (const [method, path] of OPERATIONS) {
    const known = await call(method, `${path}?auth_token=${acme.token}`, { body })
    // Any value is JSON; it is not what is asked for.
    const isValue = label === 'a text'
    expect(known.text).toBe(isValue ? failure({ request: 'Request must be a JSON object' }) : JSON_FAILURE)
    const nobody = await call(method, path, { token: null, body })
    expect(nobody.text).toBe(isValue ? failure({ auth_token: 'Authentication failed' }) : JSON_FAILURE)
  }
})

it('takes the last of two properties with one name', async () => {
  const id = await server.respondent(1234)
  const { text } = await call('GET', STATUS, { body: raw(`"respondent_ids":"99","respondent_ids":"${id}"`) })
  expect(text).toBe(answer('success', { id, status: 'created' }))
})
