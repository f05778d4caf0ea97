import { describe, expect, it } from 'vitest'
import { browserTokens, SCOPES, type Scope } from '../../../src/domains/auth/index.ts'
import { deriveKey } from '../../../src/platform/secret.ts'
import { testApp } from '../../kit/app.ts'
import { sayifyServer } from './kit.ts'

let broken = false
const server = await sayifyServer({ MAX_BODY_KB: '16' })
const { app, acme, call } = server
const ID = '0193a1f0-0000-7000-8000-000000000000'
const WORKSPACE = `/api/v1/workspaces/${acme.workspaceId}/webhooks/`

/** Every operation, with the scope it needs. */
const OPERATIONS: [method: string, path: string, scope: Scope][] = [
  ['POST', '/api/v1/links/', 'links:write'],
  ['GET', '/api/v1/links/', 'links:read'],
  ['GET', `/api/v1/links/${ID}/`, 'links:read'],
  ['DELETE', `/api/v1/links/${ID}/`, 'links:write'],
  ['GET', `/api/v1/links/${ID}/responses/`, 'responses:read'],
  ['GET', `/api/v1/links/${ID}/responses/${ID}/`, 'responses:read'],
  ['GET', WORKSPACE, 'webhooks:read'],
  ['POST', WORKSPACE, 'webhooks:write'],
  ['DELETE', `${WORKSPACE}${ID}/`, 'webhooks:write'],
  ['GET', '/api/v1/tokens/', 'tokens:read'],
  ['POST', '/api/v1/tokens/', 'tokens:write'],
  ['DELETE', `/api/v1/tokens/${ID}/`, 'tokens:write'],
]
const PATHS = [...new Set(OPERATIONS.map(([, path]) => path))]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const NOT_PROVIDED = '{"detail":"Authentication credentials were not provided."}'

describe('a path without its slash', () => {
  it.each(PATHS.flatMap((path) => [path, `/sayify${path}`]))(
    '%s leads to the one with it, for every method',
    async (path) => {
      for (const method of METHODS) {
        const reply = await call(method, `${path.slice(0, -1)}?a=1&b=%2F%20x`, { key: null })
        expect([reply.status, reply.headers.location, reply.text], method).toEqual([301, `${path}?a=1&b=%2F%20x`, ''])
      }
      expect((await call('GET', path.slice(0, -1), { key: null })).headers.location).toBe(path)
    },
  )

  it('comes before everything, and leads nowhere where there is nothing', async () => {
    expect((await call('POST', '/api/v1/links', { key: 'sk_live_wrong', body: 'no json' })).status).toBe(301)
    const location = (await call('GET', '/api/v1/links/%2F%2Fevil.example')).headers.location
    expect(location).toBe('/api/v1/links/%2F%2Fevil.example/')
    for (const path of ['/api/v1/links/a/b', '/api/v1/workspaces', '/api/v1/links/a/responses/b/c']) {
      expect((await call('GET', path)).text, path).toBe('{"detail":"Not found."}')
    }
  })
})

describe('credentials', () => {
  it.each(OPERATIONS)('%s %s needs one', async (method, path) => {
    for (const prefix of ['', '/sayify']) {
      const none = await call(method, prefix + path, { key: null, body: 'no json' })
      expect([none.status, none.text, none.headers['www-authenticate']]).toEqual([401, NOT_PROVIDED, 'Bearer'])
    }
    const wrong = await call(method, path, { key: 'sk_live_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789xyz' })
    expect([wrong.status, wrong.text, wrong.headers['www-authenticate']]).toEqual([
      401,
      '{"detail":"Invalid API key."}',
      'Bearer',
    ])
  })

  it.each([
    ['Token abc', NOT_PROVIDED],
    ['Bearer', NOT_PROVIDED],
    [`Basic ${Buffer.from(`x:${acme.key}`).toString('base64')}`, NOT_PROVIDED],
    ['Bearer a b', '{"detail":"Invalid API key."}'],
    ['Bearer \u00e4', '{"detail":"Invalid API key."}'],
    [`Bearer ${acme.key}x`, '{"detail":"Invalid API key."}'],
  ])('%s is none', async (authorization, text) => {
    const reply = await call('GET', '/api/v1/links/', { key: null, headers: { authorization } })
    expect([reply.status, reply.text]).toEqual([401, text])
  })

  it('may be written in any case, of any length, and be a browser token', async () => {
    expect(
      (await call('GET', '/api/v1/links/', { key: null, headers: { authorization: `bearer  ${acme.key}` } })).status,
    ).toBe(200)
    const short = await call('GET', '/api/v1/tokens/', { key: app.key })
    expect([app.key.length, short.status]).toEqual([28, 200])
    const { world } = server
    const issuer = browserTokens(world, deriveKey('a secret that only these tests know, really', 'browser-token'))
    const uuid = (await call('GET', '/api/v1/tokens/')).json[0].uuid
    const { token } = await issuer.issue({ ...acme.viewer, apiKeyId: uuid }, { scopes: ['links:read'] })
    expect((await call('GET', '/api/v1/links/', { key: token })).status).toBe(200)
    expect((await call('POST', '/api/v1/links/', { key: token, body: { name: 'x' } })).json).toEqual({
      error: 'API key missing scope: links:write.',
      code: 'INSUFFICIENT_SCOPE',
    })
  })
})

