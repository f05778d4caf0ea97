import { connect as connectTcp } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../kit/app.ts'
import { toneWav } from '../kit/sound.ts'
import { until } from '../kit/world.ts'
import { connect, EVENTS, openSocket, openStream, refusedUpgrade, type Socket } from './clients.ts'

const ALLOWED = 'https://dashboard.example'
/** Longer than a busy machine leaves a process without a turn: who answers late is as good as gone. */
const PING_MS = 1_500
let app: TestApp
let authorization: string
beforeAll(async () => {
  app = await testApp({ CORS_ORIGINS: ALLOWED, MAX_BODY_KB: '64' }, undefined, { timings: { pingMs: PING_MS } })
  authorization = `Bearer ${app.key}`
})

const createLink = (name: string) =>
  app.graphql('mutation ($name: String!) { createLink(input: { name: $name }) { __typename } }', { name })
/** Everything works as before: what a test did to the server must not outlive it. */
async function expectHealthy(): Promise<void> {
  expect((await app.graphql('{ links(first: 1) { pageInfo { hasNextPage } } }')).errors).toBeUndefined()
}

describe('connecting', () => {
  test.each([
    ['authorization, as in the header', () => ({ authorization })],
    ['Authorization', () => ({ Authorization: authorization })],
    ['token', () => ({ token: app.key })],
  ])('the credential may be the parameter %s', async (_, parameters) => {
    const socket = await openSocket(app.localUrl)
    await socket.init(parameters())
    const query = socket.run('{ __typename }')
    await until(() => query.completed(), 'the query is answered')
    expect(query.results).toEqual([{ data: { __typename: 'Query' } }])
    socket.ws.close()
  })

  test('the credential may be the header of the upgrade', async () => {
    const socket = await openSocket(app.localUrl, { headers: { authorization } })
    await socket.init()
    socket.ws.close()
  })

  test.each([
    ['none', undefined],
    ['an unknown key', { authorization: 'Bearer sk_live_nonesuch0123456789' }],
    ['nonsense', { authorization: 'Basic eDp5', token: 7 }],
    ['an empty token', { token: '' }],
  ])('%s closes the socket with 4401', async (_, parameters) => {
    const socket = await openSocket(app.localUrl)
    await expect(socket.init(parameters)).rejects.toThrow('closed with 4401')
    expect(socket.messages).toEqual([])
  })

  test('an operation before the handshake closes it', async () => {
    const socket = await openSocket(app.localUrl, { headers: { authorization } })
    socket.run(EVENTS)
    expect(await socket.whenClosed()).toEqual({ code: 4401, reason: 'Unauthorized' })
  })

  test('a socket that never introduces itself is closed', async () => {
    const socket = await openSocket(app.localUrl)
    expect((await socket.whenClosed()).code).toBe(4408)
  })

  test('another subprotocol is refused, in the words of the protocol', async () => {
    const socket = await openSocket(app.localUrl, { protocol: 'graphql-ws' }).catch((error) => error as Error)
    // Without a common subprotocol the client itself gives up; one that does not gets the code.
    if (!(socket instanceof Error)) expect((await socket.whenClosed()).code).toBe(4406)
    else expect(socket.message).toContain('subprotocol')
  })

  test.each([
    ['nonsense', 'nonsense'],
    ['an unknown type', '{"type":"start","id":"1"}'],
    ['a list', '[]'],
  ])('%s instead of a message closes it with 4400', async (_, text) => {
    const socket = await connect(app.localUrl, app.key)
    socket.ws.send(text)
    expect((await socket.whenClosed()).code).toBe(4400)
    await expectHealthy()
  })

  test('a message that is too large closes it with 1009', async () => {
    const socket = await connect(app.localUrl, app.key)
    socket.ws.send(JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(70_000) } }))
    expect((await socket.whenClosed()).code).toBe(1009)
    await expectHealthy()
  })

  test('an upgrade at another path is refused', async () => {
    expect((await refusedUpgrade(app.localUrl, '/elsewhere')).status).toBe(404)
    expect((await refusedUpgrade(app.localUrl, '/graphql/more')).status).toBe(404)
  })

  test('an upgrade at an address that is none harms nobody', async () => {
    for (const path of ['//', '/\\', 'http://[', '*', '/%']) {
      const tcp = connectTcp(Number(app.localUrl.port), app.localUrl.hostname)
      let answer = ''
      tcp.on('data', (data) => {
        answer += data
      })
      tcp.on('error', () => {})
      tcp.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      )
      await new Promise((resolve) => tcp.once('close', resolve))
      expect(answer).toMatch(/^HTTP\/1\.1 40[04] /)
    }
    await expectHealthy()
  })

  test('a client that is gone before it is refused harms nobody', async () => {
    for (let n = 0; n < 20; n++) {
      const tcp = connectTcp(Number(app.localUrl.port), app.localUrl.hostname)
      tcp.on('error', () => {})
      tcp.write('GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', () =>
        tcp.resetAndDestroy(),
      )
      await new Promise((resolve) => tcp.once('close', resolve))
    }
    await expectHealthy()
  })
})

