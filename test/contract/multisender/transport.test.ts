import { describe, expect, it } from 'vitest'
import { browserTokens, SCOPES } from '../../../src/domains/auth/index.ts'
import { deriveKey } from '../../../src/platform/secret.ts'
import { failure, HOST, multisenderServer } from './kit.ts'
import { OPERATIONS, TOLERATED } from './operations.ts'

let broken = ''
const server = await multisenderServer(
  { MAX_BODY_KB: '16' },
  {
    onQuery(text) {
      if (broken !== '' && text.includes(broken)) throw new Error('the secret of the database')
    },
  },
)
const { app, acme, other, call, ok } = server
const MISSING = failure(401, 'An access token is needed: send it as the header X-Access-Token.')
const INVALID = failure(401, 'The access token is not valid.')
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const asked = (path: string) => path.replace(/\{\w+\}/g, '99')
const PATHS = [...new Set(OPERATIONS.map(([, , path]) => path))]
const withToken = OPERATIONS.filter(([, , , scope]) => scope !== null)
const NOBODY = { token: null }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

describe('base paths', () => {
  it('are equals: /v1, /vi, none, and each below the prefix; a slash at the end does no harm', async () => {
    for (const base of ['/v1', '/vi', '', '/multisender/v1', '/multisender/vi', '/multisender']) {
      for (const end of ['', '/']) {
        const { status, headers, json } = await call('POST', `${base}/accounts${end}`, { body: { firstName: base } })
        const prefix = base.startsWith('/multisender') ? '/multisender' : ''
        expect([status, headers.location]).toEqual([201, `${HOST}${prefix}/v1/accounts/${json.accountId}`])
        const { pathname } = new URL(headers.location!)
        expect((await call('GET', pathname)).text).toBe(JSON.stringify(json))
      }
    }
    const { headers } = await call('POST', '/v1/groups', {
      body: { name: 'x', description: '' },
      headers: { host: 'a.example:81' },
    })
    expect(headers.location).toBe('https://a.example:81/v1/groups/1')
  })

  it('lead to its own words for what is not there, and no further', async () => {
    for (const path of [
      '/v1/accounts/1/2',
      '/accounts/filters/1/2',
      '/v1/login/x',
      '/vi',
      '/vi/',
      '/vi/nothing',
      '/vi/messages',
      '/multisender',
      '/multisender/v1/messages',
      '/voice_files/1/x',
    ]) {
      for (const token of [acme.token, null]) {
        const { status, text } = await call('GET', path, { token })
        expect([status, text], path).toEqual([404, failure(404, 'Nothing is at this address.')])
      }
    }
    for (const path of [
      '/v1',
      '/v1/messages',
      '/v1/metrics',
      '/v1/auth/authenticate',
      '/accountsandmore',
      '/v1/Accounts',
    ]) {
      expect((await call('GET', path)).text, path).not.toContain('Nothing is at this address.')
    }
  })

  it('give words precedence over ids', async () => {
    expect(await ok(200, 'GET', '/v1/accounts/filters')).toEqual([])
    expect((await call('GET', '/v1/groups/1/accounts')).text).toBe('[]')
    expect((await call('GET', '/v1/voice_files/text_to_speech/voice_codes')).json[0]).toHaveProperty('voiceCode')
    expect((await call('GET', '/v1/voice_files/text_to_speech')).status).toBe(405)
  })
})

