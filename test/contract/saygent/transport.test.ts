import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { SCOPES, type Scope } from '../../../src/domains/auth/index.ts'
import { createSlidingLimiter } from '../../../src/platform/sliding-limiter.ts'
import { testApp } from '../../kit/app.ts'
import { send } from '../wire.ts'
import {
  answer,
  CALL,
  failure,
  MODES,
  OPERATIONS,
  RESPONDENTS,
  type SaygentServer,
  STATUS,
  saygentServer,
  unknown,
} from './kit.ts'
import { AUTHENTICATION_FAILED, compact, SUCCESS } from './literals.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const FAILED = compact(AUTHENTICATION_FAILED)
const PATHS = [RESPONDENTS, CALL, STATUS]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

describe.each(MODES)('with HTTP status %s', async (mode) => {
  const server = await saygentServer(mode, { MAX_BODY_KB: '16' })
  const { acme, other, call, answers } = server
  await server.survey(1234)
  await server.survey(4321, { tenant: other })
  const id = await server.respondent(1234)
  const someone = await server.respondent(1234)
  const CREATED = answer('success', { id, status: 'created' })
  const asked = { respondent_ids: String(id) }

  describe('the token', () => {
    it('may stand in the query, a form or JSON, alone or in several that agree', async () => {
      const token = null
      const { token: key } = acme
      const query = `${STATUS}?auth_token=${key}`
      const form = `auth_token=${key}&respondent_ids=${id}`
      const json = JSON.stringify({ auth_token: key, ...asked })
      await answers(200, CREATED, 'GET', `${query}&respondent_ids=${id}`, { token, body: '' })
      await answers(200, CREATED, 'POST', STATUS, { token, body: form, headers: FORM })
      await answers(200, CREATED, 'GET', STATUS, { token, body: form, headers: FORM })
      await answers(200, CREATED, 'GET', STATUS, { token, body: json })
      await answers(200, CREATED, 'POST', query, { token, body: JSON.stringify(asked) })
      await answers(200, CREATED, 'POST', query, { token, body: json })
      await answers(200, CREATED, 'POST', query, { token, body: form, headers: FORM })
      await answers(200, CREATED, 'GET', `${query}&auth_token=%20${key}&respondent_ids=${id}`, { token, body: '' })
      await answers(200, CREATED, 'POST', query, { token, body: JSON.stringify({ auth_token: null, ...asked }) })
    })

    it.each(OPERATIONS)('%s %s needs one, that is known, and only one', async (method, path, input) => {
      const token = null
      const { token: key } = acme
      const bodies = [
        ...[{}, { auth_token: '' }, { auth_token: null }, { auth_token: 'abcdef' }, { auth_token: `${key}x` }],
        ...[{ auth_token: key.toUpperCase() }, { auth_token: 7 }, { auth_token: [key, 'x'] }, { auth_token: { key } }],
      ]
      for (const body of bodies) await answers(401, FAILED, method, path, { token, body: { ...input, ...body } })
      const good = { auth_token: key, ...input }
      for (const query of ['auth_token=x', 'auth_token=', `auth_token=${key}&auth_token=x`]) {
        await answers(401, FAILED, method, `${path}?${query}`, { token, body: good })
        await answers(401, FAILED, method, `/saygent${path}.json/?${query}`, { token, body: '' })
      }
      await answers(401, FAILED, method, `${path}?auth_token=${other.token}`, { token, body: good })
      await answers(401, FAILED, method, `${path}?auth_token=${key}`, { token, body: { ...input, auth_token: '' } })
      await answers(401, FAILED, method, path, { token, body: '' })
      await answers(401, FAILED, method, path, { token, body: '[]' })
      await answers(401, FAILED, method, path, { token, body: `auth_token=x&auth_token=${key}`, headers: FORM })
    })

    it('has no form as a header', async () => {
      const headers = { authorization: `Bearer ${acme.token}`, 'x-access-token': acme.token, auth_token: acme.token }
      await answers(401, FAILED, 'GET', STATUS, { token: null, body: asked, headers })
    })

    it('may be a browser token; each does what its scopes allow', async () => {
      const { data } = await server.app.graphql(
        'mutation { createBrowserToken(input: { scopes: [RESPONSES_READ] }) { ... on CreateBrowserTokenPayload { token } } }',
        {},
        acme.token,
      )
      const { token } = data!.createBrowserToken
      await answers(200, CREATED, 'GET', STATUS, { token, body: asked })
      const missing = failure({ auth_token: 'API key missing scope: campaigns:write.' })
      await answers(403, missing, 'POST', CALL, { token, body: asked })
    })

    it.each<[method: string, path: string, input: object, scopes: Scope[]]>([
      ['POST', RESPONDENTS, { survey_id: 1234, respondents: [{ phone: '555-111-2222' }] }, ['responses:write']],
      [
        'POST',
        RESPONDENTS,
        { survey_id: 1234, respondents: [{ phone: '555-111-2222', contact: { by: 'call' } }] },
        ['responses:write', 'campaigns:write'],
      ],
      ['POST', RESPONDENTS, { survey_id: 1234, respondent_ids: id }, ['responses:read']],
      ['GET', RESPONDENTS, { survey_id: 1234, respondent_ids: id }, ['responses:read']],
      ['POST', CALL, { respondent_ids: someone }, ['campaigns:write', 'responses:read']],
      ['GET', STATUS, { respondent_ids: id }, ['responses:read']],
      ['POST', STATUS, { respondent_ids: id }, ['responses:read']],
    ])('%s %s with %j needs %j and no other scope', async (method, path, body, scopes) => {
      const count = async () => server.app.db.query(sql`SELECT count(*)::int AS n FROM respondent`)
      const before = await count()
      for (const scope of scopes) {
        const token = await server.tokenWith(...SCOPES.filter((each) => each !== scope))
        const missing = failure({ auth_token: `API key missing scope: ${scope}.` })
        await answers(403, missing, method, path, { token, body })
      }
      expect(await count()).toEqual(before)
      expect((await call(method, path, { token: await server.tokenWith(...scopes), body })).json.status).toBe('success')
    })
  })

  describe('a body', () => {
    const body = JSON.stringify({ auth_token: acme.token, ...asked })

    it('is JSON whatever it says it is', async () => {
      for (const type of [
        ...['application/json; charset=utf-8', 'Application/JSON', 'text/json', 'text/plain', 'application/xml', '*'],
        ...['application/x-www-form-urlencoded', '', '__proto__', 'constructor'],
      ]) {
        await answers(200, CREATED, 'POST', STATUS, { body, headers: { 'content-type': type } })
        await answers(200, CREATED, 'GET', STATUS, { body: `\n\t ${body}`, headers: { 'content-type': type } })
      }
      await answers(200, CREATED, 'POST', STATUS, { body: `\ufeff${body}` })
    })

    it('is a form when it says so or says nothing, but nothing else is', async () => {
      const form = `auth_token=${acme.token}&respondent_ids=${id}`
      for (const type of [...Object.values(FORM), `${FORM['content-type']}; charset=UTF-8`, '']) {
        await answers(200, CREATED, 'POST', STATUS, { body: form, headers: { 'content-type': type } })
      }
      const invalid = failure({ request: 'Invalid JSON' })
      for (const type of ['application/json', 'text/plain', 'multipart/form-data']) {
        await answers(400, invalid, 'POST', STATUS, { body: form, headers: { 'content-type': type } })
      }
    })

    it('may come in parts, as PHP sends it', async () => {
      const form = new FormData()
      form.append('auth_token', acme.token)
      form.append('respondent_ids', String(id))
      const encoded = new Response(form)
      const type = encoded.headers.get('content-type')!
      const parts = Buffer.from(await encoded.arrayBuffer())
      await answers(200, CREATED, 'POST', STATUS, { body: parts, headers: { 'content-type': type } })
    })

    it('may have names with brackets, as Rails, PHP and jQuery write them, or JSON in a field', async () => {
      const next = (await server.respondent(1234)) + 1
      const people = [
        { phone: '555-111-2222', first_name: 'A & B' },
        { phone: '555-111-2223', email: 'b@example.com' },
      ]
      const expected = (from: number) =>
        answer('success', ...people.map((each, n) => ({ id: from + n, ...each, status: 'created' })))
      const fields = (...pairs: [string, string][]) =>
        new URLSearchParams([['auth_token', acme.token], ['survey_id', '1234'], ...pairs]).toString()
      const rails = fields(
        ['respondents[][phone]', '555-111-2222'],
        ['respondents[][first_name]', 'A & B'],
        ['respondents[][phone]', '555-111-2223'],
        ['respondents[][email]', 'b@example.com'],
        ['respondents[][contact][by]', 'phone'],
      )
      const php = fields(
        ['respondents[0][phone]', '555-111-2222'],
        ['respondents[1][phone]', '555-111-2223'],
        ['respondents[1][contact][by]', ''],
        ['respondents[0][first_name]', 'A & B'],
        ['respondents[1][email]', 'b@example.com'],
      )
      const waiting = (await server.waiting()).length
      await answers(200, expected(next), 'POST', RESPONDENTS, { body: rails, headers: FORM })
      expect((await server.waiting()).slice(waiting)).toEqual([next + 1])
      await answers(200, expected(next + 2), 'POST', RESPONDENTS, { body: php, headers: FORM })
      await answers(200, expected(next + 4), 'POST', `${RESPONDENTS}?${php}`, { token: null, body: '' })
      const inField = fields(['respondents', JSON.stringify(people)])
      await answers(200, expected(next + 6), 'POST', RESPONDENTS, { body: inField, headers: FORM })
      const both = answer('success', { id: next, status: 'created' }, { id: next + 1, status: 'queued' })
      for (const ids of [
        `respondent_ids[]=${next}&respondent_ids[]=${next + 1}`,
        `respondent_ids[0]=${next}&respondent_ids[1]=${next + 1}`,
        `respondent_ids=${next}&respondent_ids=${next + 1}`,
        `respondent_ids=${next},+${next + 1}`,
        `respondent_ids=%5B${next}%2C${next + 1}%5D`,
      ]) {
        await answers(200, both, 'GET', `${STATUS}?auth_token=${acme.token}&${ids}`, { token: null, body: '' })
      }
    })

    it('counts before the query', async () => {
      await answers(200, CREATED, 'GET', `${STATUS}?respondent_ids=99`, { body: asked })
    })

    it('is not too large, whether it says so or not', async () => {
      const text = failure({ request: 'Request is too large' })
      const large = { respondent_ids: '1,'.repeat(10_000) }
      await answers(413, text, 'POST', CALL, { body: large })
      await answers(413, text, 'POST', `${CALL}?auth_token=${acme.token}`, { body: large })
      const response = await fetch(new URL(CALL, server.app.localUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new Blob([JSON.stringify(large)]).stream(),
        duplex: 'half',
      } as RequestInit)
      expect([response.status, await response.text()]).toEqual([mode === 'matching' ? 413 : 200, text])
    })
  })

  describe('addresses', () => {
    it('have a slash at their end, .json, the prefix, or not', async () => {
      for (const [method, path, input] of OPERATIONS) {
        const { text } = await call(method, path, { body: method === 'GET' ? { ...input, respondent_ids: id } : {} })
        for (const variant of ['/', '.json', '.json/'].flatMap((end) => [path + end, `/saygent${path}${end}`])) {
          const body = method === 'GET' ? { ...input, respondent_ids: id } : {}
          expect((await call(method, variant, { body })).text, variant).toBe(text)
        }
      }
    })

    it('that are unknown are told of with and without a token', async () => {
      const text = failure({ request: 'Unknown address' })
      for (const path of [...PATHS.map((path) => `${path}/1`), `${CALL}/x/y`, '/saygent', '/saygent/', '/saygent/v1']) {
        for (const method of ['GET', 'POST', 'DELETE']) {
          for (const token of [acme.token, null]) {
            const reply = await call(method, path, { token, body: {} })
            expect([reply.status, reply.text], `${method} ${path}`).toEqual([404, text])
          }
        }
      }
    })

    it('of others are left alone', async () => {
      for (const path of [
        '/api/v1/',
        '/api/v1/links/',
        '/api/v1/statuses',
        '/api/v1/call.xml',
        '/api/v2/call',
        '/saygents',
      ]) {
        expect((await call('GET', path, { body: {} })).json?.messages, path).toBeUndefined()
      }
    })

    it.each(PATHS)('%s has the methods that it has', async (path) => {
      const own = path === CALL ? ['POST'] : ['GET', 'POST']
      const allowed = METHODS.filter((method) => own.includes(method) || (method === 'HEAD' && own.includes('GET')))
      for (const method of METHODS.filter((each) => !allowed.includes(each))) {
        const reply = await call(method, path, { body: {} })
        expect([method, reply.headers.allow]).toEqual([method, [...allowed, 'OPTIONS'].join(', ')])
        if (method === 'OPTIONS') expect([reply.status, reply.text]).toEqual([204, ''])
        else if (method === 'HEAD') expect([reply.status, reply.text]).toEqual([405, ''])
        else expect([reply.status, reply.text]).toEqual([405, failure({ request: `Method ${method} not allowed` })])
        expect((await call(method, path, { token: null, body: {} })).text).toBe(method === 'HEAD' ? '' : FAILED)
      }
    })

    it('answer HEAD as GET, without the body', async () => {
      const path = `${STATUS}?auth_token=${acme.token}&respondent_ids=${id}`
      const get = await send(server.app.localUrl, 'GET', path, undefined, {})
      const head = await send(server.app.localUrl, 'HEAD', path, undefined, {})
      expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', get.headers['content-length']])
      expect(get.text).toBe(CREATED)
    })
  })

  it('says what the documentation says a success looks like at least', async () => {
    expect((await call('GET', STATUS, { body: asked })).json).toMatchObject(JSON.parse(SUCCESS))
  })

  it('masks what should not happen', async () => {
    let isBroken = false
    const failing = await testApp({ SAYGENT_HTTP_STATUS: mode }, undefined, {
      role: 'api',
      onQuery(text) {
        if (isBroken && text.includes('FROM respondent p')) throw new Error('the secret of the database')
      },
    })
    isBroken = true
    const response = await fetch(new URL(`${STATUS}?auth_token=${failing.key}&respondent_ids=1`, failing.localUrl))
    isBroken = false
    expect([response.status, await response.text()]).toEqual([
      500,
      failure({ request: 'Something failed on the server' }),
    ])
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('the limit', () => {
  const EXCEEDED = failure({ auth_token: 'Rate limit exceeded' })
  const poll = (server: SaygentServer, token = server.acme.token) =>
    server.call('GET', STATUS, { token, body: { respondent_ids: '1' } })
  const ANSWERED = answer('failure', unknown(1))

  it.each(MODES)('is two hundred in any hour and of each token, with HTTP status %s', async (mode) => {
    const server = await saygentServer(mode, { SAYGENT_RATE_LIMIT: '' })
    const { clock, other, answers } = server
    const refused = async (seconds: number) => {
      const { headers } = await answers(429, EXCEEDED, 'GET', STATUS, { body: { respondent_ids: '1' } })
      expect(headers['retry-after']).toBe(String(seconds))
    }
    // What is counted: whatever was asked, whatever came of it, for whoever is known.
    expect((await server.call('GET', `${STATUS}?auth_token=${server.acme.token}`, { body: '{' })).json.status).toBe(
      'failure',
    )
    clock.advance(60_000)
    expect((await server.call('DELETE', CALL, { body: {} })).status).toBe(405)
    for (let n = 0; n < 198; n++) expect((await poll(server)).text).toBe(ANSWERED)
    await refused(3_540)
    // What is not: others, and nobody.
    expect((await poll(server, other.token)).text).toBe(ANSWERED)
    await answers(401, FAILED, 'GET', STATUS, { token: 'abcdef', body: {} })
    clock.advance(1_500)
    await refused(3_539)
    clock.advance(3_538_499)
    await refused(1)
    clock.advance(1)
    expect((await poll(server)).text).toBe(ANSWERED)
    // The window slides: all the others leave a minute later.
    await refused(60)
    clock.advance(60_000)
    for (let n = 0; n < 199; n++) expect((await poll(server)).text).toBe(ANSWERED)
    await refused(3_540)
  })

  it('may be another one for a token, or none', async () => {
    const server = await saygentServer('matching', { SAYGENT_RATE_LIMIT: '2' })
    const { acme, app } = server
    const { data } = await app.graphql('{ apiKeys(first: 1) { nodes { id requestsPerHour } } }', {}, acme.token)
    const [{ id, requestsPerHour: before }] = data!.apiKeys.nodes
    expect(before).toBeNull()
    async function limitTo(requestsPerHour: number | null): Promise<void> {
      const mutation = `mutation ($input: UpdateApiKeyInput!) {
        updateApiKey(input: $input) { ... on UpdateApiKeyPayload { apiKey { requestsPerHour } } }
      }`
      const changed = await app.graphql(mutation, { input: { id, requestsPerHour } }, acme.token)
      expect(changed.data).toEqual({ updateApiKey: { apiKey: { requestsPerHour } } })
    }
    const statuses = async (count: number) => {
      const all = []
      for (let n = 0; n < count; n++) all.push((await poll(server)).status)
      return all.join(' ')
    }
    expect(await statuses(3)).toBe('400 400 429')
    await limitTo(4)
    expect(await statuses(3)).toBe('400 400 429')
    await limitTo(0)
    expect(await statuses(3)).toBe('400 400 400')
    await limitTo(null)
    expect(await statuses(1)).toBe('429')
  })

  it.runIf(process.env.TEST_REDIS_URL)('is one for all processes that share Redis', async () => {
    const url = process.env.TEST_REDIS_URL!
    const server = await saygentServer('matching', { SAYGENT_RATE_LIMIT: '3', REDIS_URL: url })
    const redis = new Redis(url)
    const elsewhere = createSlidingLimiter(server.clock, redis)
    const [{ id }] = (await server.app.db.query<{ id: string }>(
      sql`SELECT id FROM api_key WHERE workspace_id = ${server.acme.workspaceId}::uuid`,
    )) as [{ id: string }]
    const rate = { points: 3, seconds: 3_600 }
    expect((await poll(server)).status).toBe(400)
    await elsewhere.take('saygent', id, rate)
    expect((await poll(server)).status).toBe(400)
    expect((await poll(server)).status).toBe(429)
    await expect(elsewhere.take('saygent', id, rate)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    redis.disconnect()
  })
})
