import { beforeAll, expect, test } from 'vitest'
import { brokenRules, codeOf, refusal, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { type MetricRequest, readMetric } from '../metrics/index.ts'
import {
  addMessage,
  addMessages,
  createMessageWriter,
  type MessageInput,
  type MessagingDeps,
  recomputeMetrics,
  resolveConversation,
  verifyMetrics,
} from './index.ts'

let t: TestWorld
let deps: MessagingDeps

beforeAll(async () => {
  t = await testWorld()
  deps = { world: t.world, writer: createMessageWriter(t.world) }
}, 60_000)

const START = Date.parse('2026-03-02T09:00:00.000Z')
const MINUTE = 60_000

function message(minutes: number, direction: 'in' | 'out', more: Partial<MessageInput> = {}): MessageInput {
  return {
    direction,
    channel: 'WHATSAPP',
    provider: 'TWILIO',
    tenantChannelIdentifier: '+31201234567',
    customerChannelIdentifier: '+31687654321',
    conversation: '1',
    time: new Date(START + minutes * MINUTE),
    content: { textContent: 'hello' },
    ...more,
  }
}

const place = { channel: 'WHATSAPP', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567' }

async function read(metric: MetricRequest['metric'], more: Partial<MetricRequest> = {}) {
  const from = new Date(START - 60 * MINUTE)
  return readMetric(t.world, t.viewer, { metric, from, to: new Date(START + 3 * 24 * 60 * MINUTE), ...more })
}

test('nothing is taken from more than a day ahead', async () => {
  const day = 24 * 60 * MINUTE
  const at = (ms: number) => ({ time: new Date(t.clock.now().getTime() + ms), conversation: 'ahead' })
  await addMessage(deps, t.otherViewer, message(0, 'in', at(day)))
  const ahead = await refusal(addMessage(deps, t.otherViewer, message(0, 'in', at(day + 1))))
  expect(ahead).toMatchObject({ code: 'VALIDATION_FAILED', path: ['time'], details: { rule: 'in_the_future' } })
  const [refused, taken] = await addMessages(deps, t.otherViewer, [
    message(0, 'in', at(1_000 * day)),
    message(0, 'in', at(1)),
  ])
  expect([refused!.error?.code, taken!.error]).toEqual(['VALIDATION_FAILED', undefined])
  const resolve = (ms: number) => resolveConversation(deps, t.otherViewer, { ...place, ...at(ms) })
  expect(await brokenRules(resolve(day + 1))).toEqual(['time in_the_future'])
  await resolve(day)
})

test('a conversation is counted as it goes on, also with a late message and a tag that comes late', async () => {
  await addMessage(deps, t.viewer, message(0, 'in'))
  await addMessage(deps, t.viewer, message(10, 'out', { agent: 'ann', tags: ['VIP', 'team:Sales', 'team:Other'] }))
  expect((await read('messages')).value).toBe(2)
  expect((await read('firstReplyTimeMedian')).value).toBe(600)
  expect((await read('responseTimeAverage')).value).toBe(600)
  // Late: it was answered before by an automatic reply, which is none, and the customer had written earlier.
  await addMessages(deps, t.viewer, [
    message(-5, 'in'),
    message(-4, 'out', { tags: ['system:automatic_reply'] }),
    message(40, 'in', { agent: 'bob' }),
  ])
  expect((await read('messages')).value).toBe(5)
  expect((await read('firstReplyTimeMedian')).value).toBe(900)
  expect((await read('activeContacts')).value).toBe(1)
  expect((await read('messages', { filter: { tags: ['VIP'] } })).value).toBe(1)
  expect((await read('messagesPerConversation', { filter: { tags: ['VIP'] } })).value).toBe(5)
  expect((await read('uniqueConversations', { filter: { initiatedBy: 'user' } })).value).toBe(1)
  expect((await read('messages', { groupBy: 'agent' })).groups).toEqual([
    { key: 'ann', value: 1 },
    { key: 'bob', value: 1 },
  ])
  const series = await read('messages', { granularity: 'hour' })
  expect(series.points.filter(({ value }) => value).map(({ start, value }) => [start.toISOString(), value])).toEqual([
    ['2026-03-02T08:00:00.000Z', 2],
    ['2026-03-02T09:00:00.000Z', 3],
  ])

  const { differences, differenceCount, ...rest } = await verifyMetrics(t.world, t.viewer)
  expect(differences).toEqual([])
  expect(rest).toEqual({ conversations: 1, threads: 1, messages: 5, days: 1 })
  expect(differenceCount).toBe(0)
})

test('a resolved conversation takes late messages only', async () => {
  await resolveConversation(deps, t.viewer, { ...place, conversation: '1', time: new Date(START + 60 * MINUTE) })
  expect(await codeOf(addMessage(deps, t.viewer, message(60, 'in')))).toBe('CONVERSATION_RESOLVED')
  expect(await codeOf(resolveConversation(deps, t.viewer, { ...place, conversation: '1' }))).toBe(
    'CONVERSATION_RESOLVED',
  )
  expect(await refusal(resolveConversation(deps, t.viewer, { ...place, conversation: 'none' }))).toMatchObject({
    code: 'NOT_FOUND',
    path: ['conversation'],
  })
  await addMessage(deps, t.viewer, message(50, 'out', { agent: 'ann' }))
  expect((await read('resolvedConversations')).value).toBe(1)
  expect((await read('resolvedConversations', { filter: { agents: ['ann'] } })).value).toBe(1)
  expect((await read('resolveTimeMedian')).value).toBe(65 * 60)
  expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
})

test('what was damaged is found and mended', async () => {
  await t.db.query(
    sql`UPDATE metric_rollup SET sent = sent + 1 WHERE workspace_id = ${t.workspaceId}::uuid AND grain = 1`,
  )
  await t.db.query(sql`DELETE FROM metric_fact WHERE kind = 'R'`)
  await t.db.query(sql`UPDATE message SET session = NULL`)
  const { differences } = await verifyMetrics(t.world, t.viewer)
  expect(new Set(differences.map(({ kind }) => kind))).toEqual(new Set(['sum', 'fact', 'message']))
  await recomputeMetrics(t.world, t.viewer)
  expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
})
