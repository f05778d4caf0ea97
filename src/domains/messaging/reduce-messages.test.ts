import { beforeEach, expect, test } from 'vitest'
import { codeOf, eventsAfter, headOf, refusal, type TestWorld, testWorld, worldOn } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { Viewer } from '../auth/index.ts'
import { createWorkspace } from '../auth/workspaces.ts'
import { contributionsTo, METRICS, type MetricName, type MetricRequest, readMetric } from '../metrics/index.ts'
import type { World } from '../world.ts'
import {
  addMessage,
  addMessages,
  createMessageWriter,
  listMessages,
  type MessageInput,
  type MessagingDeps,
  recomputeMetrics,
  reduceMessages,
  resolveConversation,
  updateMessageSettings,
  verifyMetrics,
} from './index.ts'

const kit: TestWorld = await testWorld()
const { clock } = kit
let deps: MessagingDeps
let viewer: Viewer
let workspaces = 0

const DAY = 86_400_000
const HOUR = DAY / 24
const NOON = Date.parse('2026-11-22T12:00:00Z')
const KEPT_DAYS = 10
/** The beginning of the day ten days before NOON. */
const FLOOR = Date.parse('2026-11-12T00:00:00Z')

beforeEach(async () => {
  await kit.db.query(sql`UPDATE message_pool SET retention_days = NULL`)
  clock.set(new Date(NOON))
  deps = { world: kit.world, writer: createMessageWriter(kit.world) }
  const { workspaceId, slug } = await createWorkspace(kit.world, { slug: `w-${++workspaces}`, name: 'W' })
  viewer = { ...kit.viewer, workspaceId, workspaceSlug: slug }
})

