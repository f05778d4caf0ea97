import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { type App, compose, type Replacements } from '../../src/compose.ts'
import { type Config, readConfig } from '../../src/config/index.ts'
import type { Database, Queryable } from '../../src/db/database.ts'
import { createWorkspace } from '../../src/domains/auth/index.ts'
import type { Clock } from '../../src/platform/clock.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { testDatabase } from './database.ts'
import { worldOn } from './world.ts'

export const TEST_KEY = 'sk_live_0123456789abcdefghij'

export interface TestApp extends App {
  db: Database
  /** A key with all scopes of the workspace `default`. */
  key: string
  /** Sends one operation by POST. */
  graphql<Data = Record<string, any>>(
    query: string,
    variables?: Record<string, unknown>,
    key?: string | null,
  ): Promise<{
    data?: Data
    errors?: { message: string; path?: unknown[]; extensions: Record<string, unknown> }[]
    status: number
  }>
  /** Another workspace with a key of all scopes. */
  otherWorkspace(slug: string): Promise<{ workspaceId: string; key: string }>
}

export interface TestAppOptions {
  /** Told of each statement of the server before it is sent, transactions included; what it throws is the failure. */
  onQuery?: (text: string) => void
  timings?: Replacements['timings']
  /** A server that leaves background work to the test, where it is `api`, without what such a process needs. */
  role?: Config['role']
}

/** A whole server within this process, on a database of its own, stopped when the file is done. */
export async function testApp(
  env: Record<string, string> = {},
  clock?: Clock,
  { onQuery, timings, role }: TestAppOptions = {},
): Promise<TestApp> {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-app-'))
  const db = await testDatabase()
  const watched = onQuery ? watchedDatabase(db, onQuery) : db
  const read = readConfig({
    PORT: '0',
    DATA_DIR: folder,
    LOG_LEVEL: 'silent',
    BOOTSTRAP_API_KEY: TEST_KEY,
    SAMPLE_LINK: 'off',
    RATE_LIMIT: '1000000',
    // Who wants something analysed here says so.
    INSIGHT: 'none',
    ...env,
  })
  const config = { ...read, ...(role === undefined ? {} : { role }) }
  // The database is closed by `testDatabase`.
  const app = await compose(config, { db: { ...watched, close: async () => {} }, timings, ...(clock ? { clock } : {}) })
  afterAll(async () => {
    await app.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    ...app,
    db,
    key: TEST_KEY,
    async graphql(query, variables = {}, key = TEST_KEY) {
      const response = await fetch(new URL('/graphql', app.localUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
        body: JSON.stringify({ query, variables }),
      })
      return { ...((await response.json()) as object), status: response.status }
    },
    async otherWorkspace(slug) {
      const world = worldOn(db, clock ?? systemClock)
      const { workspaceId, key } = await createWorkspace(world, { slug, name: slug })
      return { workspaceId, key }
    },
  }
}

function watchedDatabase(db: Database, onQuery: (text: string) => void): Database {
  const watched = (queryable: Queryable): Queryable['query'] => {
    return async (statement) => {
      onQuery(statement.text)
      return queryable.query(statement)
    }
  }
  return {
    ...db,
    query: watched(db),
    transaction: (run, lastly) =>
      db.transaction(
        (tx) => run({ ...tx, query: watched(tx) }),
        () => {
          const last = lastly?.() ?? []
          for (const { text } of last) onQuery(text)
          return last
        },
      ),
  }
}
