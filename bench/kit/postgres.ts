import { randomBytes } from 'node:crypto'
import pg from 'pg'

const SERVER = process.env.BENCH_DATABASE_URL || process.env.TEST_DATABASE_URL || 'postgres://root@127.0.0.1/postgres'

/** What PostgreSQL is reached; undefined when there is none. */
export async function postgresVersion(): Promise<string | undefined> {
  try {
    return await asAdmin(async (client) => (await client.query('SHOW server_version')).rows[0].server_version as string)
  } catch {
    return undefined
  }
}

/** An empty database of our own. */
export async function createDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `saygraph_bench_${randomBytes(6).toString('hex')}`
  await asAdmin((client) => client.query(`CREATE DATABASE ${name}`))
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: async () => {
      await asAdmin((client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
    },
  }
}

/** Runs with a connection of its own. */
export async function withClient<Result>(url: string, run: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await run(client)
  } finally {
    await client.end()
  }
}

function asAdmin<Result>(run: (client: pg.Client) => Promise<Result>): Promise<Result> {
  return withClient(SERVER, run)
}
