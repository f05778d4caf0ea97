import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { onPostgres, testDatabaseUrl } from '../../test/kit/database.ts'
import { databaseProxy } from '../../test/kit/database-proxy.ts'
import { until } from '../../test/kit/world.ts'
import { createLogger } from '../platform/logger.ts'
import type { Database } from './database.ts'
import { migrate, readMigrations } from './migrate.ts'
import { openPostgres } from './postgres.ts'
import { sql } from './sql.ts'

const logger = createLogger('silent')
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function open(url: string, poolSize = 4): Promise<Database> {
  const db = await openPostgres({ url, logger, poolSize })
  closing.push(() => db.close())
  return db
}

async function proxy(url: string) {
  const way = await databaseProxy(url)
  closing.push(way.close)
  return way
}

const backendsListening = (db: Database) =>
  db.query<{ pid: number }>(
    sql`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'`,
  )

describe.runIf(onPostgres)('on a server', () => {
  test('a transaction whose connection is killed fails; the process and the pool go on', async () => {
    const url = await testDatabaseUrl()
    const [db, admin] = [await open(url), await open(url, 1)]
    await db.script('CREATE TABLE t (id int)')
    const attempt = db.transaction(async (tx) => {
      await tx.query(sql`INSERT INTO t VALUES (1)`)
      const [row] = await tx.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`)
      await admin.query(sql`SELECT pg_terminate_backend(${row!.pid}::int)`)
      await sleep(100) // nothing is asked while the connection dies
      await tx.query(sql`INSERT INTO t VALUES (2)`)
    })
    await expect(attempt).rejects.toThrow()
    for (let n = 0; n < 8; n++) expect(await db.query(sql`SELECT id FROM t`)).toEqual([])
  })

  test('an idle connection that is killed is replaced', async () => {
    const url = await testDatabaseUrl()
    const [db, admin] = [await open(url), await open(url, 1)]
    await Promise.all(Array.from({ length: 4 }, () => db.query(sql`SELECT pg_sleep(0.02)`)))
    const killed = await admin.query(
      sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    expect(killed).toHaveLength(4)
    await sleep(50)
    for (let n = 0; n < 4; n++) expect(await db.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }])
  })

  test('a listener whose connection is killed listens again and is told to look', async () => {
    const db = await open(await testDatabaseUrl())
    const heard: string[] = []
    const stop = await db.listen('test_news', (payload) => heard.push(payload))
    closing.push(stop)
    const [before] = await backendsListening(db)
    await db.query(sql`SELECT pg_terminate_backend(${before!.pid}::int)`)
    await until(() => heard.length > 0, 'told to look')
    expect(heard).toEqual([''])
    await db.notify('test_news', 'again')
    await until(() => heard.length > 1, 'news after the reconnection')
    expect(heard).toEqual(['', 'again'])
    const after = await backendsListening(db)
    expect(after).toHaveLength(1)
    expect(after[0]?.pid).not.toBe(before!.pid)
  })

  test('while the server is away a listener knocks steadily, and leaves no second listener when it is back', async () => {
    const url = await testDatabaseUrl()
    const way = await proxy(url)
    const [db, admin] = [await open(way.url), await open(url, 1)]
    const heard: string[] = []
    closing.push(await db.listen('test_news', (payload) => heard.push(payload)))
    way.state.shut = true
    way.state.arrivals = 0
    way.cut()
    await sleep(3_300)
    expect(way.state.arrivals).toBeGreaterThanOrEqual(4)
    expect(way.state.arrivals).toBeLessThanOrEqual(8)
    way.state.shut = false
    await until(() => heard.length > 0, 'told to look')
    await sleep(1_200)
    expect(await backendsListening(admin)).toHaveLength(1)
    await admin.notify('test_news', 'x')
    await until(() => heard.includes('x'), 'news')
    expect(heard).toEqual(['', 'x'])
  })

  test('a listener that is stopped while the server is away stays away', async () => {
    const url = await testDatabaseUrl()
    const way = await proxy(url)
    const [db, admin] = [await open(way.url), await open(url, 1)]
    const stop = await db.listen('test_news', () => {})
    way.state.shut = true
    way.cut()
    await sleep(100)
    way.state.shut = false
    await stop()
    await sleep(1_000)
    expect(await backendsListening(admin)).toEqual([])
  })

  test('a listener that never came up is an error, and does not go on trying', async () => {
    const url = await testDatabaseUrl()
    const way = await proxy(url)
    const db = await open(way.url)
    way.state.shut = true
    way.state.arrivals = 0
    await expect(db.listen('test_news', () => {})).rejects.toThrow()
    await sleep(1_200)
    expect(way.state.arrivals).toBe(1)
  })

  test('a server that cannot be reached is an error at once', async () => {
    await expect(openPostgres({ url: 'postgres://x@127.0.0.1:1/x', logger })).rejects.toThrow('ECONNREFUSED')
  })

  test('servers that start together on an empty database migrate it once', async () => {
    const names = (await readMigrations()).map((migration) => migration.name)
    for (let round = 0; round < 5; round++) {
      const url = await testDatabaseUrl()
      const admin = await open(url, 1)
      await admin.script('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
      const servers = await Promise.all(Array.from({ length: 6 }, () => open(url, 2)))
      const applied = await Promise.all(servers.map((server) => migrate(server)))
      expect(applied.flat().toSorted()).toEqual(names)
    }
  })
})

test.skipIf(onPostgres)('needs TEST_DATABASE_URL', () => {})
