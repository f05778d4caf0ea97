import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test, vi } from 'vitest'
import { TEST_KEY } from '../kit/app.ts'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { freePort, type ServerProcess, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const servers = new Set<ServerProcess>()
let folder: string | undefined
afterAll(async () => {
  for (const server of servers) await server.kill()
  if (folder) await rm(folder, { recursive: true, force: true })
})

async function start(env: Record<string, string>): Promise<ServerProcess> {
  const server = await startServer(env)
  servers.add(server)
  return server
}

const headers = { authorization: `Bearer ${TEST_KEY}`, 'content-type': 'application/json' }

async function graphql(url: string, query: string): Promise<Record<string, any>> {
  const response = await fetch(new URL('/graphql', url), { method: 'POST', headers, body: JSON.stringify({ query }) })
  const { data, errors } = (await response.json()) as Record<string, any>
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

const START = Date.UTC(2026, 5, 1)

/** One message of a legacy client, some of them late, some with a new tag; `n` names it. */
function message(n: number): object {
  const minute = n % 10 === 0 ? n - 500 : n
  return {
    ...{ tenant: 'any', direction: n % 3 === 0 ? 'IN' : 'OUT', channel: 'SMS', provider: 'TWILIO' },
    ...{
      tenantChannelIdentifier: '+31201234567',
      customerChannelIdentifier: `+3168765${String(n % 40).padStart(4, '0')}`,
    },
    ...{ message: { n }, conversation: String(n % 60), agent: `agent ${n}`, tags: n % 13 === 0 ? [`t${n % 7}`] : [] },
    time: new Date(START + minute * 60_000).toISOString(),
  }
}

/**
 * Servers are killed while they take messages, on PostgreSQL two of them: what was acknowledged is there once, what was
 * not is there once or not at all, and all that is counted of them is what the messages say.
 */
test('a message that was acknowledged is counted, whoever is killed', async () => {
  folder = await mkdtemp(join(tmpdir(), 'saygraph-metrics-crash-'))
  const env = (port: number): Record<string, string> => ({
    PORT: String(port),
    DATA_DIR: folder!,
    BOOTSTRAP_API_KEY: TEST_KEY,
    APP_SECRET: 'only for tests, and long enough for that',
    SAMPLE_LINK: 'off',
    RATE_LIMIT: '10000000',
  })
  const database: Record<string, string> = onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}
  const places = onPostgres ? [env(await freePort()), env(await freePort())] : [env(await freePort())]
  const running: ServerProcess[] = []
  for (const place of places) running.push(await start({ ...place, ...database }))
  const acknowledged = new Set<number>()
  let next = 0
  let isOver = false
  const clients = Array.from({ length: 24 }, async () => {
    while (!isOver) {
      const n = next++
      const { url } = running[randomInt(running.length)]!
      try {
        const answer = await fetch(new URL('/v1/messages', url), {
          ...{ method: 'POST', headers, body: JSON.stringify(message(n)), signal: AbortSignal.timeout(20_000) },
        })
        if (answer.status === 201) acknowledged.add(n)
      } catch {
        await sleep(50)
      }
    }
  })
  for (let kills = 0; kills < (onPostgres ? 4 : 1); kills++) {
    await sleep(700 + randomInt(700))
    const victim = kills % running.length
    // The embedded database does not survive a crash, so there it is an end in good order.
    if (onPostgres) await running[victim]!.kill()
    else expect(await running[victim]!.stop()).toBe(0)
    running[victim] = await start({ ...places[victim]!, ...database })
  }
  // How much goes on meanwhile depends on the machine.
  await until(() => acknowledged.size > 100, 'messages are taken', 60_000)
  isOver = true
  await Promise.all(clients)

  const { url } = running[0]!
  const period = 'period: { from: "2026-05-01T00:00:00Z", to: "2026-09-01T00:00:00Z" }'
  const { metric } = await graphql(
    url,
    `{ metric(name: MESSAGES, ${period}, groupBy: AGENT) { value groups { key value } } }`,
  )
  const { verifyMetrics } = await graphql(
    url,
    `mutation { verifyMetrics(input: {}) { ... on VerifyMetricsPayload {
       messages differenceCount differences { stored expected } } } }`,
  )
  const counts = new Map<string, number>(
    metric.groups.map(({ key, value }: { key: string; value: number }) => [key, value]),
  )
  expect([...acknowledged].filter((n) => counts.get(`agent ${n}`) !== 1)).toEqual([])
  expect([...counts.values()].filter((value) => value !== 1)).toEqual([])
  expect(verifyMetrics).toMatchObject({ messages: metric.value, differenceCount: 0, differences: [] })
})