describe('the access token', () => {
  it.each(withToken)('of operation %i, %s %s, has to be there and right', async (_, method, path) => {
    for (const [start, body] of [
      ['', 'no json'],
      ['/multisender', undefined],
    ]) {
      const none = await call(method, start + asked(path), { token: null, body })
      expect([none.status, none.text]).toEqual([401, MISSING])
    }
    for (const token of ['lt_0123456789', 'sk_live_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789xyz', '123xyz', '\u00e4']) {
      const wrong = await call(method, asked(path), { token })
      expect([wrong.status, wrong.text], token).toEqual([401, INVALID])
    }
  })

  it('is taken from the first of four places that has one', async () => {
    const wrong = 'lt_wrong'
    const right = acme.token
    type Places = [header: string | null, second: string | null, query: string | null, body: string | null]
    const cases: [Places, number][] = [
      [[right, wrong, wrong, wrong], 201],
      [[null, right, wrong, wrong], 201],
      [[null, null, right, wrong], 201],
      [[null, null, null, right], 201],
      [['', ' ', '', right], 201],
      [[wrong, right, right, right], 401],
      [[null, wrong, right, right], 401],
      [[null, null, wrong, right], 401],
      [[null, null, null, wrong], 401],
      [[null, null, null, null], 401],
    ]
    for (const [[header, second, query, body], status] of cases) {
      for (const type of ['json', 'form']) {
        const fields = { firstName: 'x', ...(body === null ? {} : { access_token: body }) }
        const reply = await call('POST', `/v1/accounts${query === null ? '' : `?access_token=${query}`}`, {
          token: null,
          body: type === 'json' ? fields : new URLSearchParams(fields).toString(),
          headers: {
            ...(type === 'json' ? {} : FORM),
            ...(header === null ? {} : { 'x-access-token': header }),
            ...(second === null ? {} : { 'x-authentication-token': second }),
          },
        })
        expect(reply.status, JSON.stringify([header, second, query, body])).toBe(status)
      }
    }
  })

  it('in a body is that of POST and PUT only, and no field of anything', async () => {
    const body = { access_token: acme.token, note: 'mine' }
    const made = await call('POST', '/v1/accounts', { ...NOBODY, body })
    expect(made.json).toMatchObject({ note: 'mine' })
    expect(made.text).not.toContain(acme.token)
    const { accountId } = made.json
    expect((await call('PUT', `/v1/accounts/${accountId}`, { ...NOBODY, body })).status).toBe(200)
    expect((await call('DELETE', `/v1/accounts/${accountId}`, { ...NOBODY, body })).text).toBe(MISSING)
    expect((await call('GET', `/v1/accounts/${accountId}`, { ...NOBODY, body })).text).toBe(MISSING)
    for (const token of [5, null, '', ['x'], { x: 1 }]) {
      expect((await call('POST', '/v1/accounts', { ...NOBODY, body: { access_token: token } })).text).toBe(MISSING)
    }
    const inList = await call('POST', '/v1/groups/1/accounts', {
      ...NOBODY,
      body: { accountIds: [accountId], access_token: acme.token },
    })
    expect(inList.status).toBe(201)
  })

  it('is an API key or a user’s own token, under its own names', async () => {
    const issuer = browserTokens(
      server.world,
      deriveKey('a secret that only these tests know, really', 'browser-token'),
    )
    const { token } = await issuer.issue({ ...acme.viewer }, { scopes: ['contacts:read'] })
    expect((await call('GET', '/v1/accounts', { token })).text).toBe(INVALID)
    const bearer = { authorization: `Bearer ${acme.token}` }
    expect((await call('GET', '/v1/accounts', { ...NOBODY, headers: bearer })).text).toBe(MISSING)
    expect((await call('GET', '/v1/accounts', { token: app.key })).text).toBe('[]')
    expect((await call('GET', '/v1/accounts', { token: ` ${acme.token} ` })).status).toBe(200)
  })

  it.each(withToken)('of operation %i, %s %s, needs %s and no other scope', async (_, method, path, scope) => {
    const without = await server.tokenWith(...SCOPES.filter((each) => each !== scope))
    // Before what is missing and what is wrong.
    const refused = await call(method, asked(path), { token: without, body: 'no json' })
    expect([refused.status, refused.text]).toEqual([403, failure(403, `API key missing scope: ${scope}.`)])
    const only = await call(method, asked(path), {
      token: await server.tokenWith(scope!),
      ...(method === 'POST' ? { body: {} } : {}),
    })
    expect([200, 201, 400, 404, 415]).toContain(only.status)
  })

  it('that may only write shows what was written', async () => {
    const token = await server.tokenWith('contacts:write')
    const { accountId } = await ok(201, 'POST', '/v1/accounts', { token, body: { note: 'x' } })
    expect((await ok(200, 'PUT', `/v1/accounts/${accountId}`, { token, body: { note: 'y' } })).note).toBe('y')
    expect((await call('GET', `/v1/accounts/${accountId}`, { token })).status).toBe(403)
  })
})

describe('methods', () => {
  it.each(PATHS)('%s has those that it has', async (path) => {
    const own = [...OPERATIONS.map(([, method, each]) => `${method} ${each}`), ...TOLERATED]
    const has = (method: string) => own.includes(`${method} ${path}`)
    const allowed = METHODS.filter((method) => has(method) || (method === 'HEAD' && has('GET')))
    for (const method of METHODS.filter((each) => !allowed.includes(each))) {
      const reply = await call(method, asked(path), { body: method === 'POST' ? 'no json' : undefined })
      expect(reply.headers.allow, method).toBe([...allowed, 'OPTIONS'].join(', '))
      if (method === 'OPTIONS') expect([reply.status, reply.text]).toEqual([204, ''])
      else if (method === 'HEAD') expect([reply.status, reply.text]).toEqual([405, ''])
      else expect([reply.status, reply.text]).toEqual([405, failure(405, `${method} is not allowed here.`)])
      expect((await call(method, asked(path), NOBODY)).status).toBe(401)
    }
  })

  it('HEAD is GET without its body, of lists as well', async () => {
    for (const path of ['/v1/groups/1', '/v1/accounts', '/v1/groups']) {
      const [get, head] = [await call('GET', path), await call('HEAD', path)]
      expect([head.status, head.text, head.headers['content-type']]).toEqual([200, '', get.headers['content-type']])
    }
    expect((await call('HEAD', '/v1/accounts/99')).status).toBe(404)
  })
})

