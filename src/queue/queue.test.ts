import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { onPostgres, testDatabase, testDatabaseUrl } from '../../test/kit/database.ts'
import { until } from '../../test/kit/world.ts'

import { migrate } from '../db/migrate.ts'
import { openPostgres } from '../db/postgres.ts'
import { sql } from '../db/sql.ts'
import type { Logger } from '../platform/logger.ts'
import { createQueue, defineTask, type Handler, implementTask, type Queue } from './index.ts'

vi.setConfig({ testTimeout: 60_000 })

const errors: object[] = []
const logger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error: (fields) => errors.push(fields),
  child: () => logger,
}

const task = defineTask({ name: 'convert', payload: z.object({ n: z.int() }), retryLimit: 1, retryDelay: 0 })
const nightly = defineTask({ name: 'nightly', payload: z.object({}), cron: '* * * * *' })

const db = await testDatabase()
const queues: Queue[] = []
beforeEach(async () => {
  errors.length = 0
  await db.script('DROP SCHEMA IF EXISTS pgboss CASCADE')
})
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.stop(1_000)))
})

async function started(
  handler: Handler<typeof task.payload>,
  { work = true, on = db, also = [] as Parameters<Queue['start']>[0] } = {},
): Promise<Queue> {
  const queue = createQueue({ db: on, logger, pollSeconds: 0.5 })
  queues.push(queue)
  await queue.start([implementTask(task, handler), ...also], { work })
  return queue
}

/** A handler that remembers what it was given. */
function recorder() {
  const seen: number[] = []
  return { seen, handler: ({ n }: { n: number }) => void seen.push(n) }
}

const states = () =>
  db.query<{ name: string; state: string; data: object; retry_count: number; retry_limit: number }>(
    sql`SELECT name, state::text, data, retry_count, retry_limit FROM pgboss.job WHERE name NOT LIKE '\\_\\_%' ORDER BY created_on`,
  )
const finished = async (count: number) =>
  (await states()).filter(({ state }) => state === 'completed' || state === 'failed').length === count

describe('what failed for good', () => {
  test('is named as long as nobody is at the same again', async () => {
    let fails = true
    const queue = await started(({ n }) => {
      if (fails && n === 1) throw new Error('no')
    })
    const all = (tx?: Parameters<typeof queue.abandoned>[1]) => queue.abandoned(task, tx)
    expect(await all()).toEqual([])
    for (const n of [1, 2]) await queue.send(task, { n })
    await until(() => finished(2), 'both jobs are done with', 20_000)
    expect(await all()).toEqual([{ n: 1 }])
    expect(await db.transaction((tx) => all({ tx }))).toEqual([{ n: 1 }])
    await queue.send(task, { n: 1 }, { startAfter: 3_600 })
    expect(await all()).toEqual([])
    fails = false
  })
})

describe('working', () => {
  test('as many at once as the task may have', async () => {
    let inside = 0
    let most = 0
    const queue = createQueue({ db, logger, pollSeconds: 0.5 })
    queues.push(queue)
    const handler = async () => {
      most = Math.max(most, ++inside)
      // They meet, however long it takes to fetch them.
      await until(() => most >= 3, 'three at once')
      await sleep(50)
      inside--
    }
    await queue.start([implementTask(task, handler, { atOnce: 3 })], { work: true })
    for (let n = 0; n < 9; n++) await queue.send(task, { n })
    queue.hurry(task)
    await until(() => finished(9), 'all jobs')
    expect(most).toBe(3)
  })

  test('at once when told to hurry, whatever the rest between two looks', async () => {
    const { seen, handler } = recorder()
    const queue = createQueue({ db, logger, pollSeconds: 60 })
    queues.push(queue)
    await queue.start([implementTask(task, handler)], { work: true })
    await sleep(300)
    await queue.send(task, { n: 1 })
    queue.hurry(task)
    await until(() => finished(1), 'the job')
    expect(seen).toEqual([1])
    await queue.stop(1_000)
    expect(() => queue.hurry(task)).not.toThrow()
  })
})

