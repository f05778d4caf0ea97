import { beforeEach, expect, test } from 'vitest'
import { onPostgres, testDatabaseUrl } from '../../../test/kit/database.ts'
import { databaseProxy } from '../../../test/kit/database-proxy.ts'
import { codeOf, type TestWorld, testWorld, worldWithWorkspaces } from '../../../test/kit/world.ts'
import { openPostgres } from '../../db/postgres.ts'
import { sql } from '../../db/sql.ts'
import type { EventLog } from '../../events/index.ts'
import { createLogger } from '../../platform/logger.ts'
import { readMetric } from '../metrics/index.ts'
import {
  addMessage,
  addMessages,
  createMessageWriter,
  listConversations,
  type MessageInput,
  type MessagingDeps,
  resolveConversation,
  verifyMetrics,
} from './index.ts'

let t: TestWorld
let deps: MessagingDeps

beforeEach(async () => {
  t = await testWorld()
  deps = { world: t.world, writer: createMessageWriter(t.world) }
}, 60_000)

const START = Date.parse('2026-03-02T09:00:00.000Z')

function message(minute: number, more: Partial<MessageInput> = {}): MessageInput {
  return {
    direction: minute % 3 === 0 ? 'in' : 'out',
    channel: 'SMS',
    provider: 'TWILIO',
    tenantChannelIdentifier: '+31201234567',
    customerChannelIdentifier: `+3168765432${minute % 7}`,
    conversation: `c${minute % 7}`,
    time: new Date(START + minute * 60_000),
    ...more,
  }
}

const count = async () =>
  (
    await t.db.query<{ n: number }>(
      sql`SELECT count(*)::int AS n FROM message WHERE workspace_id = ${t.workspaceId}::uuid`,
    )
  )[0]!.n

test('what comes at one time is written together, and told of once it is there', async () => {
  const before = (await t.world.events.head(t.workspaceId)).position
  await Promise.all(
    Array.from({ length: 150 }, async (_, n) => {
      const { id } = await addMessage(deps, t.viewer, message(n))
      expect(await t.db.query(sql`SELECT FROM message WHERE id = ${id}::uuid`)).toHaveLength(1)
    }),
  )
  const { position } = await t.world.events.head(t.workspaceId)
  expect(position - before).toBeLessThan(15)
  expect(await count()).toBe(150)
  expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
  await deps.writer.idle()
})

test('two processes at once, with late messages, tags that come late and resolutions, count nothing twice', async () => {
  const other: MessagingDeps = { world: t.world, writer: createMessageWriter(t.world) }
  const minutes = Array.from({ length: 300 }, (_, n) => (n * 137) % 300)
  await Promise.all(
    minutes.map((minute, n) => {
      const from = n % 2 === 0 ? deps : other
      const tags = n % 11 === 0 ? ['late', `t${n % 5}`] : []
      return addMessage(from, t.viewer, message(minute, { tags, agent: `a${n % 4}` }))
    }),
  )
  const place = { channel: 'SMS', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567', conversation: 'c1' }
  const told = await Promise.all(
    [deps, other, deps, other].map((one) => codeOfAny(resolveConversation(one, t.viewer, place))),
  )
  expect(told.sort()).toEqual(['CONVERSATION_RESOLVED', 'CONVERSATION_RESOLVED', 'CONVERSATION_RESOLVED', 'ok'])
  const period = { from: new Date(START), to: new Date(START + 300 * 60_000) }
  expect((await readMetric(t.world, t.viewer, { metric: 'messages', ...period })).value).toBe(300)
  expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
})

const codeOfAny = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'ok',
    (error) => (error as { code: string }).code,
  )

test('what one caller breaks is not the fault of the others, and leaves nothing', async () => {
  await t.db.script(`ALTER TABLE message ADD CONSTRAINT broken CHECK (content ->> 'text' <> 'broken')`)
  const told = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      codeOfAny(
        addMessage(deps, t.viewer, message(n, { content: { text: n === 7 ? 'broken' : 'whole' }, agent: `a${n}` })),
      ),
    ),
  )
  expect(told.filter((one) => one === 'ok')).toHaveLength(19)
  expect(told[7]).toBe('23514')
  expect(await count()).toBe(19)
  const { groups } = await readMetric(t.world, t.viewer, {
    ...{ metric: 'messages', from: new Date(START), to: new Date(START + 3_600_000), groupBy: 'agent' },
  })
  expect(groups.map(({ key }) => key)).not.toContain('a7')
  expect(groups).toHaveLength(19)
  expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
  await t.db.script('ALTER TABLE message DROP CONSTRAINT broken')
  // The numbers that were given to words in the transaction that failed are not remembered.
  await addMessage(deps, t.viewer, message(7, { agent: 'a7' }))
  expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
})

