import { afterEach, describe, expect, test } from 'vitest'
import { onPostgres, testDatabaseUrl } from '../../test/kit/database.ts'
import { until, worldOn } from '../../test/kit/world.ts'
import { openPostgres } from '../db/postgres.ts'
import { sql } from '../db/sql.ts'
import { createWorkspace } from '../domains/auth/index.ts'
import type { World } from '../domains/world.ts'
import { createLogger } from '../platform/logger.ts'
import { createTailer, type Following, type Tailer } from './index.ts'

const logger = createLogger('silent')
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** What one server process has: its own connections, log and tailer. */
async function startProcess(url: string, pollMs = 200): Promise<{ world: World; tailer: Tailer }> {
  const db = await openPostgres({ url, logger, poolSize: 12 })
  closing.push(() => db.close())
  const world = worldOn(db)
  const tailer = await createTailer({ db, log: world.events, logger, pollMs })
  closing.push(() => tailer.close())
  return { world, tailer }
}

const upTo = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n)

function follow(tailer: Tailer, workspaceId: string, after: number) {
  const seen: number[] = []
  const errors: unknown[] = []
  const started = tailer.follow(workspaceId, {
    after,
    onEvent: (event) => seen.push(event.position),
    onError: (error) => errors.push(error),
  })
  return { seen, errors, started }
}

const append = ({ events, newId }: World, workspaceId: string, hold: () => Promise<unknown> = async () => {}) =>
  events.write(workspaceId, async (tx, emit) => {
    await tx.query(sql`SELECT 1`)
    await hold()
    emit('link.updated', { linkId: newId() })
  })

