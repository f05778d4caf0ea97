import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, inject } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { openEmbedded } from '../../src/db/embedded.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { createLogger } from '../../src/platform/logger.ts'

/** Whether this run is on a PostgreSQL server; tests of true concurrency mean something only there. */
export const onPostgres = Boolean(process.env.TEST_DATABASE_URL)

const made: string[] = []
// Registered as the file is read, so it also covers databases that are made within a test, and runs after all else.
afterAll(async () => {
  for (const name of made) await asAdmin(process.env.TEST_DATABASE_URL!, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
})

/** A fresh, migrated, empty database for one test file; closed and removed when the file is done. */
export async function testDatabase(options: { poolSize?: number } = {}): Promise<Database> {
  if (onPostgres) {
    const url = await testDatabaseUrl()
    const db = await openPostgres({ url, logger: createLogger('silent'), ...options })
    afterAll(() => db.close())
    return db
  }
  const template = new Blob([await readFile(inject('embeddedTemplate'))])
  const db = await openEmbedded({ template })
  afterAll(() => db.close())
  return db
}

/** The URL of a fresh copy of the migrated database, for tests that start servers. PostgreSQL runs only. */
export async function testDatabaseUrl(): Promise<string> {
  const server = process.env.TEST_DATABASE_URL
  if (!server) throw new Error('TEST_DATABASE_URL is not set')
  const name = `saygraph_test_${randomBytes(6).toString('hex')}`
  await asAdmin(server, `CREATE DATABASE ${name} TEMPLATE ${inject('postgresTemplate')}`)
  made.push(name)
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

async function asAdmin(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(statement)
  await client.end()
}