describe('Accept', () => {
  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'text/html, application/json;q=0.1',
    'text/html,application/xhtml+xml,*/*;q=0.8',
    'application/*',
    '*/*',
    'text/html;q=0, */*',
    '',
    'application/json;q=0;a=b, application/json;q=0.5',
  ])('%s leaves room for JSON', async (accept) => {
    expect((await call('GET', '/v1/groups', { headers: { accept } })).status).toBe(200)
  })

  it.each([
    'text/html',
    'application/xml, text/*',
    'application/json;q=0',
    'application/json;q=0.000, */*',
    'application/*;q=0, */*;q=1',
    'application/vnd.api+json',
    'json',
    ';;,,',
  ])('%s does not, which comes before everything', async (accept) => {
    for (const [method, path, token] of [
      ['GET', '/v1/groups', acme.token],
      ['GET', '/v1/groups', null],
      ['POST', '/v1/login', null],
      ['PATCH', '/v1/accounts/99', acme.token],
    ] as const) {
      const { status, text, headers } = await call(method, path, { token, headers: { accept } })
      expect([status, text, headers['content-type']]).toEqual([
        406,
        failure(406, 'Only application/json is served; Accept must allow it.'),
        'application/json; charset=utf-8',
      ])
    }
  })
})

describe('bodies', () => {
  const malformed = [
    ['nothing but white space', ' '],
    ['half of one', '{"note": "x"'],
    ['single quotes, as the documentation prints them', "{'note':'x'}"],
    ['a comma at the end, as there', '{"note":"x",}'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ] as const
  it.each(malformed)('are JSON: %s is not', async (_, body) => {
    for (const [method, path] of [
      ['POST', '/v1/accounts'],
      ['PUT', '/v1/groups/1'],
    ] as const) {
      const { status, json } = await call(method, path, { body })
      expect([status, json]).toEqual([
        400,
        {
          status: 400,
          message: 'Validation failed',
          errors: { body: [expect.stringMatching(/^body cannot be read: ./)] },
        },
      ])
    }
  })

  it.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonp', '__proto__'])(
    'of the type %s are not taken',
    async (type) => {
      const { status, text } = await call('POST', '/v1/accounts', { body: '{}', headers: { 'content-type': type } })
      expect([status, text]).toEqual([415, failure(415, `The body must be application/json, not ${type}.`)])
      // Who is nobody learns nothing of it, and without a body its type is nothing.
      expect(
        (await call('POST', '/v1/accounts', { ...NOBODY, body: '{}', headers: { 'content-type': type } })).status,
      ).toBe(401)
      expect((await call('GET', '/v1/groups', { headers: { 'content-type': type } })).status).toBe(200)
    },
  )

  it('may be forms, and may not say what they are', async () => {
    const form = await call('POST', '/v1/accounts', {
      body: 'firstName=A%C3%AFno&yearOfBirth=1980&zip=00100',
      headers: FORM,
    })
    expect([form.status, form.json]).toMatchObject([201, { firstName: 'Aïno', yearOfBirth: 1980, zip: '00100' }])
    const untyped = await call('POST', '/v1/accounts', { body: '{"note":"x"}', headers: { 'content-type': '' } })
    expect([untyped.status, untyped.json.note]).toEqual([201, 'x'])
    const typed = { 'content-type': 'Application/JSON; charset=utf-8' }
    expect((await call('POST', '/v1/accounts', { body: '{"note":"y"}', headers: typed })).json.note).toBe('y')
    const twice = await call('POST', '/v1/accounts', { body: 'note=a&note=b', headers: FORM })
    expect([twice.status, twice.json.errors]).toEqual([400, { note: ['note must be a string'] }])
  })

  it('are not too large', async () => {
    const body = JSON.stringify({ note: 'x'.repeat(20_000) })
    const { status, text } = await call('POST', '/v1/accounts', { body })
    expect([status, text]).toEqual([413, failure(413, 'The body is larger than this server accepts.')])
    expect((await call('POST', '/v1/accounts', { ...NOBODY, body })).status).toBe(401)
  })

  it('may be deep and strange, and never break the server', async () => {
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
    expect((await call('POST', '/v1/groups/1/accounts', { body: deep })).status).toBe(400)
    expect(
      (
        await call('POST', '/v1/accounts/filters', {
          body: `{"filters":[{"field":"zip","operator":"in","value":${deep}}]}`,
        })
      ).status,
    ).toBe(400)
    const strange = await call('POST', '/v1/accounts', {
      body: '{"__proto__":{"note":"x"},"constructor":1,"city":"y"}',
    })
    expect([strange.status, strange.json.note, strange.json.city]).toEqual([201, null, 'y'])
    const lone = await call('POST', '/v1/accounts', { body: '{"note":"\\ud800"}' })
    expect(lone.json.errors).toEqual({ note: ['note must not contain NUL characters or broken surrogate pairs'] })
  })
})

describe('what should not happen', () => {
  it.each(['FROM contact_list', 'FROM contact c'])('is masked: %s', async (text) => {
    broken = text
    const path = text === 'FROM contact c' ? '/v1/accounts' : '/v1/groups'
    const reply = await call('GET', path)
    broken = ''
    expect([reply.status, reply.text]).toEqual([500, failure(500, 'Something failed on the server.')])
    expect(reply.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('other workspaces', () => {
  it('have numbers of their own', async () => {
    const { accountId } = await ok(201, 'POST', '/v1/accounts', { token: other.token, body: {} })
    expect(accountId).toBe('1')
  })
})
