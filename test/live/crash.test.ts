import { randomInt, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { TEST_KEY } from '../kit/app.ts'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { freePort, type ServerProcess, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'
import { connect, EVENTS, openStream, positionOf, type Result, socketUrl } from './clients.ts'

// Processes are started here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const folders: string[] = []
const servers = new Set<ServerProcess>()
afterAll(async () => {
  for (const server of servers) await server.kill()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** What a server needs to come back as the same one. */
async function settings(): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-crash-'))
  folders.push(folder)
  return {
    PORT: String(await freePort()),
    DATA_DIR: folder,
    BOOTSTRAP_API_KEY: TEST_KEY,
    APP_SECRET: 'only for tests, and long enough for that',
    SAMPLE_LINK: 'off',
    RATE_LIMIT: '10000000',
    // Every writer comes from an address of its own, so that limits per address do not stand in the way.
    TRUST_PROXY: 'on',
    ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}),
  }
}

async function start(env: Record<string, string>): Promise<ServerProcess> {
  const server = await startServer(env)
  servers.add(server)
  return server
}

async function send(url: string, path: string, init: { method?: string; headers?: object; body?: object }) {
  const { method = 'POST', headers = {}, body } = init
  const response = await fetch(new URL(path, url), {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(20_000),
  })
  const answer = (await response.json()) as Record<string, any>
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(answer)}`)
  return answer
}

async function graphql(url: string, query: string, variables = {}): Promise<Record<string, any>> {
  const headers = { authorization: `Bearer ${TEST_KEY}` }
  const { data, errors } = await send(url, '/graphql', { headers, body: { query, variables } })
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

const CREATE = `mutation ($name: String!, $questions: [QuestionInput!]) {
  createLink(input: { name: $name, questions: $questions }) { ... on CreateLinkPayload { link { id slug } } } }`
const uuidOf = (globalId: string) => /[0-9a-f-]{36}/.exec(Buffer.from(globalId, 'base64').toString())![0]
const present = async (url: string): Promise<string> => (await graphql(url, '{ eventCursor }')).eventCursor

/** Writes until told to stop, and remembers what was acknowledged. What fails is not repeated: it may have happened. */
async function write(pick: () => string, slug: string, acknowledged: string[], isOver: () => boolean): Promise<void> {
  const headers = { 'x-forwarded-for': `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}` }
  const session = `/w/default/i/${slug}/session`
  while (!isOver()) {
    try {
      if (randomInt(3) === 0) {
        const { createLink } = await graphql(pick(), CREATE, { name: 'Written' })
        acknowledged.push(`link.created ${uuidOf(createLink.link.id)}`)
      } else {
        const opened = await send(pick(), `${session}s`, { headers })
        acknowledged.push(`response.started ${opened.responseId}`)
        const owner = { ...headers, authorization: `Session ${opened.session}` }
        const answer = { method: 'PUT', headers: owner, body: { value: 'Good' } }
        const { answerId } = await send(pick(), `${session}/answers/how`, answer)
        acknowledged.push(`response.answered ${answerId}`)
        await send(pick(), `${session}/submit`, { headers: owner, body: {} })
        acknowledged.push(`response.submitted ${opened.responseId}`)
      }
    } catch {
      await sleep(30)
    }
    await sleep(randomInt(20))
  }
}

interface Seen {
  position: number
  key: string
}

function seen({ data }: Result): Seen {
  const { cursor, type, payload } = data!.events
  const name = { LINK_CREATED: 'link.created', RESPONSE_ANSWERED: 'response.answered' }[type as string]
  const subject = { 'link.created': payload.linkId, 'response.answered': payload.answerId }[name ?? '']
  return {
    position: positionOf(cursor),
    key: name
      ? `${name} ${subject}`
      : `${String(type).toLowerCase().replace('_', '.')} ${payload.responseId ?? JSON.stringify(payload)}`,
  }
}

/** How often each subscriber comes at least. */
const CONNECTIONS = 6

/** Reads everything after the cursor, leaves without a word again and again, and continues from its last cursor. */
async function subscribe(
  transport: 'ws' | 'sse',
  pick: () => string,
  from: string,
  isOver: (position: number) => boolean,
): Promise<{ seen: Seen[]; refusals: unknown[] }> {
  const all: Seen[] = []
  const refusals: unknown[] = []
  let after = from
  let connections = 0
  while (!isOver(positionOf(after)) || connections < CONNECTIONS) {
    try {
      const url = pick()
      let results: Result[]
      let leave: () => void
      let isOpen: () => boolean
      if (transport === 'ws') {
        const socket = await connect(url, TEST_KEY)
        results = socket.run(EVENTS, { after }).results
        leave = () => socket.ws.terminate()
        isOpen = () => socket.closed() === undefined
      } else {
        const stream = await openStream(url, TEST_KEY, EVENTS, { after })
        results = stream.results
        leave = stream.abort
        isOpen = () => stream.ended() === undefined
      }
      connections++
      const end = performance.now() + randomInt(50, 500)
      while (isOpen() && performance.now() < end) await sleep(10)
      // What comes after this look is lost with the connection.
      const taken = [...results]
      leave()
      for (const result of taken) {
        if (!result.data) {
          refusals.push(result.errors)
          continue
        }
        all.push(seen(result))
        after = result.data.events.cursor
      }
    } catch {
      await sleep(30)
    }
  }
  return { seen: all, refusals }
}

/** Writers and subscribers work on the servers while `disturb` does what it likes to them; then everything is compared. */
async function ordeal(urls: () => string[], disturb: () => Promise<void>): Promise<void> {
  const pick = () => {
    const up = urls()
    return up[randomInt(up.length)]!
  }
  const questions = [{ fieldKey: 'how', prompt: 'How was it?', type: 'TEXT' }]
  const { slug } = (await graphql(pick(), CREATE, { name: `Asked ${randomUUID()}`, questions })).createLink.link
  const from = await present(pick())

  const acknowledged: string[] = []
  let writing = true
  let head = Number.POSITIVE_INFINITY
  const writers = Array.from({ length: 20 }, () => write(pick, slug, acknowledged, () => !writing))
  const subscribers = (['ws', 'ws', 'ws', 'sse', 'sse'] as const).map((transport) =>
    subscribe(transport, pick, from, (position) => position >= head),
  )
  await disturb()
  // How much goes on meanwhile depends on the machine.
  await until(() => acknowledged.length > 50, 'something is going on', 60_000)
  writing = false
  await Promise.all(writers)
  head = positionOf(await present(pick()))
  const outcomes = await Promise.all(subscribers)

  const count = head - positionOf(from)
  // A request that was given up here may still have been carried out after the last look at the log.
  const toHead = outcomes.map((outcome) => outcome.seen.filter(({ position }) => position <= head))
  const [first] = toHead
  for (const { refusals } of outcomes) expect(refusals).toEqual([])
  for (const seen of toHead) {
    expect(seen.map(({ position }) => position)).toEqual(
      Array.from({ length: count }, (_, n) => positionOf(from) + 1 + n),
    )
    expect(seen).toEqual(first)
  }
  const times = new Map<string, number>()
  for (const { key } of first!) times.set(key, (times.get(key) ?? 0) + 1)
  expect(acknowledged.filter((key) => times.get(key) !== 1)).toEqual([])
  const written = [...times].filter(([key]) => /^(link|response)\./.test(key))
  expect(written.filter(([, n]) => n !== 1)).toEqual([])
}

describe.runIf(onPostgres)('what was acknowledged reaches every subscriber once, in one order', () => {
  test('when the server is killed again and again', async () => {
    const env = await settings()
    let server = await start(env)
    const { url } = server
    await ordeal(
      () => [url],
      async () => {
        for (let n = 0; n < 3; n++) {
          await sleep(1_200)
          await server.kill()
          server = await start(env)
        }
        await sleep(1_000)
      },
    )
    expect(await server.stop()).toBe(0)
  })

  test('when one of two servers is killed and clients move to the other', async () => {
    const env = await settings()
    const envs = [env, { ...env, PORT: String(await freePort()) }] as const
    const pair = await Promise.all(envs.map(start))
    await ordeal(
      // Clients do not know which one is up.
      () => pair.map(({ url }) => url),
      async () => {
        for (const n of [0, 1]) {
          await sleep(1_200)
          await pair[n]!.kill()
          await sleep(600)
          pair[n] = await start(envs[n]!)
        }
        await sleep(1_000)
      },
    )
    expect(await Promise.all(pair.map((server) => server.stop()))).toEqual([0, 0])
  })
})

describe('a stock graphql-ws client with its own retry', () => {
  let env: Record<string, string>
  let server: ServerProcess
  beforeAll(async () => {
    env = await settings()
    server = await start(env)
  })

  test('continues by cursor through a restart and a crash, without loss or duplicate', async () => {
    const from = await present(server.url)
    let after = from
    const received: Seen[] = []
    const failures: unknown[] = []
    let connections = 0
    const client = createClient({
      url: socketUrl(server.url),
      connectionParams: { authorization: `Bearer ${TEST_KEY}` },
      retryAttempts: 1_000,
      retryWait: () => sleep(50),
      shouldRetry: () => true,
      on: { connected: () => connections++ },
    })
    // The client sends the same payload again after each break, so the payload asks where to continue.
    const variables = {
      get after() {
        return after
      },
    }
    client.subscribe<Record<string, any>>(
      { query: EVENTS, variables },
      {
        next(result) {
          received.push(seen(result as Result))
          after = result.data!.events.cursor
        },
        error: (error) => failures.push(error),
        complete: () => {},
      },
    )
    const made: string[] = []
    const make = async () => {
      const { createLink } = await graphql(server.url, CREATE, { name: 'Made' })
      made.push(`link.created ${uuidOf(createLink.link.id)}`)
    }
    for (let n = 0; n < 5; n++) await make()
    await until(() => received.length === 5, 'the first are told', 30_000)
    expect(await server.stop()).toBe(0)
    server = await start(env)
    for (let n = 0; n < 5; n++) await make()
    await until(() => received.length === 10, 'those after the restart are told', 30_000)
    await Promise.all([make(), make(), make()])
    if (onPostgres) await server.kill()
    else await server.stop() // the embedded database may lose the last moments, so nothing is promised of a crash
    server = await start(env)
    for (let n = 0; n < 5; n++) await make()
    await until(() => received.length >= 18, 'all are told', 30_000)
    expect(failures).toEqual([])
    expect(received.map(({ position }) => position)).toEqual(
      Array.from({ length: 18 }, (_, n) => positionOf(from) + 1 + n),
    )
    expect(received.map(({ key }) => key).sort()).toEqual(made.sort())
    expect(connections).toBe(3)
    await client.dispose()
  })
})
