import { buildSchema, type ExecutionArgs, parse } from 'graphql'
import { expect, test } from 'vitest'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { createTailer } from '../../events/index.ts'
import { createLogger } from '../../platform/logger.ts'
import type { Executor } from '../execution.ts'
import { createHub, type Frame, type Sink } from './hub.ts'

const logger = createLogger('silent')
const schema = buildSchema('type Query { a: Int } type Subscription { events(after: String): Int }')
const MAX_QUEUED = 20

/** A hub whose operations take as long as `gate` says, on a real log. */
async function slowHub(kit: TestWorld, gate: () => Promise<void>) {
  const { db, events } = kit.world
  const tailer = await createTailer({ db, log: events, logger })
  const executor: Executor = {
    checkComplexity() {},
    execute: async () => ({}),
    async executeEvent(_args, event) {
      await gate()
      return { data: { position: (event as { position: number }).position } }
    },
  }
  const sources = { events: async () => ({}) }
  const hub = createHub({
    schema,
    executor,
    tailer,
    events,
    sources,
    renew: (context) => context,
    logger,
    maxQueued: MAX_QUEUED,
  })
  const args: ExecutionArgs = {
    schema,
    document: parse('subscription { events }'),
    contextValue: { viewer: kit.viewer, requestId: 'test' },
  }
  return { hub, args, tailer }
}

function collector(): Sink & { positions: number[] } {
  const positions: number[] = []
  return {
    positions,
    next: ({ position }: Frame) => void positions.push(position),
    ready: async () => {},
    isClosed: () => false,
    isFull: () => false,
    fail: (error) => {
      throw error
    },
  }
}

test('a group that executes more slowly than events come keeps few of them in memory and loses none', async () => {
  const kit = await testWorld()
  let open = () => {}
  let gate: Promise<void> = new Promise((resolve) => {
    open = resolve
  })
  const { hub, args, tailer } = await slowHub(kit, () => gate)
  const sinks = [collector(), collector()]
  const before = (await kit.world.events.head(kit.workspaceId)).position
  for (const sink of sinks) await hub.subscribe(args, sink)

  const write = (count: number) =>
    kit.world.events.write(kit.workspaceId, async (_tx, emit) => {
      for (let n = 0; n < count; n++) emit('contact.created', { contactId: kit.world.newId() })
    })
  for (let n = 0; n < 10; n++) await write(30)
  expect(sinks[0]!.positions).toEqual([])
  open()
  gate = Promise.resolve()
  // More comes while it reads what it left in the log.
  for (let n = 0; n < 10; n++) await write(7)

  const all = Array.from({ length: 370 }, (_, n) => before + 1 + n)
  for (const sink of sinks) await expect.poll(() => sink.positions.length, { timeout: 10_000 }).toBe(370)
  for (const sink of sinks) expect(sink.positions).toEqual(all)

  await write(1)
  for (const sink of sinks) await expect.poll(() => sink.positions.at(-1), { timeout: 10_000 }).toBe(before + 371)
  await tailer.close()
})
