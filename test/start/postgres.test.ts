import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { onPostgres } from '../kit/database.ts'
import { startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'
import { connect, positionOf } from '../live/clients.ts'
import { freshFolder } from './attempt.ts'

// Processes are started here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const KEY = 'sk_live_0123456789abcdefghij'

async function asAdmin(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

/** A database without a single table, gone when the test is done. */
async function emptyDatabase(): Promise<{ name: string; url: string }> {
  const name = `saygraph_test_${randomBytes(6).toString('hex')}`
  await asAdmin(`CREATE DATABASE ${name}`)
  onTestFinished(() => asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  const url = new URL(process.env.TEST_DATABASE_URL!)
  url.pathname = `/${name}`
  return { name, url: url.href }
}

async function graphql(server: string, query: string): Promise<Record<string, any>> {
  const response = await fetch(new URL('/graphql', server), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ query }),
  })
  return (await response.json()) as Record<string, any>
}

describe.runIf(onPostgres)('on PostgreSQL', () => {
  test('servers that start at once on an empty database share one workspace, and one prints its key', async () => {
    const { url } = await emptyDatabase()
    const folder = await freshFolder()
    const env = { DATABASE_URL: url, DATA_DIR: folder }
    const servers = await Promise.all([startServer(env), startServer(env), startServer(env)])
    onTestFinished(async () => {
      for (const server of servers) await server.kill()
    })
    await until(() => servers.every((server) => server.output().includes("-d '")), 'all have printed')
    const printed = servers.flatMap((server) => server.output().match(/^ {2}(sk_live_\w+)$/m)?.[1] ?? [])
    expect(printed).toHaveLength(1)
    for (const { url } of servers) {
      const response = await fetch(new URL('/graphql', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${printed[0]}` },
        body: JSON.stringify({ query: '{ links(first: 5) { nodes { name } } }' }),
      })
      expect(await response.json()).toMatchObject({ data: { links: { nodes: [{ name: 'How was your visit?' }] } } })
    }
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    expect((await client.query('SELECT count(*)::int AS n FROM workspace')).rows).toEqual([{ n: 1 }])
    expect((await client.query('SELECT count(*)::int AS n FROM api_key')).rows).toEqual([{ n: 1 }])
    await client.end()
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual([0, 0, 0])
  })

  test('a database that goes away makes the server unready, and ready again when it is back', async () => {
    const { name, url } = await emptyDatabase()
    const server = await startServer({
      DATABASE_URL: url,
      DATA_DIR: await freshFolder(),
      BOOTSTRAP_API_KEY: KEY,
      LOG_LEVEL: 'info',
    })
    onTestFinished(() => server.kill())
    const status = async (path: string) => (await fetch(new URL(path, server.url))).status
    const socket = await connect(server.url, KEY)
    const from = (await graphql(server.url, '{ eventCursor }')).data.eventCursor
    const events = socket.run(`subscription { events(after: "${from}") { cursor } }`)
    const make = () => graphql(server.url, 'mutation { createLink(input: { name: "x" }) { __typename } }')
    await make()
    await until(() => events.results.length === 1, 'the first is told')

    await asAdmin(
      `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
    )
    await until(async () => (await status('/health/ready')) === 503, 'it is not ready')
    expect(await status('/health/live')).toBe(200)
    expect(await status('/metrics')).toBe(200)
    const { errors } = await make()
    expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: true } }])
    expect(JSON.stringify(errors)).not.toContain(name)
    await expect(connect(server.url, KEY)).rejects.toThrow('closed with 1013')

    await asAdmin(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`)
    await until(async () => (await status('/health/ready')) === 200, 'it is ready again')
    expect((await make()).errors).toBeUndefined()
    // Whoever was subscribed has lost nothing.
    await until(() => events.results.length === 2, 'the second is told')
    expect(events.results.map(({ data }) => positionOf(data!.events.cursor))).toEqual([
      positionOf(from) + 1,
      positionOf(from) + 2,
    ])
    expect(socket.closed()).toBeUndefined()
    for (const line of server.log().trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
    socket.ws.close()
    expect(await server.stop()).toBe(0)
  })
})