describe('sending', () => {
  test('in a transaction that rolls back leaves nothing; in one that commits it runs once', async () => {
    const { seen, handler } = recorder()
    const queue = await started(handler)
    const attempt = db.transaction(async (tx) => {
      await queue.send(task, { n: 1 }, { tx })
      throw new Error('changed my mind')
    })
    await expect(attempt).rejects.toThrow('changed my mind')
    expect(await states()).toEqual([])
    await db.transaction((tx) => queue.send(task, { n: 2 }, { tx }))
    await until(() => finished(1), 'the job')
    await sleep(600)
    expect(seen).toEqual([2])
  })

  test('outside a transaction runs as well, one after the other without a rest', async () => {
    const { seen, handler } = recorder()
    const queue = createQueue({ db, logger, pollSeconds: 60 })
    queues.push(queue)
    await queue.start([implementTask(task, handler)], { work: true })
    for (let n = 0; n < 20; n++) await queue.send(task, { n })
    queue.hurry(task)
    // Before it would look by itself a second time.
    await until(() => finished(20), 'all jobs', 50_000)
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n))
  }, 90_000)

  test.each<[string, unknown]>([
    ['of another type', { n: 'x' }],
    ['that JSON changes', { n: Number.NaN }],
    ['without a field', {}],
  ])('refuses a payload %s', async (_, payload) => {
    const queue = await started(() => {}, { work: false })
    await expect(queue.send(task, payload as { n: number })).rejects.toThrow('the payload of convert does not fit')
    expect(await states()).toEqual([])
  })

  test('a payload that no longer fits when it is run fails the job, and the handler does not see it', async () => {
    const { seen, handler } = recorder()
    const sender = await started(() => {}, { work: false })
    await sender.send(task, { n: 1 })
    await db.script(`UPDATE pgboss.job SET data = '{"n":"x"}'`)
    await started(handler)
    await until(() => finished(1), 'the failure')
    expect((await states())[0]?.state).toBe('failed')
    expect(seen).toEqual([])
  })

  test('with a key adds nothing while a job with this key waits, and another key or none does', async () => {
    const queue = await started(() => {}, { work: false })
    for (const singletonKey of ['a', 'a', 'b', undefined, undefined]) await queue.send(task, { n: 1 }, { singletonKey })
    expect(await queue.counts()).toEqual([{ task: 'convert', state: 'created', count: 4 }])
  })

  test.runIf(onPostgres)('with a key that waits already holds that job back until the commit', async () => {
    const { seen, handler } = recorder()
    const api = await started(() => {}, { work: false })
    await api.send(task, { n: 1 }, { singletonKey: 'a' })
    const [sent, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const change = db.transaction(async (tx) => {
      await api.send(task, { n: 1 }, { singletonKey: 'a', tx })
      sent.resolve()
      await commit.promise
    })
    await sent.promise
    await started(handler)
    await sleep(700)
    expect(seen).toEqual([])
    commit.resolve()
    await change
    await until(() => seen.length === 1, 'the job after the commit')
  })

  test('with a delay waits for it', async () => {
    const { seen, handler } = recorder()
    const queue = await started(handler)
    await queue.send(task, { n: 1 }, { startAfter: 3600 })
    await queue.send(task, { n: 2 }, { startAfter: 1 })
    await until(() => seen.length === 1, 'the earlier job')
    await sleep(600)
    expect(seen).toEqual([2])
    expect(await queue.counts()).toEqual([{ task: 'convert', state: 'created', count: 1 }])
  })

  test('is refused before the start', async () => {
    const queue = createQueue({ db, logger })
    await expect(queue.send(task, { n: 1 })).rejects.toThrow('the queue has not started')
    expect(await queue.counts()).toEqual([])
    await queue.stop(0)
  })

  test('a process that only sends runs nothing', async () => {
    const { seen, handler } = recorder()
    const api = await started(handler, { work: false, also: [implementTask(nightly, () => void seen.push(-1))] })
    await api.send(task, { n: 1 })
    await sleep(1_200)
    expect(seen).toEqual([])
    expect(await db.query(sql`SELECT name FROM pgboss.schedule`)).toEqual([])
  })
})

test('a handler that fails is tried again, then the job has failed, and counts and the log tell', async () => {
  const attempts: number[] = []
  const queue = await started((_, { attempt }) => {
    attempts.push(attempt)
    throw new Error('no sound')
  })
  await queue.send(task, { n: 1 })
  await until(() => finished(1), 'the failure')
  expect(attempts).toEqual([1, 2])
  expect(await queue.counts()).toEqual([{ task: 'convert', state: 'failed', count: 1 }])
  expect(errors).toMatchObject([
    { task: 'convert', attempt: 1, err: { message: 'no sound' } },
    { task: 'convert', attempt: 2, err: { message: 'no sound' } },
  ])
})

describe('stopping', () => {
  test('waits for the job that runs and takes no other', async () => {
    const { seen, handler } = recorder()
    const gate = Promise.withResolvers<void>()
    const queue = await started(async (payload) => {
      handler(payload)
      await gate.promise
    })
    await queue.send(task, { n: 1 })
    await queue.send(task, { n: 2 })
    await until(() => seen.length === 1, 'the first job')
    const stopping = queue.stop(10_000)
    await sleep(50)
    gate.resolve()
    await stopping
    await sleep(600)
    expect(seen).toHaveLength(1)
    expect((await states()).map(({ state }) => state).toSorted()).toEqual(['completed', 'created'])
  })

  test('gives back what does not end in time, even at its last attempt, and another process runs it', async () => {
    const last = defineTask({ ...task, retryLimit: 0, retryDelay: 3_600 })
    const { seen, handler } = recorder()
    let aborted = false
    const queue = await started(async (payload, { signal }) => {
      handler(payload)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      aborted = true
    })
    await queue.send(last, { n: 1 })
    await until(() => seen.length === 1, 'the job')
    await queue.stop(50)
    expect(aborted).toBe(true)
    expect((await states()).map(({ state }) => state)).toEqual(['retry'])
    await started(handler)
    await until(() => finished(1), 'the job in the other process')
    expect((await states())[0]?.state).toBe('completed')
    expect(seen).toEqual([1, 1])
  })

  test('an idle queue stops at once, and twice is once', async () => {
    const queue = await started(() => {})
    const before = performance.now()
    await Promise.all([queue.stop(60_000), queue.stop(60_000)])
    // Not for as long as it may wait.
    expect(performance.now() - before).toBeLessThan(30_000)
    const statements = Number((await states()).length)
    expect(statements).toBe(0)
    expect(errors).toEqual([])
  })
})

