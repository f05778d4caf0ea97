import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { readRecording } from './read-recording.ts'
import { type ReplayOptions, replay } from './replay.ts'
import { describe as described, describeTotals, totalsOf } from './report.ts'

interface Seen {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}
type Answer = [status: number, body?: unknown, headers?: Record<string, string>]

const closers: (() => void)[] = []
afterAll(() => {
  for (const close of closers) close()
})

/** A server that answers as it is told and remembers what it was asked. */
async function serve(answer: (request: Seen, base: string) => Answer) {
  const seen: Seen[] = []
  let base = ''
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const asked = { method, url, headers, body: Buffer.concat(chunks).toString() }
      seen.push(asked)
      send(response, answer(asked, base))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url: new URL(base), seen }
}

function send(response: ServerResponse, [status, body, headers = {}]: Answer): void {
  const isText = typeof body === 'string'
  const type = body === undefined ? {} : { 'content-type': isText ? 'text/plain' : 'application/json; charset=utf-8' }
  response
    .writeHead(status, { ...type, ...headers })
    .end(body === undefined ? undefined : isText ? body : JSON.stringify(body))
}

async function played(values: unknown[], server: URL, options: Partial<ReplayOptions> = {}) {
  const recording = readRecording(values.map((value) => JSON.stringify(value)).join('\n'), 'test')
  const outcomes = []
  for await (const outcome of replay(recording, { server, from: new Map(), key: 'sk_live_own', ...options }))
    outcomes.push(outcome)
  return outcomes
}

async function faults(values: unknown[], server: URL, options: Partial<ReplayOptions> = {}) {
  const outcomes = await played(values, server, options)
  return outcomes.map(({ differences }) => differences.map(({ path, why }) => `${path} ${why}`))
}

describe('a server that differs', () => {
  test('is found out, request by request', async () => {
    const { url } = await serve(({ url: path }, base): Answer => {
      if (path === '/status') return [500, { a: 1 }]
      if (path === '/header') return [201, undefined, { location: `${base}/v1/groups/3` }]
      if (path === '/body') return [200, { name: 'b', at: '2026-11-22 10:00:00', id: 'x' }]
      if (path === '/text') return [200, 'KO']
      if (path === '/empty') return [204, undefined, { 'content-type': 'text/plain' }]
      if (path === '/html') return [200, '<p>']
      return [200, { a: 1 }]
    })
    const outcomes = await played(
      [
        { method: 'GET', path: '/status', expect: { status: 200, body: { a: 1 } } },
        {
          method: 'POST',
          path: '/header',
          expect: { status: 201, headers: { Location: '/v1/accounts/12', Allow: 'GET' } },
        },
        {
          method: 'GET',
          path: '/body',
          expect: { status: 200, body: { name: 'a', at: '2016-03-04T10:11:12.000Z', id: '12' } },
        },
        { method: 'GET', path: '/text', expect: { status: 200, body: 'OK' } },
        { method: 'GET', path: '/empty', expect: { status: 204, headers: { 'Content-Type': null }, body: '' } },
        {
          method: 'GET',
          path: '/html',
          expect: { status: 200, headers: { 'Content-Type': 'application/json' }, body: {} },
        },
        {
          method: 'GET',
          path: '/same',
          expect: { status: 200, headers: { 'content-type': 'application/json' }, body: { a: 1 } },
        },
        { method: 'GET', path: '/status', note: 'set-up' },
      ],
      url,
    )
    expect(outcomes.map(({ differences }) => differences.map(({ path, why }) => `${path} ${why}`))).toEqual([
      ['status value'],
      ['headers.location form', 'headers.allow missing'],
      ['$.name value', '$.at form', '$.id value'],
      ['body value'],
      ['headers.content-type extra'],
      ['headers.content-type value', 'body type'],
      [],
      ['status value'],
    ])
    expect(totalsOf(outcomes)).toEqual({ requests: 8, matched: 1, differ: 7, skipped: 0 })
    expect(described(outcomes[6]!)).toBe('ok      7  GET /same 200')
    expect(described(outcomes[3]!)).toBe('DIFF    4  GET /text 200\n       body  value: expected "OK", got "KO"')
    expect(describeTotals(totalsOf(outcomes))).toBe('8 requests, 1 matched, 7 differ')
  })

  test('is found out when it does not answer', async () => {
    const unused = await serve(() => [200])
    closers.pop()!()
    const { url } = unused
    expect(await faults([{ method: 'GET', path: '/', expect: { status: 200 } }], url)).toEqual([['request missing']])
  })
})