describe.runIf(onPostgres)('several processes', () => {
  test('a writer that began early and commits late is skipped by nobody, and holds up nobody', async () => {
    const url = await testDatabaseUrl()
    const [one, two] = [await startProcess(url), await startProcess(url)]
    const { workspaceId } = await createWorkspace(one.world, { slug: 'w', name: 'W' })
    const followers = [follow(one.tailer, workspaceId, 0), follow(two.tailer, workspaceId, 0)]
    await Promise.all(followers.map(({ started }) => started))

    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const late = append(one.world, workspaceId, () => held)
    for (let n = 0; n < 5; n++) await append(n % 2 ? one.world : two.world, workspaceId)
    await until(() => followers.every(({ seen }) => seen.length === 6), 'the events committed meanwhile')
    release()
    await late
    await append(two.world, workspaceId)
    await until(() => followers.every(({ seen }) => seen.length === 8), 'the late event and the next')
    for (const { seen } of followers) expect(seen).toEqual(upTo(1, 8))
  })

  test('a writer that has its position and does not commit yet keeps the next one waiting, not the readers', async () => {
    const url = await testDatabaseUrl()
    const [one, two] = [await startProcess(url), await startProcess(url)]
    const { workspaceId } = await createWorkspace(one.world, { slug: 'w', name: 'W' })
    const reader = follow(two.tailer, workspaceId, 0)
    await reader.started
    const linkId = one.world.newId()
    // A transaction that stops between taking its position and its commit, as a slow network makes it.
    await one.world.db.transaction(async (tx) => {
      await tx.query(
        sql`WITH head AS (UPDATE event_head SET position = position + 1 WHERE workspace_id = ${workspaceId}::uuid RETURNING position)
            INSERT INTO event (workspace_id, position, id, type, stream_id, occurred_at, payload)
            SELECT ${workspaceId}::uuid, position, ${one.world.newId()}::uuid, 'link.created', ${linkId}::uuid, now(),
                   jsonb_build_object('linkId', ${linkId}::text) FROM head`,
      )
      const next = append(two.world, workspaceId)
      const first = await Promise.race([
        next.then(() => 'written'),
        new Promise((resolve) => setTimeout(resolve, 300, 'waiting')),
      ])
      expect(first).toBe('waiting')
      expect((await two.world.events.read(workspaceId, 0, 10)).position).toBe(1)
      closing.unshift(() => next)
    })
    await until(() => reader.seen.length === 3, 'both events')
    expect(reader.seen).toEqual([1, 2, 3])
    const { events } = await two.world.events.read(workspaceId, 1, 10)
    expect(events.map((event) => event.type)).toEqual(['link.created', 'link.updated'])
  })

  test('20 writers of 50 events each: dense positions, and every follower sees all once, wherever and however often it starts', async () => {
    const WRITERS = 20
    const WRITES = 50
    const url = await testDatabaseUrl()
    const processes = [await startProcess(url), await startProcess(url)]
    const { workspaceId } = await createWorkspace(processes[0]!.world, { slug: 'w', name: 'W' })
    const total = 1 + WRITERS * WRITES
    let writing = true
    const progress = { head: 1 }

    const writers = Array.from({ length: WRITERS }, async (_, n) => {
      for (let write = 0; write < WRITES; write++) {
        await append(processes[n % 2]!.world, workspaceId, () =>
          Math.random() < 0.1 ? new Promise((resolve) => setTimeout(resolve, Math.random() * 10)) : Promise.resolve(),
        )
        progress.head++
      }
    })

    const steady = processes.map(({ tailer }) => follow(tailer, workspaceId, 0))
    // Clients that stop at random and come back with the cursor of the last event they were given.
    const restless = Array.from({ length: 8 }, async (_, n) => {
      const { tailer } = processes[n % 2]!
      const start = n < 4 ? 0 : Math.floor(Math.random() * progress.head)
      const all: number[] = []
      while ((all.at(-1) ?? start) < total) {
        const session = follow(tailer, workspaceId, all.at(-1) ?? start)
        const sooner: Following | undefined = Math.random() < 0.3 ? undefined : await session.started
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 30))
        ;(sooner ?? (await session.started)).stop()
        expect(session.errors).toEqual([])
        all.push(...session.seen)
        if (!writing && session.seen.length === 0 && (all.at(-1) ?? start) < total)
          throw new Error(`stuck at ${all.at(-1)}`)
      }
      expect(all).toEqual(upTo(start + 1, total))
    })
    await Promise.all(writers)
    const { events } = await processes[0]!.world.events.read(workspaceId, 0, total + 10)
    expect(events.map((event) => event.position)).toEqual(upTo(1, total))
    await until(() => steady.every(({ seen }) => seen.length >= total), 'everything')
    for (const { seen } of steady) expect(seen).toEqual(upTo(1, total))
    writing = false
    await Promise.all(restless)
  }, 120_000)

  test('news go on after the listening connections were killed', async () => {
    const url = await testDatabaseUrl()
    const [one, two] = [await startProcess(url, 60_000), await startProcess(url, 60_000)]
    const { workspaceId } = await createWorkspace(one.world, { slug: 'w', name: 'W' })
    const reader = follow(two.tailer, workspaceId, 0)
    await reader.started
    await append(one.world, workspaceId)
    await until(() => reader.seen.length === 2, 'news by notification', 15_000)
    const killed = await one.world.db.query(
      sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'`,
    )
    expect(killed).toHaveLength(2)
    await append(one.world, workspaceId) // while nobody listens
    await until(() => reader.seen.length === 3, 'what was missed, after the reconnection', 15_000)
    await append(one.world, workspaceId)
    await until(() => reader.seen.length === 4, 'news by notification again', 15_000)
    expect(reader.seen).toEqual([1, 2, 3, 4])
    // Each of them long before anybody would look.
  }, 60_000)

  test('news whose notification was never sent arrive by looking', async () => {
    const url = await testDatabaseUrl()
    const one = await startProcess(url, 100)
    const silent = worldOn(one.world.db) // has no tailer, so it tells nobody
    const { workspaceId } = await createWorkspace(silent, { slug: 'w', name: 'W' })
    const reader = follow(one.tailer, workspaceId, 0)
    await reader.started
    await append(silent, workspaceId)
    await until(() => reader.seen.length === 2, 'news by looking')
    expect(reader.seen).toEqual([1, 2])
  })
})

test.skipIf(onPostgres)('needs TEST_DATABASE_URL', () => {})
