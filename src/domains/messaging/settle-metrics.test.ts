import { beforeEach, expect, test } from 'vitest'
import { type TestWorld, testWorld, worldOn } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { type MetricName, type MetricRequest, readMetric } from '../metrics/index.ts'
import {
  addMessage,
  addMessages,
  createMessageWriter,
  type MessageInput,
  type MessagingDeps,
  recomputeMetrics,
  resolveConversation,
  settleMetrics,
  verifyMetrics,
} from './index.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOON = Date.parse('2026-11-22T12:00:00Z')

const t: TestWorld = await testWorld()
let deps: MessagingDeps
beforeEach(async () => {
  await t.db.script(
    'TRUNCATE message, conversation, message_thread, message_pool, metric_fact, metric_rollup, metric_day, metric_presence',
  )
  t.clock.set(new Date(NOON))
  deps = { world: t.world, writer: createMessageWriter(t.world) }
})

const PLACE = { channel: 'SMS', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567' }

/** So many hours before noon. */
function message(hours: number, more: Partial<MessageInput> = {}): MessageInput {
  return {
    ...{ direction: 'in', ...PLACE, customerChannelIdentifier: '+31687654321', conversation: 'one' },
    ...{ time: new Date(NOON - hours * HOUR), agent: 'ann', tags: ['VIP'], ...more },
  }
}

/** Words that the ends in silence of conversations are kept by, by kind of fact. */
async function kept(): Promise<string[]> {
  const rows = await t.db.query<{ told: string }>(
    sql`SELECT f.kind || ' ' || coalesce(w.value, 'all') AS told FROM metric_fact f
        LEFT JOIN message_word w ON w.id = f.word_id
        WHERE f.workspace_id = ${t.workspaceId}::uuid AND f.kind IN ('S', 'U', 'E')`,
  )
  return rows.map(({ told }) => told).sort()
}
const differences = async () => (await verifyMetrics(t.world, t.viewer)).differences
/** The average time of all, of an agent and of a tag, in hours. */
async function hours(more: Partial<MetricRequest> = {}): Promise<(number | null)[]> {
  const period = { from: new Date(NOON - 30 * DAY), to: new Date(NOON + 30 * DAY) }
  const results = await Promise.all(
    [{}, { agents: ['ann'] }, { tags: ['VIP'] }].map((filter) =>
      readMetric(t.world, t.viewer, { metric: 'resolveTimeAverage', ...period, filter, ...more }),
    ),
  )
  return results.map(({ value }) => value && value / 3_600)
}
const later = (ms: number) => t.clock.set(new Date(t.clock.now().getTime() + ms))

test('a conversation that is over is kept by agent and tag once it is quiet, and its values stay', async () => {
  await addMessages(deps, t.viewer, [message(60), message(50, { agent: 'bob', tags: ['team:Sales'] }), message(40)])
  await addMessage(deps, t.viewer, message(2, { conversation: 'young' }))
  expect(await kept()).toEqual(['U all', 'U all'])
  expect(await hours()).toEqual([20, 20, 20])
  // It may be an import that goes on.
  expect(await settleMetrics(t.world)).toBe(0)
  later(10 * 60_000)
  expect(await settleMetrics(t.world)).toBe(1)
  expect(await kept()).toEqual(['S all', 'S ann', 'S bob', 'S team:Sales', 'S user:VIP', 'U all'])
  expect(await hours()).toEqual([20, 20, 20])
  expect(await settleMetrics(t.world)).toBe(0)
  expect(await differences()).toEqual([])
  expect((await recomputeMetrics(t.world, t.viewer)).differences).toEqual([])
  expect(await kept()).toHaveLength(6)
})

test('exactly 24 hours after its last message it is over, for whoever reads and for whoever settles', async () => {
  await addMessages(deps, t.viewer, [message(25), message(24, { time: new Date(NOON - DAY + 1) })])
  const settle = () => settleMetrics(t.world, { quietMs: 0 })
  expect([await settle(), await hours()]).toEqual([0, [null, null, null]])
  later(1)
  expect(await hours()).toEqual([expect.closeTo(1, 5), expect.closeTo(1, 5), expect.closeTo(1, 5)])
  expect(await settle()).toBe(1)
  expect(await hours()).toEqual([expect.closeTo(1, 5), expect.closeTo(1, 5), expect.closeTo(1, 5)])
  // To a clock that is behind it is not over yet, though it is settled.
  later(-1)
  expect(await hours()).toEqual([null, null, null])
})

test('what goes on, comes late, gets a tag or is resolved is as if it had never been settled', async () => {
  const settle = async () => {
    later(11 * 60_000)
    return settleMetrics(t.world)
  }
  await addMessages(deps, t.viewer, [message(100), message(90)])
  expect(await settle()).toBe(1)
  await addMessage(deps, t.viewer, message(95, { agent: 'cyd' }))
  expect(await kept()).toEqual(['U all'])
  expect(await hours()).toEqual([10, 10, 10])
  expect(await settle()).toBe(1)
  expect(await kept()).toEqual(['S all', 'S ann', 'S cyd', 'S user:VIP'])
  await addMessage(deps, t.viewer, message(80, { tags: ['late'] }))
  expect(await hours({ filter: { tags: ['late'] } })).toEqual([20, 20, 20])
  expect(await settle()).toBe(1)
  expect(await hours({ filter: { tags: ['late'] } })).toEqual([20, 20, 20])
  expect(await differences()).toEqual([])
  await resolveConversation(deps, t.viewer, { ...PLACE, conversation: 'one', time: new Date(NOON - 70 * HOUR) })
  expect(await kept()).toEqual(['E all', 'E ann', 'E cyd', 'E user:VIP', 'E user:late'])
  expect(await hours()).toEqual([30, 30, 30])
  expect(await settle()).toBe(0)
  await addMessage(deps, t.viewer, message(99, { tags: ['later'] }))
  expect(await kept()).toContain('E user:later')
  expect(await differences()).toEqual([])
})

test('what is stored otherwise is found and mended', async () => {
  await addMessages(deps, t.viewer, [message(60), message(50)])
  later(10 * 60_000)
  await settleMetrics(t.world)
  await t.db.script(`DELETE FROM metric_fact WHERE kind = 'S' AND word_id <> 0`)
  expect(await differences()).toHaveLength(2)
  await recomputeMetrics(t.world, t.viewer)
  expect(await kept()).toEqual(['S all', 'S ann', 'S user:VIP'])
  await t.db.script(`UPDATE metric_fact SET ms = ms + 1 WHERE kind = 'S'`)
  expect(await differences()).toHaveLength(3)
  await recomputeMetrics(t.world, t.viewer)
  expect([await differences(), await hours()]).toEqual([[], [10, 10, 10]])
})

test('many are settled a page at a time, beside other processes that settle and that add', async () => {
  const many = Array.from({ length: 700 }, (_, n) => message(60 - n / 100, { conversation: `c${n}` }))
  await addMessages(deps, t.viewer, many)
  later(10 * 60_000)
  const aborted = AbortSignal.abort()
  expect(await settleMetrics(t.world, { signal: aborted })).toBe(0)
  const other = worldOn(t.db, t.clock)
  const writer = { world: other, writer: createMessageWriter(other) }
  const settled = await Promise.all([
    settleMetrics(t.world),
    settleMetrics(other),
    ...Array.from({ length: 30 }, (_, n) =>
      addMessage(writer, t.viewer, message(40, { conversation: `c${n * 20}` })).then(() => 0),
    ),
  ])
  expect(settled.reduce((sum, one) => sum + one)).toBeGreaterThanOrEqual(670)
  expect(await differences()).toEqual([])
  later(10 * 60_000)
  await settleMetrics(t.world)
  expect((await kept()).filter((told) => told.startsWith('U'))).toEqual([])
  expect(await differences()).toEqual([])
}, 60_000)

test('a process that dies while it settles leaves all of a page or nothing', async () => {
  await addMessages(deps, t.viewer, [message(60), message(50, { conversation: 'two' })])
  later(10 * 60_000)
  await t.db.script(`ALTER TABLE metric_fact ADD CONSTRAINT broken CHECK (kind <> 'S' OR word_id = 0)`)
  await expect(settleMetrics(t.world)).rejects.toThrow('broken')
  expect(await kept()).toEqual(['U all', 'U all'])
  await t.db.script('ALTER TABLE metric_fact DROP CONSTRAINT broken')
  expect(await settleMetrics(t.world)).toBe(2)
  expect(await differences()).toEqual([])
})

const ASKED: MetricName[] = [
  ...(['activeContacts', 'taggedConversations', 'messagesPerConversation', 'firstReplyTimeAverage'] as const),
  ...(['openFirstReplyTimeAverage', 'resolveTimeAverage', 'resolveTimeMedian'] as const),
]

/** What sums of days have a part in, over periods that begin with a month, with a day and within one. */
async function everything(): Promise<unknown[]> {
  const periods = [
    ['2026-10-01T00:00:00Z', '2026-11-22T12:00:00Z'],
    ['2026-11-01T00:00:00Z', '2026-11-20T00:00:00Z'],
    ['2026-11-05T10:30:00Z', '2026-11-22T12:00:00Z'],
  ].map(([from, to]) => ({ from: new Date(from!), to: new Date(to!) }))
  const requests = ASKED.flatMap((metric) =>
    periods.flatMap((period): MetricRequest[] => [
      { metric, ...period },
      { metric, ...period, filter: { agents: ['ann'] } },
      { metric, ...period, granularity: 'week', groupBy: 'tag' },
      { metric, ...period, groupBy: metric === 'activeContacts' ? 'country' : 'agent' },
    ]),
  )
  const results: unknown[] = []
  for (const request of requests) results.push([request, await readMetric(t.world, t.viewer, request)])
  return results
}

/** 40 days of three customers, who are there now and then. */
function fortyDays(): MessageInput[] {
  return Array.from({ length: 300 }, (_, n): MessageInput => {
    const customer = ['+31687654321', '+358401234567', '@frank'][(n * n) % 3]!
    return message(40 * 24 - 3.2 * n, {
      ...{
        customerChannelIdentifier: customer,
        conversation: `c${Math.floor(n / 7)}`,
        direction: n % 2 ? 'out' : 'in',
      },
      ...{ agent: n % 5 === 0 ? 'ann' : 'bob', tags: n % 4 === 0 ? ['VIP'] : [] },
    })
  })
}

test('days that are over are summed up, and every value stays', async () => {
  await addMessages(deps, t.viewer, fortyDays())
  await resolveConversation(deps, t.viewer, { ...PLACE, conversation: 'c30', time: new Date(NOON - DAY) })
  const before = await everything()
  await settleMetrics(t.world, { quietMs: 0 })
  const [pool] = await t.db.query<{ day: number }>(sql`SELECT summed_before AS day FROM message_pool`)
  expect(pool!.day).toBe(Math.floor(NOON / DAY) - 1)
  expect(await everything()).toEqual(before)
  expect(await differences()).toEqual([])
  // It is them that are read.
  await t.db.script(`UPDATE metric_day SET ms = 2 * ms; UPDATE metric_presence SET count = 2 * count WHERE grain = 1`)
  const doubled = await everything()
  const isOther = doubled.map((one, n) => JSON.stringify(one) !== JSON.stringify(before[n]))
  expect(isOther.filter((other) => other).length).toBeGreaterThan(ASKED.length * 3)
  expect((await differences()).length).toBeGreaterThan(50)
  await t.db.script(`DELETE FROM metric_presence WHERE grain = 0; DELETE FROM metric_day WHERE kind = 'R'`)
  await recomputeMetrics(t.world, t.viewer)
  expect(await everything()).toEqual(before)
  expect(await differences()).toEqual([])
}, 60_000)

test('what comes late for days that are summed up changes their sums by the difference', async () => {
  const [early, late] = [0, 1].map((rest) => fortyDays().filter((_, n) => n % 2 === rest)) as [
    MessageInput[],
    MessageInput[],
  ]
  await addMessages(deps, t.viewer, early)
  await settleMetrics(t.world, { quietMs: 0 })
  for (const part of [late.slice(0, 50), late.slice(50).reverse()]) {
    await addMessages(deps, t.viewer, part)
    expect(await differences()).toEqual([])
    await settleMetrics(t.world, { quietMs: 0 })
  }
  expect(await differences()).toEqual([])
  const told = await everything()
  await t.db.script('TRUNCATE message, conversation, message_thread, message_pool, metric_fact, metric_rollup')
  await t.db.script('TRUNCATE metric_day, metric_presence')
  await addMessages(deps, t.viewer, fortyDays())
  expect(told).toEqual(await everything())
}, 60_000)

test('sums beyond the days that are summed up are wrong', async () => {
  await addMessages(deps, t.viewer, fortyDays())
  await settleMetrics(t.world, { quietMs: 0 })
  await t.db.script(`UPDATE message_pool SET summed_before = summed_before - 3`)
  expect((await differences()).every(({ kind, expected }) => kind === 'sum' && expected === 'nothing')).toBe(true)
  expect(await differences()).not.toEqual([])
  await recomputeMetrics(t.world, t.viewer)
  expect(await differences()).toEqual([])
  await settleMetrics(t.world)
  expect(await differences()).toEqual([])
}, 60_000)