describe('a task with a cron expression', () => {
  const nightlyTo = (seen: string[], name: string) => [implementTask(nightly, () => void seen.push(name))]

  test('is planned once and queued once though two processes start', async () => {
    const seen: string[] = []
    const first = await started(() => {}, { also: nightlyTo(seen, 'first') })
    await first.stop(1_000)
    // As if the last look at the schedules were long ago: in another minute what it found would count as well.
    await db.script('UPDATE pgboss.version SET cron_on = NULL; DELETE FROM pgboss.job')
    seen.length = 0
    for (const name of ['second', 'third']) await started(() => {}, { also: nightlyTo(seen, name) })
    expect(await db.query(sql`SELECT name, cron FROM pgboss.schedule`)).toEqual([
      { name: 'nightly', cron: '* * * * *' },
    ])
    await until(() => seen.length > 0, 'the run', 40_000)
    await sleep(1_200)
    expect(seen).toHaveLength(1)
    expect((await states()).map(({ name, state }) => [name, state])).toEqual([['nightly', 'completed']])
  }, 90_000)

  test('follows its definition from one release to the next, and an unchanged one is not written', async () => {
    const plans = () =>
      db.query<{ name: string; cron: string; updated_on: Date }>(
        sql`SELECT name, cron, updated_on FROM pgboss.schedule`,
      )
    const release = async (also: Parameters<Queue['start']>[0]) =>
      (await started(() => {}, { also })).stop(1_000).then(plans)
    const [first] = await release([implementTask(nightly, () => {})])
    expect(await release([implementTask(nightly, () => {})])).toEqual([first])
    const later = defineTask({ ...nightly, cron: '0 4 * * *' })
    expect(await release([implementTask(later, () => {})])).toMatchObject([{ cron: '0 4 * * *' }])
    const never = defineTask({ ...nightly, cron: undefined })
    expect(await release([implementTask(never, () => {})])).toEqual([])
    await release([implementTask(nightly, () => {})])
    expect(await release([])).toEqual([])
  })

  test('must do without a payload', () => {
    const payload = z.object({ n: z.int() })
    expect(() => defineTask({ name: 'x', payload, cron: '* * * * *' })).toThrow('the payload of x does not fit')
  })
})

test('its tables are left alone by our migrations, and a later start finds its jobs', async () => {
  const { seen, handler } = recorder()
  const api = await started(() => {}, { work: false })
  await api.send(task, { n: 1 })
  await api.stop(0)
  expect(await migrate(db)).toEqual([])
  await started(handler)
  await until(() => seen.length === 1, 'the job')
})

test('two tasks cannot share a name, and a queue starts once', async () => {
  const queue = createQueue({ db, logger })
  const implementation = implementTask(task, () => {})
  await expect(queue.start([implementation, implementation], { work: false })).rejects.toThrow('two tasks are called')
  const other = await started(() => {}, { work: false })
  await expect(other.start([], { work: false })).rejects.toThrow('the queue has started before')
})

describe.runIf(onPostgres)('several servers', () => {
  test('that start together on an empty database all come up, plan once and share the work', async () => {
    for (let round = 0; round < 5; round++) {
      const url = await testDatabaseUrl()
      const servers = await Promise.all(Array.from({ length: 5 }, () => openPostgres({ url, logger, poolSize: 4 })))
      const { seen, handler } = recorder()
      const started = await Promise.all(
        servers.map(async (on, n) => {
          const queue = createQueue({ db: on, logger, pollSeconds: 0.5 })
          await queue.start([implementTask(task, handler), implementTask(nightly, () => {})], { work: n > 0 })
          return queue
        }),
      )
      await Promise.all(started.map((queue, n) => queue.send(task, { n })))
      await until(() => seen.length === 5, 'all jobs')
      const plans = await servers[0]!.query(sql`SELECT name FROM pgboss.schedule`)
      expect(plans).toEqual([{ name: 'nightly' }])
      await Promise.all(started.map((queue) => queue.stop(1_000)))
      expect(seen.toSorted()).toEqual([0, 1, 2, 3, 4])
      await Promise.all(servers.map((server) => server.close()))
    }
    expect(errors).toEqual([])
  }, 120_000)
})
