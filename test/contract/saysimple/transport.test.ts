import { describe, expect, it } from 'vitest'
import { testApp } from '../../kit/app.ts'
import { send } from '../wire.ts'
import {
  BASE,
  DOCUMENTATION,
  failure,
  LIST_PATHS,
  MESSAGES,
  METRIC_PATHS,
  malformed,
  OPERATIONS,
  RESOLVE_PATH,
  saysimpleServer,
  TOKEN_PATH,
  UNAUTHORIZED,
  UNKNOWN,
} from './kit.ts'
import { ADD_MESSAGE, errorAt, NOT_FOUND } from './literals.ts'

const server = await saysimpleServer({ MAX_BODY_KB: '512' })
const { app, acme, answers, call, clock } = server
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const NOT_JSON = malformed({ body: 'Body should be JSON' })
const POSTS = [MESSAGES, RESOLVE_PATH]

describe('a body', () => {
  it('is JSON, announced as that or as nothing', async () => {
    for (const type of ['application/json', 'Application/JSON; charset=utf-8', '']) {
      const headers = { 'content-type': type }
      await answers(201, '""', 'POST', MESSAGES, { body: ADD_MESSAGE, headers })
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', '__proto__']) {
      for (const path of POSTS) {
        const headers = { 'content-type': type }
        await answers(415, failure(415, 'Unsupported Media Type'), 'POST', path, { body: ADD_MESSAGE, headers })
      }
    }
  })

  it.each<[label: string, body: string | Buffer]>([
    ['half of one', '{"tenant": "x"'],
    ['two', '{} {}'],
    ['NaN', '{"a": NaN}'],
    ['single quotes', "{'tenant': 'x'}"],
    ['a form', 'tenant=x'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
    ['bytes', Buffer.from([0, 1, 2, 3])],
  ])('that is %s is no JSON', async (_label, body) => {
    for (const path of POSTS) await answers(400, NOT_JSON, 'POST', path, { body })
  })

  it('that is missing or empty has nothing of what is required', async () => {
    for (const path of POSTS) {
      for (const body of [undefined, '']) {
        await answers(400, malformed({ body: 'Body should be a JSON object' }), 'POST', path, { body })
      }
    }
  })

  it('of a megabyte is too large, whether it says so or not, and so is a message of half of that', async () => {
    const large = JSON.stringify({ ...JSON.parse(ADD_MESSAGE), message: { textContent: 'x'.repeat(1_000_000) } })
    const text = failure(413, 'Payload Too Large')
    for (const path of POSTS) await answers(413, text, 'POST', path, { body: large })
    const response = await fetch(new URL(MESSAGES, app.localUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${acme.key}` },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect([response.status, await response.text()]).toEqual([413, text])
    const half = { ...JSON.parse(ADD_MESSAGE), message: { textContent: 'x'.repeat(300_000) } }
    await answers(400, malformed({ message: 'Message must be at most 262144 bytes of JSON' }), 'POST', MESSAGES, {
      body: half,
    })
    // Nobody reads what is sent with a token.
    await answers(401, UNAUTHORIZED, 'POST', TOKEN_PATH, { body: large, token: 'x' })
    await answers(401, UNAUTHORIZED, 'POST', MESSAGES, { body: large, token: null })
  })

  it('may be deep or have odd names, and is answered', async () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
    for (const name of ['message', 'businessHours', 'tags', 'agent', 'other']) {
      const rest = Object.entries({ ...JSON.parse(ADD_MESSAGE), [name]: undefined }).flatMap(([key, value]) =>
        value === undefined ? [] : [`${JSON.stringify(key)}:${JSON.stringify(value)}`],
      )
      const { status } = await call('POST', MESSAGES, { body: `{${[...rest, `"${name}":${deep}`].join(',')}}` })
      expect([name, status]).toEqual([name, name === 'other' ? 201 : 400])
    }
    const odd = ADD_MESSAGE.replace(
      '"message": {',
      '"__proto__":{"agent":"x"},"constructor":{"prototype":1},"message": {"__proto__":{"y":1}',
    )
    await answers(201, '""', 'POST', MESSAGES, { body: odd })
    expect(({} as Record<string, unknown>).y).toBeUndefined()
    const hours = { 'a]=b&fields[x': ['08:00'], '\ud800': [], '<script>': [] }
    const { status, json } = await call('POST', MESSAGES, {
      body: { ...JSON.parse(ADD_MESSAGE), businessHours: hours },
    })
    expect([status, json.code]).toEqual([400, 1536])
    expect(json.moreInfo).not.toMatch(/[<>\s]/)
  })
})

describe('addresses', () => {
  it('that are unknown answer as the documentation shows, to the letter', async () => {
    for (const path of [
      ...[`${BASE}/nothing`, `${BASE}/`, BASE, `${MESSAGES}/1`, `${BASE}/metrics`, `${BASE}/metrics/messages`],
      ...['/messaging/v1', '/messaging/v1/messages', '/v1/messages/1', '/v1/metrics/x', '/v1/events/conversations'],
      ...['/v1/auth/authenticate/x', '/saysimple', '/saysimple/', '/saysimple/v2/messages', '/insights/v1/%zz'],
    ]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        for (const token of [undefined, null]) {
          const reply = await call(method, path, { ...(token === null ? { token } : {}) })
          expect([method, path, reply.status, reply.text]).toEqual([
            method,
            path,
            404,
            errorAt(DOCUMENTATION, NOT_FOUND),
          ])
        }
      }
    }
    expect(UNKNOWN).toBe(errorAt(DOCUMENTATION, NOT_FOUND))
  })

  it('of others are left alone', async () => {
    for (const path of [
      '/v1',
      '/v1/accounts',
      '/v1/auth',
      '/insights',
      '/insights/v2/messages',
      '/messages',
      '/v1/messagesx',
      '/docs',
    ]) {
      expect((await call('GET', path)).json?.moreInfo, path).toBeUndefined()
    }
    // Multisender's login is next door.
    expect((await call('POST', '/v1/auth', { body: {} })).json).toMatchObject({ status: 400 })
  })

  it.each(OPERATIONS)('%s %s has no other method', async (own, path) => {
    const allowed = METHODS.filter((method) => method === own || (method === 'HEAD' && own === 'GET'))
    for (const method of METHODS.filter((each) => !allowed.includes(each))) {
      for (const each of [path, `/saysimple${path}`]) {
        const reply = await call(method, each)
        expect([method, reply.headers.allow]).toEqual([method, [...allowed, 'OPTIONS'].join(', ')])
        if (method === 'OPTIONS') expect([reply.status, reply.text]).toEqual([204, ''])
        else
          expect([reply.status, reply.text]).toEqual([405, method === 'HEAD' ? '' : failure(405, 'Method Not Allowed')])
      }
    }
  })

  it('answer HEAD as GET, without the body', async () => {
    for (const path of [...LIST_PATHS, ...METRIC_PATHS]) {
      const [get, head] = [await call('GET', path, { token: acme.key }), await call('HEAD', path, { token: acme.key })]
      expect([path, head.status, head.text, head.headers['content-length']]).toEqual([
        path,
        200,
        '',
        get.headers['content-length'],
      ])
    }
  })
})

it('keeps answers out of caches', async () => {
  const { headers } = await call('GET', LIST_PATHS[0]!)
  expect([headers['cache-control'], headers['x-content-type-options']]).toEqual(['no-store', 'nosniff'])
})

it('masks what should not happen', async () => {
  let isBroken = false
  const failing = await testApp({ PUBLIC_URL: 'https://say.example.com' }, clock, {
    role: 'api',
    onQuery(text) {
      if (isBroken && text.includes('message_')) throw new Error('the secret of the database')
    },
  })
  const authorization = { authorization: `Bearer ${failing.key}` }
  for (const path of [...LIST_PATHS, ...METRIC_PATHS]) {
    isBroken = true
    const { status, text, headers } = await send(failing.localUrl, 'GET', path, undefined, authorization)
    isBroken = false
    expect([path, status, text]).toEqual([path, 500, failure(500, 'Internal Server Error')])
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  }
  isBroken = true
  const headers = { ...authorization, 'content-type': 'application/json' }
  const added = await send(failing.localUrl, 'POST', MESSAGES, ADD_MESSAGE, headers)
  isBroken = false
  expect([added.status, added.text]).toEqual([500, failure(500, 'Internal Server Error')])
  expect((await send(failing.localUrl, 'POST', MESSAGES, ADD_MESSAGE, headers)).text).toBe('""')
})