test('a server that never answers is given up', async () => {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const [outcome] = await played([{ method: 'GET', path: '/', expect: { status: 200 } }], url, { timeoutMs: 20 })
  expect(outcome!.differences).toEqual([{ path: 'request', why: 'missing', detail: 'no answer: it took too long' }])
})

describe('ids', () => {
  test('of UUID form, of numbers and of decimal texts are replaced in later paths, queries and bodies', async () => {
    const [then, now] = ['4041f961-328f-4c6d-a5d3-2125a80f1ec5', '019abcde-0000-7000-8000-000000000001']
    const { url, seen } = await serve(({ method, url: path }, base): Answer => {
      if (method === 'POST' && path === '/v1/accounts')
        return [201, { id: '3', uuid: now }, { location: `${base}/v1/accounts/3` }]
      if (method === 'POST' && path === '/v1/groups') return [201, { id: 3, accountIds: [3] }]
      return [200, { account_id: '3' }]
    })
    const json = { 'content-type': 'application/json' }
    const differing = await faults(
      [
        { recording: 'ids', hosts: ['api.example.com'] },
        {
          method: 'POST',
          path: '/v1/accounts',
          expect: {
            status: 201,
            headers: { location: 'https://api.example.com/v1/accounts/12' },
            body: { id: '12', uuid: then },
          },
        },
        {
          method: 'POST',
          path: '/v1/groups',
          body: { account_id: 12 },
          expect: { status: 201, body: { id: 88, accountIds: [12] } },
        },
        {
          method: 'PUT',
          path: `/v1/accounts/12/groups/88?account_ids=12,13&page=12&ref=${then}`,
          body: { group: { id: 88, size: 88 }, ref: then },
          expect: { status: 200, headers: json, body: { account_id: '12' } },
        },
        { method: 'GET', path: '/v1/accounts/12', expect: { status: 200, body: { account_id: '13' } } },
      ],
      url,
    )
    expect(differing).toEqual([[], [], [], ['$.account_id binding']])
    expect(seen.map((request) => [request.url, request.body])).toEqual([
      ['/v1/accounts', ''],
      ['/v1/groups', '{"account_id":3}'],
      [`/v1/accounts/3/groups/3?account_ids=3%2C13&page=12&ref=${now}`, `{"group":{"id":3,"size":88},"ref":"${now}"}`],
      ['/v1/accounts/3', ''],
    ])
  })

  test('that the recording lists', async () => {
    const { url, seen } = await serve(({ url: path }): Answer => [200, path === '/r' ? { uuid: 'abc' } : {}])
    const values = [
      { recording: 'ids', ids: ['resp-uuid-1'] },
      { method: 'GET', path: '/r', expect: { status: 200, body: { uuid: 'resp-uuid-1' } } },
      { method: 'GET', path: '/r/resp-uuid-1/?x=resp-uuid-1', expect: { status: 200, body: {} } },
    ]
    expect(await faults(values, url)).toEqual([[], []])
    expect(seen[1]!.url).toBe('/r/abc/?x=abc')
  })
})