/** So many days before the floor (after it when negative). */
function message(days: number, direction: 'in' | 'out', more: Partial<MessageInput> = {}): MessageInput {
  return {
    ...{ direction, channel: 'WHATSAPP', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567' },
    ...{ customerChannelIdentifier: '+31687654321', conversation: 'old', content: { textContent: 'hello' } },
    ...{ time: new Date(FLOOR - days * DAY), actor: 'someone', ...more },
  }
}
const PLACE = { channel: 'WHATSAPP', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567' }

const keepFor = (retentionDays: number | null) => updateMessageSettings(deps.world, viewer, { retentionDays })
const all = () => listMessages(deps.world, viewer, { limit: 100 })
const differences = async () => (await verifyMetrics(deps.world, viewer)).differences

/** Every metric of all time in which there are messages here, by day, without a filter, of an agent, of a tag. */
async function everything(): Promise<unknown[]> {
  const period = { from: new Date(FLOOR - 20 * DAY), to: new Date(FLOOR + 11 * DAY), granularity: 'day' as const }
  const requests = (Object.keys(METRICS) as MetricName[]).flatMap((metric) =>
    [{}, { agents: ['ann'] }, { tags: ['VIP'] }].map((filter): MetricRequest => ({ metric, filter, ...period })),
  )
  const results = await Promise.all(requests.map((request) => readMetric(deps.world, viewer, request)))
  return results.map(({ isReduced: _, ...result }, n) => ({ metric: requests[n]!.metric, ...result }))
}

/** An old conversation, one that goes on, a resolved one, and old messages without any. */
async function history(): Promise<void> {
  await addMessages(deps, viewer, [
    message(3, 'in', { tags: ['VIP'] }),
    message(2.9, 'out', { agent: 'ann' }),
    message(2, 'in', { conversation: 'on', customerChannelIdentifier: '+358401234567' }),
    message(1, 'out', { conversation: null, agent: 'ann' }),
    message(0.5, 'in', { conversation: null }),
    message(5, 'in', { conversation: 'done' }),
    message(4.9, 'out', { conversation: 'done', agent: 'bob' }),
    message(0, 'in', { conversation: 'new' }),
    message(-1, 'out', { conversation: 'on', customerChannelIdentifier: '+358401234567', agent: 'ann' }),
  ])
  await resolveConversation(deps, viewer, { ...PLACE, conversation: 'done', time: new Date(FLOOR - 4 * DAY) })
}

test('what is old goes, the numbers stay', async () => {
  await history()
  const before = await everything()
  const head = await headOf(deps.world, viewer.workspaceId)
  expect(await reduceMessages(deps.world)).toBe(0)
  expect(await all()).toHaveLength(9)

  await keepFor(KEPT_DAYS)
  expect(await reduceMessages(deps.world)).toBe(7)
  const left = await all()
  expect(left.map(({ time, content }) => [(FLOOR - time.getTime()) / DAY, content])).toEqual([
    [-1, { textContent: 'hello' }],
    [0, { textContent: 'hello' }],
  ])
  expect(await everything()).toEqual(before)
  expect(await differences()).toEqual([])
  const { differences: mended, ...recounted } = await recomputeMetrics(deps.world, viewer)
  expect(mended).toEqual([])
  expect(recounted).toMatchObject({ conversations: 4, threads: 2, days: 2 })
  expect((await eventsAfter(deps.world, viewer.workspaceId, head)).map(([, type, payload]) => [type, payload])).toEqual(
    [
      ['workspace.messageSettingsChanged', {}],
      ['messages.reduced', { before: '2026-11-12T00:00:00.000Z', count: 7 }],
    ],
  )
  // Again there is nothing to do.
  expect(await reduceMessages(deps.world)).toBe(0)
})

test('what would need messages that are gone is not told, and nothing is added or counted anew there', async () => {
  await history()
  await keepFor(KEPT_DAYS)
  await reduceMessages(deps.world)
  const read = (from: number, more: Partial<MetricRequest> = {}) =>
    readMetric(deps.world, viewer, {
      ...{ metric: 'messages', from: new Date(from), to: new Date(FLOOR + 5 * DAY), ...more },
    })
  expect(await read(FLOOR - 10 * DAY)).toMatchObject({ value: 9, isReduced: true })
  expect(await read(FLOOR)).toMatchObject({ value: 2, isReduced: false })
  expect(await read(FLOOR - DAY - 1)).toMatchObject({ value: null, isReduced: true })
  expect(await read(FLOOR - 10 * DAY, { filter: { identifiers: ['+31687654321'] } })).toMatchObject({ value: null })
  // Conversations are known, and whose they were.
  const ofCustomer = (customer: string) =>
    read(FLOOR - 10 * DAY, { metric: 'resolvedConversations', filter: { identifiers: [customer] } })
  expect((await ofCustomer('+31687654321')).value).toBe(1)
  expect((await ofCustomer('+358401234567')).value).toBe(0)
  const proof = (from: number) =>
    contributionsTo(
      deps.world,
      viewer,
      { metric: 'messages', from: new Date(from), to: new Date(FLOOR + 5 * DAY) },
      { limit: 10 },
    )
  expect(await proof(FLOOR - 1)).toEqual({ items: [], total: 0, isReduced: true })
  expect(await proof(FLOOR)).toMatchObject({ total: 2, isReduced: false })

  const floor = new Date(FLOOR).toISOString()
  const late = await refusal(addMessage(deps, viewer, message(0, 'in', { time: new Date(FLOOR - 1) })))
  expect(late).toMatchObject({ code: 'MESSAGES_REDUCED', path: ['time'], details: { before: floor } })
  const resolved = { ...PLACE, conversation: 'on', time: new Date(FLOOR - 1) }
  expect(await codeOf(resolveConversation(deps, viewer, resolved))).toBe('MESSAGES_REDUCED')
  for (const anew of [recomputeMetrics, verifyMetrics]) {
    const refused = await refusal(anew(deps.world, viewer, { from: new Date(FLOOR - 1) }))
    expect(refused).toMatchObject({ code: 'MESSAGES_REDUCED', path: ['from'], details: { before: floor } })
    expect((await anew(deps.world, viewer, { from: new Date(FLOOR) })).differences).toEqual([])
  }
})

test('an old conversation goes on as if its messages were there, also with a new tag', async () => {
  const kept = viewer
  await history()
  const other = await createWorkspace(deps.world, { slug: `w-${++workspaces}`, name: 'W' })
  viewer = { ...kit.viewer, workspaceId: other.workspaceId }
  await history()
  await keepFor(KEPT_DAYS)
  await reduceMessages(deps.world)
  const reduced = viewer
  const later = [
    message(-2, 'out', { agent: 'bob', tags: ['Late', 'VIP'] }),
    message(-0.5, 'in', { conversation: null }),
    message(-0.2, 'in', { conversation: 'on', tags: ['VIP'] }),
    message(-3, 'in', { conversation: 'on' }),
  ]
  const told: unknown[] = []
  for (viewer of [kept, reduced]) {
    await addMessages(deps, viewer, later)
    await resolveConversation(deps, viewer, {
      ...{ ...PLACE, conversation: 'old', tags: ['Solved'], agent: 'cyd', time: new Date(FLOOR + 3 * DAY) },
    })
    const byTag = await Promise.all(
      (['messagesPerConversation', 'uniqueConversations', 'resolveTimeMedian'] as const).map((metric) =>
        readMetric(deps.world, viewer, {
          ...{ metric, groupBy: 'tag', from: new Date(FLOOR - 20 * DAY), to: new Date(FLOOR + 10 * DAY) },
        }),
      ),
    )
    told.push([...(await everything()), ...byTag.map(({ isReduced: _, ...result }) => result)])
    expect(await differences()).toEqual([])
  }
  expect(told[1]).toEqual(told[0])
  // And once more, when that is old as well.
  clock.advance(30 * DAY)
  const whole = await everything()
  await reduceMessages(deps.world)
  expect(await all()).toEqual([])
  expect(await everything()).toEqual(whole)
  expect(await differences()).toEqual([])
})

test('one that never ends keeps only what is young enough of it, whatever comes to it', async () => {
  const name = { conversation: '+31687654321' }
  const days = Array.from({ length: 12 }, (_, n) => 8 - n)
  await addMessages(deps, viewer, [
    ...days.map((day) => message(day, 'in', { ...name, ...(day === 7 && { tags: ['VIP'] }) })),
    ...days.map((day) => message(day - 0.5, 'out', { ...name, agent: day % 2 === 0 ? 'ann' : 'bob' })),
  ])
  const before = await everything()
  for (const more of [4, 2, 0]) {
    await keepFor(KEPT_DAYS + more)
    expect(await reduceMessages(deps.world)).toBeGreaterThan(0)
    const left = await all()
    expect(Math.min(...left.map(({ time }) => time.getTime()))).toBe(FLOOR - more * DAY)
    expect(await everything()).toEqual(before)
    expect(await differences()).toEqual([])
  }
  expect(await all()).toHaveLength(8)
  // Late, with tags that count for what is gone as well, and after it was resolved.
  await addMessage(deps, viewer, message(-0.7, 'out', { ...name, agent: 'cyd', tags: ['late', 'team:Sales'] }))
  await resolveConversation(deps, viewer, { ...PLACE, ...name, time: new Date(FLOOR + 8 * DAY), tags: ['ended'] })
  await addMessage(deps, viewer, message(-0.2, 'in', { ...name, tags: ['VIP'] }))
  expect(await differences()).toEqual([])
  const period = { from: new Date(FLOOR - 9 * DAY), to: new Date(FLOOR + 9 * DAY) }
  const of = async (metric: MetricName, filter = {}) =>
    (await readMetric(deps.world, viewer, { metric, filter, ...period })).value
  expect(await of('messagesPerConversation', { tags: ['late'] })).toBe(26)
  expect(await of('resolveTimeAverage', { agents: ['ann'] })).toBe(16 * 24 * 3_600)
  expect(await of('firstReplyTimeAverage', { tags: ['ended'] })).toBe(12 * 3_600)
})

test('of one that was resolved between its messages, those before go when those after do', async () => {
  const name = { conversation: 'between' }
  await addMessages(deps, viewer, [message(2, 'in', name), message(-1, 'out', name)])
  await resolveConversation(deps, viewer, { ...PLACE, ...name, time: new Date(FLOOR - DAY) })
  const before = await everything()
  await keepFor(KEPT_DAYS)
  expect(await reduceMessages(deps.world)).toBe(1)
  expect((await all()).map(({ content }) => content)).toEqual([{ textContent: 'hello' }, null])
  expect(await reduceMessages(deps.world)).toBe(0)
  expect(await everything()).toEqual(before)
  await keepFor(KEPT_DAYS - 3)
  expect(await reduceMessages(deps.world)).toBe(2)
  expect(await everything()).toEqual(before)
  expect(await differences()).toEqual([])
})

test('goes by pages; one that breaks off leaves nothing half, and the next goes on', async () => {
  const many = (from: number, count: number, more: Partial<MessageInput>) =>
    Array.from({ length: count }, (_, n) =>
      message(0, n % 2 ? 'in' : 'out', { time: new Date(FLOOR - from * DAY + n * 60_000), ...more }),
    )
  await addMessages(deps, viewer, [
    ...many(9, 1_300, { conversation: null }),
    ...many(9, 1_200, { conversation: 'long', customerChannelIdentifier: '+358401234567', tags: ['VIP'] }),
    ...many(8, 300, { conversation: 'on', agent: 'ann' }),
    message(-1, 'in', { conversation: 'on' }),
  ])
  const before = await everything()
  await keepFor(KEPT_DAYS)

  // Ended before the first page: nothing older is taken, and all is still there.
  expect(await reduceMessages(deps.world, AbortSignal.abort())).toBe(0)
  expect(await codeOf(addMessage(deps, viewer, message(1, 'in')))).toBe('MESSAGES_REDUCED')
  expect(await differences()).toEqual([])

  // Dies in the second page, with everything done but the commit.
  let pages = 0
  const { events } = deps.world
  const dying: World = {
    ...deps.world,
    events: {
      ...events,
      write: (id, change) =>
        events.write(id, async (tx, emit) => {
          const result = await change(tx, emit)
          if (++pages === 2) throw new Error('died')
          return result
        }),
    },
  }
  await expect(reduceMessages(dying)).rejects.toThrow('died')
  expect(pages).toBe(2)
  const count = async () =>
    (
      await kit.db.query<{ count: number }>(
        sql`SELECT count(*)::int AS count FROM message WHERE workspace_id = ${viewer.workspaceId}::uuid`,
      )
    )[0]!.count
  const left = await count()
  expect(left).toBeGreaterThan(301)
  expect(left).toBeLessThan(2_801)
  expect(await everything()).toEqual(before)
  expect(await differences()).toEqual([])
  await addMessage(deps, viewer, message(-1, 'out', { conversation: null }))

  // All but the young ones.
  expect(await reduceMessages(deps.world)).toBe(left - 1)
  expect(await count()).toBe(2)
  expect(await differences()).toEqual([])
})

test('two at once do what one does', async () => {
  await history()
  const before = await everything()
  await keepFor(KEPT_DAYS)
  const done = await Promise.all([reduceMessages(deps.world), reduceMessages(worldOn(kit.db, clock))])
  expect(done[0] + done[1]).toBe(7)
  expect(await everything()).toEqual(before)
  expect(await differences()).toEqual([])
})

test('what is added meanwhile counts', async () => {
  await history()
  await keepFor(KEPT_DAYS)
  const added = Array.from({ length: 20 }, (_, n) =>
    addMessage(deps, viewer, message(-n / 10, n % 3 ? 'in' : 'out', n % 2 ? {} : { conversation: null })),
  )
  await Promise.all([reduceMessages(deps.world), ...added])
  expect(await differences()).toEqual([])
  const { value } = await readMetric(deps.world, viewer, {
    ...{ metric: 'messages', from: new Date(FLOOR - 20 * DAY), to: new Date(FLOOR + 10 * DAY) },
  })
  expect(value).toBe(29)
})

test('a day is kept as long as any of it is young enough, and no retention keeps all', async () => {
  await addMessages(deps, viewer, [message(0, 'in', { conversation: null }), message(1, 'in', { conversation: null })])
  await keepFor(KEPT_DAYS)
  clock.set(new Date(FLOOR + KEPT_DAYS * DAY - 1))
  expect(await reduceMessages(deps.world)).toBe(0)
  clock.advance(1)
  expect(await reduceMessages(deps.world)).toBe(1)
  await keepFor(null)
  clock.advance(100 * DAY + HOUR)
  expect(await reduceMessages(deps.world)).toBe(0)
  // What was reduced stays so.
  expect(await codeOf(addMessage(deps, viewer, message(1, 'in')))).toBe('MESSAGES_REDUCED')
  await addMessage(deps, viewer, message(-1, 'in'))
})
