import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { FakeClock } from '../../src/platform/clock.ts'
import { TEST_KEY, type TestApp, testApp } from '../kit/app.ts'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { type ServerProcess, startServer } from '../kit/server.ts'
import { START, until } from '../kit/world.ts'
import { connect, EVENTS, openSocket, openStream, type Socket, type Stream } from './clients.ts'

// Processes are started here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const CREATE_KEY = `mutation ($expiresAt: DateTime) { createApiKey(input: { name: "some", expiresAt: $expiresAt }) {
  ... on CreateApiKeyPayload { key apiKey { id } } } }`
const REVOKE = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }'
const CREATE_TOKEN = `mutation ($seconds: Int) { createBrowserToken(input: { expiresIn: $seconds }) {
  ... on CreateBrowserTokenPayload { token } } }`
const ENDED = { code: 4401, reason: 'The credential has ended.' }

const clock = new FakeClock(START)
let app: TestApp
beforeAll(async () => {
  app = await testApp({}, clock)
})
const newKey = async (variables = {}): Promise<{ key: string; apiKey: { id: string } }> =>
  (await app.graphql(CREATE_KEY, variables)).data!.createApiKey
const tokenOf = async (key: string, seconds = 900): Promise<string> =>
  (await app.graphql(CREATE_TOKEN, { seconds }, key)).data!.createBrowserToken.token
const revoke = async (id: string) => {
  expect((await app.graphql(REVOKE, { id })).data).toEqual({ revokeApiKey: { __typename: 'RevokeApiKeyPayload' } })
}

/** An idle socket, one with a subscription, and a stream. */
async function connections(credential: string): Promise<{ sockets: Socket[]; stream: Stream }> {
  const sockets = await Promise.all([connect(app.localUrl, credential), connect(app.localUrl, credential)])
  sockets[1]!.run(EVENTS)
  return { sockets, stream: await openStream(app.localUrl, credential, EVENTS) }
}
async function expectEnded({ sockets, stream }: Awaited<ReturnType<typeof connections>>): Promise<void> {
  for (const socket of sockets) expect(await socket.whenClosed()).toEqual(ENDED)
  await until(() => stream.ended() !== undefined, 'the stream ends')
  expect(stream.ended()).toBe('complete')
  expect(stream.results.at(-1)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
}
function expectOpen({ sockets, stream }: Awaited<ReturnType<typeof connections>>): void {
  expect([...sockets.map((socket) => socket.closed()), stream.ended()]).toEqual([undefined, undefined, undefined])
}
function close({ sockets, stream }: Awaited<ReturnType<typeof connections>>): void {
  for (const socket of sockets) socket.ws.close()
  stream.abort()
}

test('a revoked key loses its sockets and streams, also those of its browser tokens, and nobody else does', async () => {
  const { key, apiKey } = await newKey()
  const other = await newKey()
  const token = await tokenOf(key)
  const ending = [await connections(key), await connections(token)]
  const staying = [
    await connections(other.key),
    await connections(await tokenOf(other.key)),
    await connections(app.key),
  ]
  await revoke(apiKey.id)
  for (const one of ending) await expectEnded(one)
  for (const one of staying) expectOpen(one)
  // The news of it is told to who stays, so they are alive as well.
  await until(() => staying[2]!.stream.results.some(({ data }) => data?.events.type === 'API_KEY_REVOKED'), 'the news')
  for (const credential of [key, token]) {
    await expect(connect(app.localUrl, credential)).rejects.toThrow('closed with 4401')
    const stream = await openStream(app.localUrl, credential, EVENTS)
    await until(() => stream.ended() !== undefined, 'the stream ends')
    expect(stream.results).toMatchObject([{ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }])
  }
  for (const one of staying) close(one)
})

test('a key may revoke itself by its own socket', async () => {
  const { key, apiKey } = await newKey()
  const socket = await connect(app.localUrl, key)
  socket.run(REVOKE, { id: apiKey.id })
  expect(await socket.whenClosed()).toEqual(ENDED)
})

test('a revocation while sockets and streams open lets none of them through', async () => {
  for (let round = 0; round < 5; round++) {
    const { key, apiKey } = await newKey()
    const opening = Array.from({ length: 6 }, async (_, n) => {
      if (n % 2 === 0) {
        const socket = await openSocket(app.localUrl)
        await socket.init({ token: key }).catch(() => {})
        return socket
      }
      return openStream(app.localUrl, key, EVENTS)
    })
    await revoke(apiKey.id)
    for (const one of await Promise.all(opening)) {
      await until(() => ('ws' in one ? one.closed() : one.ended()) !== undefined, 'it is closed')
    }
  }
})

test('what has a time to end ends then: a browser token, a key, and a token of a key that ends before it', async () => {
  const minutes = (n: number) => new Date(clock.now().getTime() + n * 60_000)
  const { key } = await newKey({ expiresAt: minutes(30) })
  const [short, long, ofShortKey] = [
    await tokenOf(app.key, 60),
    await tokenOf(app.key, 3_600),
    await tokenOf(key, 3_600),
  ]
  const opened = {
    short: await connections(short),
    key: await connections(key),
    ofShortKey: await connections(ofShortKey),
    long: await connections(long),
  }
  clock.advance(59_000)
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  for (const one of Object.values(opened)) expectOpen(one)
  clock.advance(1_000)
  await expectEnded(opened.short)
  for (const one of [opened.key, opened.ofShortKey, opened.long]) expectOpen(one)
  clock.advance(29 * 60_000)
  await expectEnded(opened.key)
  await expectEnded(opened.ofShortKey)
  expectOpen(opened.long)
  await expect(connect(app.localUrl, short)).rejects.toThrow('closed with 4401')
  close(opened.long)
})

test('a socket whose operations are too many is told to come later, not that its key is bad', async () => {
  const limited = await testApp({ RATE_LIMIT: '5' })
  const socket = await connect(limited.localUrl, limited.key)
  const operations = Array.from({ length: 6 }, () => socket.run('{ __typename }'))
  await until(() => operations.every((one) => one.completed() || one.refused()), 'all are answered')
  const refusals = operations.flatMap((one) => one.refused() ?? [])
  expect(refusals.length).toBeGreaterThan(0)
  expect(refusals[0]).toMatchObject({ extensions: { code: 'RATE_LIMITED', retryable: true } })
  await expect(connect(limited.localUrl, limited.key)).rejects.toThrow('closed with 1013')
})

describe.runIf(onPostgres)('of two processes on one database', () => {
  const servers: ServerProcess[] = []
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saygraph-revocation-'))
    const env = {
      DATA_DIR: folder,
      DATABASE_URL: await testDatabaseUrl(),
      APP_SECRET: 'only for tests, and long enough for that',
      BOOTSTRAP_API_KEY: TEST_KEY,
    }
    servers.push(...(await Promise.all([startServer(env), startServer(env)])))
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await rm(folder, { recursive: true })
  })

  const graphql = async (query: string, variables: object, key = TEST_KEY): Promise<Record<string, any>> => {
    const response = await fetch(new URL('/graphql', servers[0]!.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables }),
    })
    return ((await response.json()) as { data: Record<string, any> }).data
  }

  test('one ends what the other has open, within two seconds', async () => {
    const { key, apiKey } = (await graphql(CREATE_KEY, {})).createApiKey
    const { token } = (await graphql(CREATE_TOKEN, {}, key)).createBrowserToken
    const far = servers[1]!.url
    const sockets = [await connect(far, key), await connect(far, token)]
    const stream = await openStream(far, token, EVENTS)
    const staying = await connect(far, TEST_KEY)
    const started = performance.now()
    await graphql(REVOKE, { id: apiKey.id })
    for (const socket of sockets) expect(await socket.whenClosed()).toEqual(ENDED)
    await until(() => stream.ended() !== undefined, 'the stream ends')
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(staying.closed()).toBeUndefined()
    staying.ws.close()
  })
})
