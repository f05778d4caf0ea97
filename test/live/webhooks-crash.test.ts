import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { afterAll, expect, test } from 'vitest'
import { TEST_KEY } from '../kit/app.ts'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { startReceiver } from '../kit/receiver.ts'
import { freePort, type ServerProcess, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'

/**
 * PGlite promises nothing after a crash, so there the server is only told to stop, and cuts off what still runs; one
 * round of it shows the same path.
 */
const ROUNDS = onPostgres ? 10 : 1
/** 20 requests of each are under way at a time. */
const HEALTHY = onPostgres ? 12 : 2
const IN_FLIGHT = onPostgres ? 200 : 30

let server: ServerProcess | undefined
let folder = ''
afterAll(async () => {
  await server?.kill()
  if (folder) await rm(folder, { recursive: true, force: true })
})

async function settings(): Promise<Record<string, string>> {
  folder = await mkdtemp(join(tmpdir(), 'saygraph-webhooks-'))
  return {
    PORT: String(await freePort()),
    DATA_DIR: folder,
    BOOTSTRAP_API_KEY: TEST_KEY,
    APP_SECRET: 'only for tests, and long enough for that',
    SAMPLE_LINK: 'off',
    RATE_LIMIT: '10000000',
    SHUTDOWN_SECONDS: '1',
    WEBHOOK_ALLOW: '127.0.0.1',
    WEBHOOK_TIMEOUT: onPostgres ? '10' : '3',
    ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}),
  }
}