describe('scopes', () => {
  it.each(OPERATIONS)('%s %s needs %s and no other', async (method, path, scope) => {
    const without = await server.keyWith(...SCOPES.filter((each) => each !== scope))
    // Before what is missing and what is wrong.
    const refused = await call(method, path, { key: without, body: 'no json' })
    expect([refused.status, refused.text]).toEqual([
      403,
      `{"error":"API key missing scope: ${scope}.","code":"INSUFFICIENT_SCOPE"}`,
    ])
    const only = await call(method, path, {
      key: await server.keyWith(scope),
      ...(method === 'POST' ? { body: {} } : {}),
    })
    expect([200, 400, 404]).toContain(only.status)
  })
})

describe('methods', () => {
  it.each(PATHS)('%s has those that it has', async (path) => {
    const own = OPERATIONS.filter(([, each]) => each === path).map(([method]) => method)
    const allowed = METHODS.filter((method) => own.includes(method) || (method === 'HEAD' && own.includes('GET')))
    const allow = [...allowed, 'OPTIONS'].join(', ')
    for (const method of METHODS) {
      if (allowed.includes(method)) continue
      const reply = await call(method, path, { body: 'no json' })
      expect(reply.headers.allow, method).toBe(allow)
      if (method === 'OPTIONS') expect([reply.status, reply.text]).toEqual([204, ''])
      else if (method === 'HEAD') expect([reply.status, reply.text]).toEqual([405, ''])
      else expect([reply.status, reply.text]).toEqual([405, `{"detail":"Method \\"${method}\\" not allowed."}`])
      expect((await call(method, path, { key: null })).status).toBe(401)
    }
  })

  it('HEAD is GET without its body', async () => {
    const get = await call('GET', '/api/v1/links/')
    const head = await call('HEAD', '/api/v1/links/')
    expect([head.status, head.text, head.headers['content-length'], head.headers['content-type']]).toEqual([
      200,
      '',
      get.headers['content-length'],
      get.headers['content-type'],
    ])
    expect((await call('HEAD', `/api/v1/links/${ID}/`)).status).toBe(404)
  })
})

