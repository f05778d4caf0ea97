import { afterEach, expect, test } from 'vitest'
import type { TestJob } from './test-worker.ts'
import { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from './worker-pool.ts'

const pools: WorkerPool<TestJob, unknown>[] = []
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())))

function pool(options: Partial<WorkerPoolOptions> = {}) {
  const url = new URL('./test-worker.ts', import.meta.url)
  const made = createWorkerPool<TestJob, unknown>({ url, size: 1, timeoutMs: 10_000, ...options })
  pools.push(made)
  return made
}

test('runs jobs in their order, more than there are threads', async () => {
  const { run, load } = pool({ size: 2 })
  const jobs = Array.from({ length: 20 }, (_, n) => run({ kind: 'double', n }))
  expect(load()).toEqual({ running: 2, waiting: 18 })
  expect(await Promise.all(jobs)).toEqual(Array.from({ length: 20 }, (_, n) => 2 * n))
  expect(load()).toEqual({ running: 0, waiting: 0 })
})

test('keeps a thread for the next job and gives it its data', async () => {
  const { run } = pool({ workerData: { a: 1 } })
  expect(await run({ kind: 'data' })).toEqual({ a: 1 })
  expect(await run({ kind: 'count' })).toBe(2)
})

test('hands over what is transferred', async () => {
  expect(await pool().run({ kind: 'fill', bytes: 3, value: 7 })).toEqual(new Uint8Array([7, 7, 7]))
})

test.each([
  // The new thread, too, has only so long to begin.
  ['hang', 5_000, 'timeout', 'took longer than 5000 ms'],
  ['wait', 5_000, 'timeout', 'took longer than 5000 ms'],
  ['exit', 10_000, 'crashed', 'the thread left with 3'],
] as const)('a thread that does %s is replaced', async (kind, timeoutMs, failure, message) => {
  const { run } = pool({ timeoutMs })
  await expect(run({ kind })).rejects.toMatchObject({ name: 'WorkerError', failure, message })
  expect(await run({ kind: 'count' })).toBe(1)
})

test('a job that throws leaves its thread', async () => {
  const { run } = pool()
  await expect(run({ kind: 'throw' })).rejects.toMatchObject({ failure: 'threw', message: 'not that one' })
  await expect(run({ kind: 'reject' })).rejects.toMatchObject({ failure: 'threw', message: 'a bare word' })
  expect(await run({ kind: 'count' })).toBe(3)
})

test('a module that cannot be loaded is a crash', async () => {
  const { run } = pool({ url: new URL('./not-there.ts', import.meta.url) })
  await expect(run({ kind: 'count' })).rejects.toMatchObject({ failure: 'crashed' })
})

test('a job is cancelled before it is given, while it waits and while it runs', async () => {
  const { run } = pool()
  const reason = new Error('changed my mind')
  await expect(run({ kind: 'count' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  const [first, second] = [new AbortController(), new AbortController()]
  const hanging = run({ kind: 'hang' }, { signal: first.signal })
  const waiting = run({ kind: 'count' }, { signal: second.signal })
  const last = run({ kind: 'count' })
  second.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  first.abort(reason)
  await expect(hanging).rejects.toBe(reason)
  expect(await last).toBe(1)
})

test('refuses what is too much, and everything once it is closed', async () => {
  const made = pool({ maxWaiting: 1 })
  const jobs = [made.run({ kind: 'hang' }), made.run({ kind: 'count' })].map((job) =>
    job.catch((error) => error.failure),
  )
  await expect(made.run({ kind: 'count' })).rejects.toMatchObject({ failure: 'overloaded' })
  await made.close()
  expect(await Promise.all(jobs)).toEqual(['closed', 'closed'])
  await expect(made.run({ kind: 'count' })).rejects.toMatchObject({ failure: 'closed' })
})