async function graphql(url: string, query: string, variables = {}): Promise<Record<string, any>> {
  const response = await fetch(new URL('/graphql', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TEST_KEY}` },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(10_000),
  })
  const { data, errors } = (await response.json()) as { data: Record<string, any>; errors?: unknown[] }
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

const SUBSCRIBE = `mutation ($url: URL!) {
  createWebhook(input: { url: $url, eventTypes: [LINK_CREATED, LINK_UPDATED] }) {
    ... on CreateWebhookPayload { secret } ... on Error { message } } }`
const CREATE = `mutation { createLink(input: { name: "Written" }) { ... on CreateLinkPayload { link { id } } } }`
const UPDATE = `mutation ($id: ID!) { updateLink(input: { id: $id, name: "Changed" }) { ... on UpdateLinkPayload { link { id } } } }`
const EVENTS = `query ($after: String) {
  events(first: 100, after: $after, types: [LINK_CREATED, LINK_UPDATED]) {
    ... on EventPage { cursor hasMore events { id type payload } } } }`

/** Makes and changes links, whenever there is a server to do it. What fails may have happened or not. */
async function write(url: string, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      const { createLink } = await graphql(url, CREATE)
      await graphql(url, UPDATE, { id: createLink.link.id })
    } catch {
      await sleep(50)
    }
    await sleep(randomInt(20))
  }
}

interface Event {
  id: string
  type: string
  payload: { linkId: string }
}

async function log(url: string): Promise<Event[]> {
  const all: Event[] = []
  for (let after: string | undefined; ; ) {
    const { events: page } = await graphql(url, EVENTS, { after })
    all.push(...page.events)
    if (!page.hasMore) return all
    after = page.cursor
  }
}

test('with hundreds in flight and the server killed again and again, every healthy receiver gets every event', {
  timeout: 900_000,
}, async () => {
  const env = await settings()
  server = await startServer(env)
  const { url } = server
  let over = false
  // Long enough in the air to be there when the server dies, also where it sends them slowly.
  const healthy = await startReceiver((_, response) => {
    setTimeout(() => response.writeHead(204).end(), 300 + randomInt(over ? 300 : 3_000))
  })
  const failing = await startReceiver((_, response) => void response.writeHead(500).end())
  const hanging = await startReceiver(() => {})
  const secrets = new Map<string, string>()
  for (let n = 0; n < HEALTHY; n++) {
    const { createWebhook } = await graphql(url, SUBSCRIBE, { url: `${healthy.url}${n}` })
    secrets.set(`/${n}`, createWebhook.secret)
  }
  for (const receiver of [failing, hanging]) await graphql(url, SUBSCRIBE, { url: receiver.url })

  const writers = Array.from({ length: 4 }, () => write(url, () => over))
  for (let round = 0; round < ROUNDS; round++) {
    await until(() => healthy.open() >= IN_FLIGHT, `${IN_FLIGHT} in flight in round ${round}`, 120_000)
    if (onPostgres) await server.kill()
    else await server.stop()
    server = await startServer(env)
  }
  over = true
  await Promise.all(writers)

  const events = await log(url)
  const seen = (path: string) => healthy.requests.filter((request) => request.path === path)
  const idsAt = (path: string) => new Set(seen(path).map(({ body }) => JSON.parse(body).eventId))
  const isComplete = () => [...secrets.keys()].every((path) => idsAt(path).size >= events.length)
  await until(isComplete, 'everything delivered', 200_000)

  expect(events.length).toBeGreaterThan(IN_FLIGHT / 10)
  for (const [path, secret] of secrets) {
    const requests = seen(path)
    expect([...idsAt(path)].sort()).toEqual(events.map(({ id }) => id).sort())
    // One id per event and receiver, however often it came.
    const pairs = new Set(requests.map(({ headers, body }) => `${headers['webhook-id']} ${JSON.parse(body).eventId}`))
    expect(pairs.size).toBe(events.length)
    expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(events.length)
    for (const { headers, body } of requests) {
      const at = new Date(Number(headers['webhook-timestamp']) * 1_000)
      expect(headers['webhook-signature']).toBe(new Webhook(secret).sign(String(headers['webhook-id']), at, body))
    }
    // What happened to one link came in its order.
    const firsts = new Map<string, number>()
    for (const [n, { body }] of requests.entries()) {
      const { eventId } = JSON.parse(body)
      if (!firsts.has(eventId)) firsts.set(eventId, n)
    }
    const created = new Map(
      events.flatMap((event) => (event.type === 'LINK_CREATED' ? [[event.payload.linkId, event.id]] : [])),
    )
    for (const { type, id, payload } of events) {
      if (type === 'LINK_UPDATED') expect(firsts.get(id)).toBeGreaterThan(firsts.get(created.get(payload.linkId)!)!)
    }
  }
  const repeated = healthy.requests.length - events.length * HEALTHY
  console.info(
    `${events.length} events, ${HEALTHY} receivers, ${ROUNDS} rounds: ${healthy.requests.length} requests, ${repeated} of them repetitions`,
  )
})

test.runIf(onPostgres)('two processes share the work, and nothing is sent twice', { timeout: 120_000 }, async () => {
  const { PORT: _, ...env } = await settings()
  const processes = [await startServer(env), await startServer(env)]
  try {
    const { url } = processes[0]!
    const receiver = await startReceiver((_, response) => {
      setTimeout(() => response.writeHead(204).end(), randomInt(30))
    })
    for (let n = 0; n < 3; n++) await graphql(url, SUBSCRIBE, { url: `${receiver.url}${n}` })
    for (let n = 0; n < 60; n++) await graphql(processes[n % 2]!.url, CREATE)
    await until(() => receiver.requests.length >= 180, 'everything delivered', 60_000)
    const ids = receiver.requests.map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(180)
    const sent = async () => {
      const texts = await Promise.all(processes.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()))
      const counts = texts.map((text) => /saygraph_webhook_attempts_total\{outcome="ok"\} (\d+)/.exec(text)?.[1])
      return counts.reduce((sum, count) => sum + Number(count ?? 0), 0)
    }
    await until(async () => (await sent()) >= 180, 'everything recorded', 30_000)
    expect(await sent()).toBe(180)
    expect(ids).toHaveLength(180)
  } finally {
    for (const one of processes) await one.kill()
  }
})