describe('credentials', () => {
  test('are replaced wherever the four APIs carry them, and only where there were any', async () => {
    const { url, seen } = await serve(() => [200, {}])
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const expected = { status: 200, body: {} }
    const outcomes = await played(
      [
        { method: 'GET', path: '/a', headers: { Authorization: 'Bearer old' }, expect: expected },
        {
          method: 'GET',
          path: '/a',
          headers: { 'X-Access-Token': 'old', 'X-Authentication-Token': 'old' },
          expect: expected,
        },
        { method: 'GET', path: '/a?x=1&access_token=old&auth_token=old', expect: expected },
        { method: 'POST', path: '/a', headers: form, body: { auth_token: 'old', x: 1 }, expect: expected },
        { method: 'POST', path: '/a', body: { access_token: 'old', x: 'access_token' }, expect: expected },
        { method: 'GET', path: '/a', expect: expected },
        { method: 'GET', path: '/a', headers: { Authorization: 'Session abc' }, expect: expected },
      ],
      url,
    )
    expect(outcomes.flatMap(({ differences }) => differences)).toEqual([])
    expect(seen[0]!.headers.authorization).toBe('Bearer sk_live_own')
    expect(seen[1]!.headers).toMatchObject({ 'x-access-token': 'sk_live_own', 'x-authentication-token': 'sk_live_own' })
    expect(seen[2]!.url).toBe('/a?x=1&access_token=sk_live_own&auth_token=sk_live_own')
    expect(seen[3]!.body).toBe('auth_token=sk_live_own&x=1')
    expect(seen[4]!.body).toBe('{"access_token":"sk_live_own","x":"access_token"}')
    expect(seen[5]!.headers.authorization).toBeUndefined()
    expect(seen[6]!.headers.authorization).toBe('Session abc')
    expect(described(outcomes[2]!)).toBe('ok      3  GET /a?x=1&access_token=…&auth_token=… 200')
  })

  test('stay where the recorded server refused them, and where the entry says so', async () => {
    const { url, seen } = await serve(({ headers }): Answer => [headers.authorization === 'Bearer bad' ? 401 : 200])
    const headers = { Authorization: 'Bearer bad' }
    const values = [
      { method: 'GET', path: '/', headers, expect: { status: 401 } },
      { method: 'GET', path: '/', headers, key: null, expect: { status: 403 } },
      { method: 'GET', path: '/', headers, key: 'other-{{key}}', expect: { status: 200 } },
    ]
    expect(await faults(values, url)).toEqual([[], ['status value'], []])
    expect(seen.map((request) => request.headers.authorization)).toEqual([
      'Bearer bad',
      'Bearer bad',
      'Bearer other-sk_live_own',
    ])
  })

  test('that the recorded server gave out become those that this one gave out', async () => {
    const [then, now] = ['eyJh.eyJ0aGVu.c2ln', 'eyJh.eyJub3c.c2ln']
    const { url, seen } = await serve(({ url: path }): Answer => [200, path === '/auth' ? { accessToken: now } : {}])
    const values = [
      {
        method: 'POST',
        path: '/auth',
        headers: { Authorization: 'Bearer x' },
        expect: { status: 200, body: { accessToken: then } },
      },
      { method: 'GET', path: '/a', headers: { Authorization: `Bearer ${then}` }, expect: { status: 200, body: {} } },
    ]
    expect(await faults(values, url)).toEqual([[], []])
    expect(seen.map((request) => request.headers.authorization)).toEqual(['Bearer sk_live_own', `Bearer ${now}`])
  })
})

describe('names', () => {
  test('stand for what was captured, whole values by their type', async () => {
    const { url, seen } = await serve(({ url: path }, base): Answer => {
      if (path === '/begin') return [201, { list: [{ n: 7, at: `${base}/x?r=a.b-c&s=1` }] }]
      return [200, { n: 7 }]
    })
    const values = [
      {
        method: 'POST',
        path: '/begin',
        capture: { n: '$.list[0].n', all: '$.list[*].at', r: { path: '$.list[0].at', pattern: '[?&]r=([^&]+)' } },
      },
      {
        method: 'POST',
        path: '/p/{{n}}',
        headers: { 'X-R': '{{ r }}' },
        body: { n: '{{n}}', text: 'n={{n}}' },
        expect: { status: 200, body: { n: '{{n}}' } },
      },
      { method: 'GET', path: '{{all}}', expect: { status: 200, body: { n: 8 } } },
      { method: 'GET', path: '/{{nobody}}', expect: { status: 200 } },
      { method: 'GET', path: '/', capture: { gone: '$.gone' } },
    ]
    expect(await faults(values, url)).toEqual([[], [], ['$.n value'], ['request missing'], ['$.gone missing']])
    expect(seen.map((request) => request.url)).toEqual(['/begin', '/p/7', '/x?r=a.b-c&s=1', '/'])
    expect(seen[1]).toMatchObject({ body: '{"n":7,"text":"n=7"}', headers: { 'x-r': 'a.b-c' } })
  })

  test('of this server’s own hosts need not resolve', async () => {
    const { url, seen } = await serve(() => [200])
    const host = `acme.localhost:${url.port}`
    expect(await faults([{ method: 'GET', path: `http://${host}/i/x?a=1`, expect: { status: 200 } }], url)).toEqual([
      [],
    ])
    expect(seen[0]).toMatchObject({ url: '/i/x?a=1', headers: { host } })
  })

  test('a step of GraphQL fails although its status is 200', async () => {
    const { url } = await serve(() => [200, { errors: [{ message: 'no' }] }])
    expect(await faults([{ method: 'POST', path: '/graphql', body: {} }], url)).toEqual([['status value']])
  })
})