test('what is run again once another process has done it under the same key writes nothing of its own', async () => {
  const other: MessagingDeps = { world: t.world, writer: createMessageWriter(t.world) }
  const key = { idempotencyKey: 'same' }
  // As if the database had given up the first run, and the other process had come before the second.
  const events: EventLog = {
    ...t.world.events,
    async write(workspaceId, change, lastly) {
      const givenUp = t.db.transaction(async (tx) => {
        await change(tx, () => {})
        throw new Error('given up')
      })
      await expect(givenUp).rejects.toThrow('given up')
      await addMessage(other, t.viewer, message(1), key)
      return t.world.events.write(workspaceId, change, lastly)
    },
  }
  const world = { ...t.world, events }
  const { id } = await addMessage({ world, writer: createMessageWriter(world) }, t.viewer, message(1), key)
  expect(await t.db.query(sql`SELECT id FROM message WHERE workspace_id = ${t.workspaceId}::uuid`)).toEqual([{ id }])
  expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
})

test.runIf(onPostgres)('what may be stored, since only the answer was lost, is not stored again', async () => {
  const way = await databaseProxy(await testDatabaseUrl())
  const db = await openPostgres({ url: way.url, logger: createLogger('silent') })
  try {
    t = await worldWithWorkspaces(db)
    deps = { world: t.world, writer: createMessageWriter(t.world) }
    await addMessage(deps, t.viewer, message(0))
    way.state.losing = 1
    const told = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => addMessage(deps, t.viewer, message(n + 1))),
    )
    expect(way.state.losing).toBe(0)
    expect(new Set(told.map((one) => (one.status === 'rejected' ? one.reason.message : one.status)))).toEqual(
      new Set(['it is not known whether messages were stored: the answer to the commit was lost']),
    )
    // It was carried out, once, and the next one goes on from there.
    expect(await count()).toBe(21)
    await addMessage(deps, t.viewer, message(30))
    expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
    expect(await count()).toBe(22)
  } finally {
    await db.close()
    await way.close()
  }
})

test('the same key adds once, whatever is lost on the way back', async () => {
  const key = { idempotencyKey: 'one' }
  const first = await addMessage(deps, t.viewer, message(1), key)
  expect(await addMessage(deps, t.viewer, message(1), key)).toEqual(first)
  expect(await codeOf(addMessage(deps, t.viewer, message(2), key))).toBe('IDEMPOTENCY_CONFLICT')
  const several = [message(3), message(4, { channel: 'x' }), message(5)]
  const results = await addMessages(deps, t.viewer, several, { idempotencyKey: 'many' })
  expect(results.map(({ ok, error }) => ok?.id ?? error!.code)).toEqual([
    expect.any(String),
    'VALIDATION_FAILED',
    expect.any(String),
  ])
  expect((await addMessages(deps, t.viewer, several, { idempotencyKey: 'many' })).map(({ ok }) => ok)).toEqual(
    results.map(({ ok }) => ok),
  )
  const place = { channel: 'SMS', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567', conversation: 'c1' }
  const resolved = await resolveConversation(deps, t.viewer, place, { idempotencyKey: 'end' })
  expect(await resolveConversation(deps, t.viewer, place, { idempotencyKey: 'end' })).toBe(resolved)
  expect(await count()).toBe(3)
})

test('another workspace sees nothing of it, and has numbers of its own', async () => {
  await addMessage(deps, t.viewer, message(0, { tags: ['VIP'], agent: 'ann' }))
  await addMessage(deps, t.otherViewer, message(1, { tags: ['VIP'], agent: 'ann' }))
  await addMessage(deps, t.otherViewer, message(2, { tags: ['VIP'], agent: 'ann' }))
  const period = { from: new Date(START), to: new Date(START + 3_600_000), filter: { agents: ['ann'], tags: ['VIP'] } }
  expect((await readMetric(t.world, t.viewer, { metric: 'messages', ...period })).value).toBe(1)
  expect((await readMetric(t.world, t.otherViewer, { metric: 'messages', ...period })).value).toBe(2)
  expect(await listConversations(t.world, t.viewer, { limit: 10 })).toHaveLength(1)
  const place = { channel: 'SMS', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567', conversation: 'c2' }
  expect(await codeOf(resolveConversation(deps, t.viewer, place))).toBe('NOT_FOUND')
})