describe('bodies', () => {
  it.each<[string, string | Buffer]>([
    ['nothing but white space', ' '],
    ['half of one', '{"name": "x"'],
    ['two', '{} {}'],
    ['NaN', '{"name": NaN}'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('are JSON: %s is not', async (_, body) => {
    const reply = await call('POST', '/api/v1/links/', { body })
    expect([reply.status, Object.keys(reply.json)]).toEqual([400, ['detail']])
    expect(reply.json.detail).toMatch(/^JSON parse error - ./)
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    '__proto__',
  ])('of the type %s are not taken', async (type) => {
    const reply = await call('POST', '/api/v1/tokens/', { body: '{"name":"x"}', headers: { 'content-type': type } })
    expect([reply.status, reply.text]).toEqual([415, `{"detail":"Unsupported media type \\"${type}\\" in request."}`])
  })

  it('need a type; parameters and case of it do not matter, nor does what is accepted', async () => {
    const untyped = await call('POST', '/api/v1/links/', { body: '{"name":"x"}', headers: { 'content-type': '' } })
    expect([untyped.status, untyped.text]).toEqual([415, '{"detail":"Unsupported media type \\"\\" in request."}'])
    const typed = await call('POST', '/api/v1/links/', {
      body: '{"name":"x"}',
      headers: { 'content-type': 'Application/JSON; charset=utf-8', accept: 'text/html' },
    })
    expect(typed.status).toBe(201)
  })

  it('are not too large, whether they say so or not', async () => {
    const body = JSON.stringify({ name: 'x'.repeat(20_000) })
    const text = '{"detail":"Request body is larger than the server accepts."}'
    const announced = await call('POST', '/api/v1/links/', { body })
    expect([announced.status, announced.text]).toEqual([413, text])
    const response = await fetch(new URL('/api/v1/links/', app.localUrl), {
      method: 'POST',
      headers: { authorization: `Bearer ${acme.key}`, 'content-type': 'application/json' },
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect([response.status, await response.text()]).toEqual([413, text])
  })

  it('may be deep, strange and long, and never break the server', async () => {
    const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    const settings = await call('POST', '/api/v1/links/', { body: `{"name":"x","settings":{"a":${deep(7_000)}}}` })
    expect([settings.status, settings.json]).toEqual([400, { settings: ['Must have at most 100 levels.'] }])
    const strange = '{"name":"x","__proto__":{"status":"y"},"settings":{"constructor":{"prototype":1}}}'
    const made = await call('POST', '/api/v1/links/', { body: strange })
    expect([made.status, made.json.status, made.json.settings]).toEqual([
      201,
      'active',
      { constructor: { prototype: 1 } },
    ])
  })
})

describe('paths', () => {
  it('that are unknown are answered in its words, with and without a key', async () => {
    for (const path of [
      '/api/v1/links/a/b/',
      '/api/v1/workspaces/',
      '/api/v1/tokens/a/b',
      '/sayify/',
      '/sayify/api/v1/',
      '/sayify/nothing',
    ]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        for (const key of [acme.key, null]) {
          const reply = await call(method, path, { key })
          expect([reply.status, reply.text], `${method} ${path}`).toEqual([404, '{"detail":"Not found."}'])
        }
      }
    }
  })

  it("of other APIs are left alone: /api/v1 is not Sayify's alone", async () => {
    for (const path of [
      '/api/v1/',
      '/api/v1/respondents',
      '/api/v1/call',
      '/api/v1/status',
      '/api/v1/linksandmore',
      '/sayifyer',
    ]) {
      expect((await call('GET', path)).text, path).not.toBe('{"detail":"Not found."}')
    }
  })
})

describe('limits and failures', () => {
  it('throttles each key by itself, before its scopes are looked at', async () => {
    const limited = await sayifyServer({ SAYIFY_RATE_LIMIT: '3' })
    const narrow = await limited.keyWith('tokens:read')
    for (let i = 0; i < 3; i++) expect((await limited.call('GET', '/api/v1/links/')).status).toBe(200)
    const reply = await limited.call('GET', '/api/v1/links/')
    const seconds = Number(reply.headers['retry-after'])
    expect(seconds).toBeGreaterThan(1)
    expect(seconds).toBeLessThanOrEqual(60)
    expect([reply.status, reply.text]).toEqual([
      429,
      `{"detail":"Request was throttled. Expected available in ${seconds} seconds."}`,
    ])
    for (let i = 0; i < 3; i++) expect((await limited.call('GET', '/api/v1/links/', { key: narrow })).status).toBe(403)
    expect((await limited.call('GET', '/api/v1/links/', { key: narrow })).status).toBe(429)
    // Who is nobody, and where there is nothing, is not counted.
    expect((await limited.call('GET', '/api/v1/links/', { key: null })).status).toBe(401)
    expect((await limited.call('GET', '/api/v1/links')).status).toBe(301)
  })

  it('masks what should not happen', async () => {
    const failing = await testApp({ SAYIFY_RATE_LIMIT: '0' }, undefined, {
      onQuery(text) {
        if (broken && text.includes('FROM link l')) throw new Error('the secret of the database')
      },
    })
    broken = true
    const response = await fetch(new URL('/api/v1/links/', failing.localUrl), {
      headers: { authorization: `Bearer ${failing.key}` },
    })
    broken = false
    expect([response.status, await response.text()]).toEqual([500, '{"detail":"A server error occurred."}'])
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})