describe('origins', () => {
  const connectFrom = async (origin: string) => {
    const socket = await openSocket(app.localUrl, { headers: { origin, authorization } })
    await socket.init()
    socket.ws.close()
  }
  const preflight = (origin: string) =>
    fetch(new URL('/graphql', app.localUrl), {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    })

  test("the server's own pages and those configured may connect", async () => {
    await connectFrom(app.localUrl.origin)
    await connectFrom(app.publicUrl.origin)
    await connectFrom(ALLOWED)
  })

  test.each(['https://evil.example', 'null', 'https://dashboard.example.evil.example', 'http://dashboard.example'])(
    'a page of %s may not',
    async (origin) => {
      expect((await refusedUpgrade(app.localUrl, '/graphql', { origin })).status).toBe(403)
    },
  )

  test('a preflight is allowed for a configured origin, with what the client sends', async () => {
    const { status, headers } = await preflight(ALLOWED)
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe(ALLOWED)
    expect(headers.get('access-control-allow-headers')).toContain('authorization')
    expect(headers.get('access-control-allow-methods')).toContain('POST')
    expect(headers.get('vary')?.toLowerCase()).toContain('origin')
    expect(headers.get('access-control-allow-credentials')).toBeNull()
  })

  test('and for no other', async () => {
    const { headers } = await preflight('https://evil.example')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  test('the answer itself carries it too, also an error and a stream', async () => {
    const send = (origin: string, headers: Record<string, string>, body: string) =>
      fetch(new URL('/graphql', app.localUrl), {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json', ...headers },
        body,
      })
    const origin = 'access-control-allow-origin'
    const query = JSON.stringify({ query: '{ __typename }' })
    expect((await send(ALLOWED, { authorization }, query)).headers.get(origin)).toBe(ALLOWED)
    expect((await send(ALLOWED, { authorization: 'Bearer x' }, query)).headers.get(origin)).toBe(ALLOWED)
    expect((await send(ALLOWED, {}, '{')).headers.get(origin)).toBe(ALLOWED)
    expect((await send('https://evil.example', { authorization }, query)).headers.get(origin)).toBeNull()
    const stream = await send(
      ALLOWED,
      { authorization, accept: 'text/event-stream' },
      JSON.stringify({ query: 'subscription { events { cursor } }' }),
    )
    expect(stream.headers.get(origin)).toBe(ALLOWED)
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    expect(stream.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    await stream.body?.cancel()
  })

  describe('of what is sent and fetched by HTTP', () => {
    const CASES: [
      method: string,
      path: string,
      status: number,
      type?: string,
      body?: () => string | Uint8Array<ArrayBuffer>,
    ][] = [
      ['POST', '/voice-files', 201, 'audio/wav', () => new Uint8Array(toneWav(0.1))],
      ['POST', '/contacts/import', 200, 'text/csv', () => 'name\nAnn\n'],
      ['POST', '/messages/import', 200, 'application/x-ndjson', () => ''],
      ['GET', '/contacts/export', 200],
      ['GET', '/responses/export?link=LINK', 200],
      ['POST', '/voice-files', 400, 'audio/wav', () => ''],
      ['POST', '/contacts/import?format=xls', 400, 'text/csv', () => ''],
      ['POST', '/messages/import?results=none', 400, 'application/x-ndjson', () => ''],
      ['GET', '/contacts/imports/unknown', 404],
      ['GET', '/responses/export?link=unknown', 404],
    ]
    let link: string
    beforeAll(async () => {
      const { data } = await app.graphql(
        'mutation { createLink(input: { name: "Exported" }) { ... on CreateLinkPayload { link { id } } } }',
      )
      link = data!.createLink.link.id
    })
    const send = (origin: string, [method, path, , type, body]: (typeof CASES)[number], credential = authorization) =>
      fetch(new URL(path.replace('LINK', link), app.localUrl), {
        method,
        headers: { origin, authorization: credential, ...(type ? { 'content-type': type } : {}) },
        body: body?.(),
      })
    const shown = ({ status, headers }: Response) => ({
      status,
      origin: headers.get('access-control-allow-origin'),
      exposed: headers.get('access-control-expose-headers')?.split(', ') ?? null,
      vary: headers.get('vary'),
    })
    const EXPOSED = ['x-request-id', 'retry-after', 'content-disposition']

    test.each(CASES)('%s %s: the answer can be read, %d and its id', async (...each) => {
      const answer = await send(ALLOWED, each)
      expect(shown(answer)).toEqual({ status: each[2], origin: ALLOWED, exposed: EXPOSED, vary: 'Origin' })
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
      expect(answer.headers.has('content-disposition')).toBe(each[2] === 200 && each[1].includes('export'))
      await answer.arrayBuffer()
    })

    test.each(CASES)('%s %s: not by a page of elsewhere (%d)', async (...each) => {
      const answer = await send('https://evil.example', each)
      expect(shown(answer)).toEqual({ status: each[2], origin: null, exposed: null, vary: 'Origin' })
      await answer.arrayBuffer()
    })

    test('a wrong key is told of as well', async () => {
      for (const each of CASES.slice(0, 5)) {
        expect(shown(await send(ALLOWED, each, 'Bearer x'))).toMatchObject({ status: 401, origin: ALLOWED })
      }
    })

    test("the legacy APIs' answers are for servers", async () => {
      const paths = [
        '/sayify/api/v1/links/',
        '/multisender/v1/accounts',
        '/saysimple/v1/agents',
        '/saygent/api/v1/status',
      ]
      for (const path of paths) {
        expect([...app.routes]).toContain(`GET ${path}`)
        const answer = await fetch(new URL(path, app.localUrl), { headers: { origin: ALLOWED, authorization } })
        expect(shown(answer), path).toMatchObject({ origin: null })
      }
    })
  })
})

describe('operations', () => {
  let socket: Socket
  beforeAll(async () => {
    socket = await connect(app.localUrl, app.key)
  })

  test('queries and mutations are answered as by HTTP', async () => {
    const mutation = socket.run(
      'mutation ($name: String!) { createLink(input: { name: $name }) { ... on CreateLinkPayload { link { name } } } }',
      { name: 'By socket' },
    )
    await until(() => mutation.completed(), 'the mutation is answered')
    expect(mutation.results).toEqual([{ data: { createLink: { link: { name: 'By socket' } } } }])
    const query = socket.run('{ links(first: 10) { nodes { name } } }')
    await until(() => query.completed(), 'the query is answered')
    expect(query.results).toEqual([
      (({ data }) => ({ data }))(await app.graphql('{ links(first: 10) { nodes { name } } }')),
    ])
  })

  test.each([
    ['a syntax error', 'subscription {', {}, 'Syntax Error'],
    ['an unknown field', 'subscription { nonsense }', {}, 'Cannot query field "nonsense"'],
    ['two root fields', 'subscription { a: events { cursor } b: events { cursor } }', {}, 'must select only one'],
    ['no operation at all', 'fragment F on Query { __typename }', {}, 'F'],
    ['too many aliases', `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: __typename`).join(' ')} }`, {}, 'aliases'],
    ['too many words', `{ ${'__typename '.repeat(2_100)} }`, {}, '2000 tokens'],
  ])('%s is refused with an error message', async (_, query, variables, text) => {
    const operation = socket.run(query, variables)
    await until(() => operation.refused() !== undefined, 'it is refused')
    expect(
      operation
        .refused()!
        .map(({ message }) => message)
        .join('\n'),
    ).toContain(text)
    expect(operation.results).toEqual([])
  })

  const LINK_EVENTS =
    'subscription ($id: ID!, $after: String) { responseSubmitted(linkId: $id, after: $after) { cursor } }'
  const BIG = `subscription ($id: ID!) { responseSubmitted(linkId: $id) { response { link { responses(first: 100) { nodes {
    answers { id } link { responses(first: 100) { nodes { id } } } } } } } } }`
  test.each([
    ['a missing variable', LINK_EVENTS, {}, '$id'],
    ['a variable of a wrong type', LINK_EVENTS, { id: 'x', after: 7 }, '$after'],
    ['an unknown enum value', 'subscription ($t: [EventType!]) { events(types: $t) { cursor } }', { t: ['NO'] }, 'NO'],
    ['an id that is none', LINK_EVENTS, { id: 'nonsense' }, 'No link with this id exists'],
    ['more objects than allowed', BIG, { id: 'TGluazp4' }, 'the limit is'],
  ])(
    'a subscription with %s gets one result with the error, by socket and by SSE',
    async (_, query, variables, text) => {
      const operation = socket.run(query, variables)
      await until(() => operation.completed() || operation.refused() !== undefined, 'it ends')
      const errors = operation.refused() ?? operation.results[0]?.errors
      expect(errors?.[0]?.message).toContain(text)
      expect(operation.results.length).toBeLessThanOrEqual(1)
      const stream = await openStream(app.localUrl, app.key, query, variables)
      await until(() => stream.ended() !== undefined, 'the stream ends')
      expect(stream.results[0]?.errors?.[0]?.message).toContain(text)
      expect(errors?.[0]?.extensions?.code).not.toBe('INTERNAL_SERVER_ERROR')
    },
  )

  const present = async () => (await app.graphql('{ eventCursor }')).data!.eventCursor as string
  const createContact = (email: string) =>
    app.graphql('mutation ($email: EmailAddress!) { createContact(input: { email: $email }) { __typename } }', {
      email,
    })

  test('types given as a variable are honoured, by socket and by SSE', async () => {
    const query =
      'subscription ($types: [EventType!], $after: String) { events(types: $types, after: $after) { type } }'
    const after = await present()
    const operation = socket.run(query, { after, types: ['LINK_DELETED', 'CONTACT_CREATED'] })
    const stream = await openStream(app.localUrl, app.key, query, { after, types: ['CONTACT_CREATED'] })
    await createLink('not asked for')
    expect((await createContact('ann@example.com')).data?.createContact.__typename).toBe('CreateContactPayload')
    await until(() => operation.results.length > 0 && stream.results.length > 0, 'the contact is announced')
    expect(operation.results).toEqual([{ data: { events: { type: 'CONTACT_CREATED' } } }])
    expect(stream.results).toEqual([{ data: { events: { type: 'CONTACT_CREATED' } } }])
    operation.complete()
    stream.abort()
  })

  test('the default of a variable counts', async () => {
    const query =
      'subscription ($types: [EventType!] = [LINK_CREATED], $after: String) { events(types: $types, after: $after) { type } }'
    const after = await present()
    const operation = socket.run(query, { after })
    const other = socket.run(EVENTS, { after })
    await createContact('bo@example.com')
    await createLink('announced')
    await until(() => other.results.length >= 2, 'both are announced to whoever wants both')
    await until(() => operation.results.length > 0, 'the link is announced')
    expect(operation.results).toEqual([{ data: { events: { type: 'LINK_CREATED' } } }])
    operation.complete()
    other.complete()
  })

  test('an id in use closes the socket', async () => {
    const twice = await connect(app.localUrl, app.key)
    twice.run(EVENTS, {}, 'same')
    twice.run(EVENTS, {}, 'same')
    expect((await twice.whenClosed()).code).toBe(4409)
  })

  test('an id is free again once its last message has come, be it a refusal', async () => {
    const socket = await connect(app.localUrl, app.key)
    for (let n = 0; n < 50; n++) {
      const query = socket.run('{ links(first: 1) { nodes { name } } }', {}, 'one')
      await new Promise<void>((resolve) => socket.ws.on('message', () => query.completed() && resolve()))
      const refused = socket.run('{ nonesuch }', {}, 'one')
      await new Promise<void>((resolve) => socket.ws.on('message', () => refused.refused() && resolve()))
    }
    expect(socket.closed()).toBeUndefined()
    socket.ws.close()
  })

  test('a hundred operations at once, and no more; who completes some may start others', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    const busy = await connect(app.localUrl, app.key)
    const after = await present()
    const operations = Array.from({ length: 100 }, () => busy.run(EVENTS, { after }))
    const over = busy.run(EVENTS)
    await until(() => over.refused() !== undefined, 'the one too many is refused')
    expect(over.refused()![0]!.message).toContain('More than 100 operations')
    operations[0]!.complete()
    const next = busy.run(EVENTS, { after })
    expect((await createLink('to all')).data?.createLink.__typename).toBe('CreateLinkPayload')
    const told = [next, ...operations.slice(1)]
    const hasFailed = () => busy.closed() ?? next.refused()
    await until(() => hasFailed() !== undefined || told.every(({ results }) => results.length > 0), 'all are told')
    expect(hasFailed()).toBeUndefined()
    expect(told.map(({ results }) => results.length)).toEqual(told.map(() => 1))
    expect(operations[0]!.results).toEqual([])
    busy.ws.close()
    await busy.whenClosed()
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })

  test('what is completed costs nothing any more, also when it was completed at once', async () => {
    const gone = await connect(app.localUrl, app.key)
    for (let n = 0; n < 50; n++) gone.run(EVENTS).complete()
    const streams = await Promise.all(Array.from({ length: 10 }, () => openStream(app.localUrl, app.key, EVENTS)))
    for (const stream of streams) stream.abort()
    const metric = async () =>
      Number(/^saygraph_subscribers (\d+)$/m.exec(await (await fetch(new URL('/metrics', app.localUrl))).text())?.[1])
    await until(async () => (await metric()) === 0, 'no subscription is left')
    const before = gone.messages.length
    await createLink('to nobody')
    await app.graphql('{ __typename }')
    expect(gone.messages.slice(before).filter(({ type }) => type === 'next')).toEqual([])
    gone.ws.close()
  })
})

test('a socket whose other end no longer answers is dropped; one that answers stays', async () => {
  const answering = await connect(app.localUrl, app.key)
  const silent = await openSocket(app.localUrl)
  await silent.init({ authorization })
  // What `ws` does for every client; without it this one is as good as gone.
  silent.ws.pong = () => {}
  expect((await silent.whenClosed()).code).toBe(1006)
  await new Promise((resolve) => setTimeout(resolve, 3 * PING_MS))
  expect(answering.closed()).toBeUndefined()
  answering.ws.close()
})

test('a stream without a credential is refused', async () => {
  const stream = await openStream(app.localUrl, null, EVENTS)
  await until(() => stream.ended() !== undefined, 'the stream ends')
  expect(stream.results).toMatchObject([{ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }])
})
