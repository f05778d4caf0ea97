import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionArgs } from 'graphql'
import { expect, test } from 'vitest'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { createTailer } from '../../events/index.ts'
import { createLogger } from '../../platform/logger.ts'
import type { Frame, Sink } from './hub.ts'
import { createLatest } from './latest.ts'

const EVERY_MS = 200
/** For a machine that is busy with something else. */
const PATIENT = { timeout: 10_000 }
const args = {} as ExecutionArgs

/** Latest values of a number that the test sets, on a real log. */
async function bench(kit: TestWorld) {
  const { db, events } = kit.world
  const tailer = await createTailer({ db, log: events, logger: createLogger('silent') })
  const state = { value: 0, executions: [] as number[] }
  const latest = createLatest({
    tailer,
    async execute() {
      state.executions.push(performance.now())
      const { value } = state
      return { position: 0, result: { data: { value } }, json: JSON.stringify({ value }) }
    },
  })
  const linkId = kit.world.newId()
  const change = (value: number, of = linkId) => {
    state.value = value
    return kit.world.events.write(kit.workspaceId, async (_tx, emit) => emit('link.updated', { linkId: of }))
  }
  const subscribe = (key: string, sink: Sink) =>
    latest.subscribe(key, args, { workspaceId: kit.workspaceId, filter: { streamId: linkId }, everyMs: EVERY_MS }, sink)
  return { state, latest, change, subscribe, tailer }
}

function collector(): Sink & { values: number[]; full: boolean; open(): void } {
  let open = () => {}
  const values: number[] = []
  const sink = {
    values,
    full: false,
    next: ({ result }: Frame) => void values.push(result.data!.value as number),
    isFull: () => sink.full,
    ready: () =>
      new Promise<void>((resolve) => {
        open = () => {
          sink.full = false
          resolve()
        }
      }),
    open: () => open(),
    isClosed: () => false,
    fail: (error: unknown) => {
      throw error
    },
  }
  return sink
}

const kit = await testWorld()

test('the value comes at once, then at most so often, and the last one always', async () => {
  const { state, change, subscribe, tailer, latest } = await bench(kit)
  const sinks = [collector(), collector()]
  const subscriptions = await Promise.all(sinks.map((sink) => subscribe('k', sink)))
  await expect.poll(() => sinks.map(({ values }) => values), PATIENT).toEqual([[0], [0]])
  expect(state.executions).toHaveLength(1)
  expect(latest.size()).toEqual({ groups: 1, subscribers: 2 })

  const began = performance.now()
  for (let value = 1; value < 30 || performance.now() - began < 3 * EVERY_MS; value++) await change(value)
  const last = state.value
  for (const { values } of sinks) await expect.poll(() => values.at(-1), PATIENT).toBe(last)
  const most = 2 + (performance.now() - began) / EVERY_MS
  const gaps = state.executions.slice(1).map((at, n) => at - state.executions[n]!)
  expect(Math.min(...gaps)).toBeGreaterThan(EVERY_MS - 5)
  expect(state.executions.length).toBeLessThanOrEqual(most)
  expect(sinks[0]!.values).toEqual(sinks[1]!.values)
  // Somebody who comes later gets what is there, without another execution.
  const executions = state.executions.length
  const late = collector()
  subscriptions.push(await subscribe('k', late))
  await expect.poll(() => late.values, PATIENT).toEqual([last])
  expect(state.executions).toHaveLength(executions)

  for (const { stop } of subscriptions) stop()
  expect(latest.size()).toEqual({ groups: 0, subscribers: 0 })
  await change(0)
  await sleep(EVERY_MS * 2)
  expect(state.executions).toHaveLength(executions)
  await tailer.close()
})

test('what changes nothing is not told, nor what happens elsewhere', async () => {
  const { state, change, subscribe, tailer } = await bench(kit)
  const sink = collector()
  const { stop } = await subscribe('k', sink)
  await expect.poll(() => sink.values, PATIENT).toEqual([0])
  await change(0)
  await expect.poll(() => state.executions.length, PATIENT).toBe(2)
  await change(9, kit.world.newId())
  await sleep(EVERY_MS * 2)
  expect(state.executions).toHaveLength(2)
  expect(sink.values).toEqual([0])
  stop()
  await tailer.close()
})

test('who does not read gets the newest value when they do, and holds nobody up', async () => {
  const { change, subscribe, tailer } = await bench(kit)
  const [slow, quick] = [collector(), collector()]
  const subscriptions = [await subscribe('k', slow), await subscribe('k', quick)]
  await expect.poll(() => [slow.values, quick.values], PATIENT).toEqual([[0], [0]])
  slow.full = true
  for (const value of [1, 2, 3]) {
    await change(value)
    await expect.poll(() => quick.values.at(-1), PATIENT).toBe(value)
  }
  expect(slow.values).toEqual([0])
  slow.open()
  await expect.poll(() => slow.values, PATIENT).toEqual([0, 3])
  for (const { stop } of subscriptions) stop()
  await tailer.close()
})