describe('a HAR', () => {
  const har = (origin: string) =>
    JSON.stringify({
      log: {
        entries: [
          {
            request: {
              method: 'POST',
              url: `${origin}/v1/accounts?access_token=old`,
              headers: [],
              postData: { mimeType: 'application/json', text: '{"name":"Ann"}' },
            },
            response: {
              status: 201,
              headers: [{ name: 'Location', value: `${origin}/v1/accounts/12` }],
              content: { mimeType: 'application/json', size: 1, text: '{"id":"12","createdAt":"2016-03-04 10:11:12"}' },
            },
          },
          {
            request: { method: 'GET', url: 'https://cdn.example.com/logo.png', headers: [] },
            response: { status: 200, headers: [], content: {} },
          },
          {
            request: { method: 'DELETE', url: `${origin}/v1/accounts/12`, headers: [] },
            response: { status: 204, headers: [], content: { size: 0, mimeType: '' } },
          },
        ],
      },
    })

  test('is replayed against the server, other origins left alone when one is chosen', async () => {
    const { url, seen } = await serve(
      ({ method }, base): Answer =>
        method === 'POST'
          ? [201, { id: '3', createdAt: '2026-11-22 10:00:00' }, { location: `${base}/below/v1/accounts/3` }]
          : [204],
    )
    const recording = readRecording(har('https://api.example.com'), 'x.har')
    const server = new URL('/below/', url)
    const outcomes = []
    const from = new Map([['https://api.example.com', server]])
    for await (const outcome of replay(recording, { server, from, key: 'sk_live_own' })) outcomes.push(outcome)
    expect(outcomes.flatMap(({ differences }) => differences)).toEqual([])
    expect(seen.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
      'POST /below/v1/accounts?access_token=sk_live_own',
      'DELETE /below/v1/accounts/3',
    ])
    expect(describeTotals(totalsOf(outcomes))).toBe('2 requests, 2 matched, 0 differ, 1 skipped')
  })
})

test('a request is sent again until its answer has what is waited for', async () => {
  const states = ['pending', 'pending', 'ready']
  const { url, seen } = await serve(() => [200, { status: states.shift() ?? 'ready' }])
  const entry = {
    method: 'GET',
    path: '/',
    until: { '$.status': 'ready' },
    expect: { status: 200, body: { status: 'ready' } },
  }
  expect(await faults([entry], url)).toEqual([[]])
  expect(seen.length).toBe(3)
  const never = { ...entry, until: { '$.status': 'failed' }, expect: { status: 200, body: { status: 'failed' } } }
  // As long as one answer may take, too.
  expect(await faults([never], url, { timeoutMs: 2_000 })).toEqual([['$.status value']])
  expect(seen.length).toBeGreaterThan(4)
})

test('redirects are answers', async () => {
  const { url, seen } = await serve(() => [301, undefined, { location: '/a/' }])
  expect(
    await faults(
      [{ method: 'POST', path: '/a', expect: { status: 301, headers: { location: '/a/' }, body: '' } }],
      url,
    ),
  ).toEqual([[]])
  expect(seen.length).toBe(1)
})

test('options and entries may allow keys that were not recorded', async () => {
  const { url } = await serve(() => [200, { b: 2, a: 1 }])
  const expected = { method: 'GET', path: '/', expect: { status: 200, body: { a: 1 } } }
  expect(await faults([expected, { ...expected, allowExtra: true }], url)).toEqual([['$.b extra'], []])
  expect(await faults([expected, { ...expected, allowExtra: false }], url, { allowExtra: true })).toEqual([
    [],
    ['$.b extra'],
  ])
  const both = { method: 'GET', path: '/', expect: { status: 200, body: { a: 1, b: 2 } } }
  expect(await faults([both], url, { keyOrder: true })).toEqual([['$ order']])
})
