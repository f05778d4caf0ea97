import { beforeEach, expect, test } from 'vitest'
import { tablesWith } from '../../../test/kit/tables-with.ts'
import { brokenRules, codeOf, eventsAfter, headOf, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { Viewer } from '../auth/index.ts'
import { createWorkspace } from '../auth/workspaces.ts'
import { METRICS, type MetricName, readMetric } from '../metrics/index.ts'
import {
  addMessage,
  addMessages,
  createMessageWriter,
  eraseCustomer,
  findConversationByKey,
  listConversations,
  listMessages,
  type MessageInput,
  type MessagingDeps,
  reduceMessages,
  resolveConversation,
  updateMessageSettings,
  verifyMetrics,
} from './index.ts'

const kit: TestWorld = await testWorld()
let deps: MessagingDeps
let viewer: Viewer
let workspaces = 0

const OTHER = '+358401234567'
/** Others in each test, since it looks for them in the whole database. */
let customer: string
let secret: string
const DAY = 86_400_000
const NOW = kit.clock.now().getTime()
const PLACE = { channel: 'WHATSAPP', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567' }

beforeEach(async () => {
  kit.clock.set(new Date(NOW))
  deps = { world: kit.world, writer: createMessageWriter(kit.world) }
  const { workspaceId, slug } = await createWorkspace(kit.world, { slug: `w-${++workspaces}`, name: 'W' })
  customer = `+3168765432${workspaces}`
  secret = `Rumpelstiltskin ${workspaces}`
  viewer = { ...kit.viewer, workspaceId, workspaceSlug: slug }
})

function message(minutes: number, direction: 'in' | 'out', more: Partial<MessageInput> = {}): MessageInput {
  return {
    ...{ direction, ...PLACE, customerChannelIdentifier: customer, conversation: `from ${customer}` },
    ...{ content: { textContent: secret }, time: new Date(NOW + minutes * 60_000), actor: secret, ...more },
  }
}
const erase = (customerChannelIdentifier = customer) => eraseCustomer(deps.world, viewer, { customerChannelIdentifier })

async function everything(): Promise<unknown[]> {
  const period = { from: new Date(NOW - 9 * DAY), to: new Date(NOW + 9 * DAY), granularity: 'day' as const }
  return Promise.all(
    (Object.keys(METRICS) as MetricName[]).flatMap((metric) =>
      [{}, { agents: ['ann'] }, { tags: ['VIP'] }].map((filter) =>
        readMetric(deps.world, viewer, { metric, filter, ...period }),
      ),
    ),
  )
}

test('a customer is gone from every table, and the numbers stay', async () => {
  await updateMessageSettings(deps.world, viewer, { contentPolicy: 'encrypt' })
  await addMessage(deps, viewer, message(-60, 'in', { channel: 'SMS', conversation: null }))
  await updateMessageSettings(deps.world, viewer, { contentPolicy: 'keep' })
  const { workspaceId } = viewer
  await addMessages(
    deps,
    viewer,
    [
      message(0, 'in', { tags: ['VIP'] }),
      message(5, 'out', { agent: 'ann' }),
      message(9, 'in', { conversation: null, tenantChannelIdentifier: '+31207654321' }),
      message(12, 'in', { conversation: null, customerChannelIdentifier: OTHER, content: null, actor: null }),
    ],
    { idempotencyKey: 'once' },
  )
  await addMessage(deps, viewer, message(6, 'in'), { idempotencyKey: 'one' })
  // Another one who took part keeps what they said.
  const kept = { content: { textContent: 'mine' }, actor: null }
  await addMessage(deps, viewer, message(7, 'in', { customerChannelIdentifier: OTHER, ...kept }))
  // The same customer elsewhere is that workspace's.
  await addMessage(deps, kit.otherViewer, message(0, 'in', { content: null, actor: null, conversation: null }))

  const before = await everything()
  const head = await headOf(deps.world, workspaceId)
  expect(await tablesWith(kit.db, customer)).toEqual(['conversation', 'message_thread'])
  expect(await tablesWith(kit.db, secret)).toEqual(['message'])
  const { threadIds } = await erase()
  expect(threadIds).toHaveLength(3)
  expect(await tablesWith(kit.db, customer)).toEqual(['message_thread'])
  expect(await tablesWith(kit.db, secret)).toEqual([])
  expect(
    await kit.db.query(sql`SELECT workspace_id FROM message_thread WHERE customer_identifier = ${customer}`),
  ).toEqual([{ workspace_id: kit.otherViewer.workspaceId }])
  expect(await everything()).toEqual(before)
  expect((await verifyMetrics(deps.world, viewer)).differences).toEqual([])
  const shown = await listMessages(deps.world, viewer, { limit: 100 })
  expect(shown.map(({ customerChannelIdentifier: who, content }) => [who, content])).toEqual([
    [OTHER, null],
    [null, null],
    [OTHER, kept.content],
    ...Array(4).fill([null, null]),
  ])
  const [conversation] = await listConversations(deps.world, viewer, { limit: 10 })
  expect(conversation).toMatchObject({ received: 3, sent: 1, key: expect.stringMatching(/^erased-[0-9a-f-]{36}$/) })
  expect(await kit.db.query(sql`SELECT country FROM message_thread WHERE id = ${threadIds[0]}::uuid`)).toEqual([
    { country: 'NL' },
  ])
  expect((await eventsAfter(deps.world, workspaceId, head)).map(([, type, payload]) => [type, payload])).toEqual([
    ['messages.customerErased', { threadIds }],
  ])

  // Once more there is nobody, and no news.
  expect(await erase()).toEqual({ threadIds: [] })
  expect(await headOf(deps.world, workspaceId)).toBe(head + 1)
})

test('who comes back is somebody new', async () => {
  const first = await addMessage(deps, viewer, message(0, 'in'))
  await erase()
  const again = await addMessage(deps, viewer, message(60, 'in'))
  expect(again.threadId).not.toBe(first.threadId)
  expect(again.conversationId).not.toBe(first.conversationId)
  const { value } = await readMetric(deps.world, viewer, {
    ...{ metric: 'activeContacts', from: new Date(NOW - DAY), to: new Date(NOW + DAY) },
  })
  expect(value).toBe(2)
  expect((await verifyMetrics(deps.world, viewer)).differences).toEqual([])
  const named = { ...PLACE, conversation: `from ${customer}` }
  expect((await findConversationByKey(deps.world.db, viewer.workspaceId, named))!.id).toBe(again.conversationId)
  await resolveConversation(deps, viewer, { ...named, time: new Date(NOW + DAY) })
  expect((await verifyMetrics(deps.world, viewer)).differences).toEqual([])
})

test('conversations whose messages were reduced lose their names as well', async () => {
  await addMessages(deps, viewer, [
    message(0, 'in'),
    message(1, 'in', { conversation: 'theirs', customerChannelIdentifier: OTHER }),
  ])
  await updateMessageSettings(deps.world, viewer, { retentionDays: 1 })
  kit.clock.advance(3 * DAY)
  expect(await reduceMessages(deps.world)).toBe(2)
  expect(await tablesWith(kit.db, `from ${customer}`)).toEqual(['conversation'])
  await erase()
  expect(await tablesWith(kit.db, `from ${customer}`)).toEqual([])
  expect(await tablesWith(kit.db, 'theirs')).toEqual(['conversation'])
  expect((await verifyMetrics(deps.world, viewer)).differences).toEqual([])
})

test('whoever writes at the same time is erased or new, never half', async () => {
  const added = Array.from({ length: 20 }, (_, n) => addMessage(deps, viewer, message(n, n % 2 ? 'in' : 'out')))
  const erasing = Array.from({ length: 3 }, () => erase())
  await Promise.all([...added, ...erasing])
  await erase()
  expect(await tablesWith(kit.db, secret)).toEqual([])
  expect((await verifyMetrics(deps.world, viewer)).differences).toEqual([])
})

test('needs a scope and an address', async () => {
  const reader = { ...viewer, scopes: new Set(['messages:read'] as const) }
  expect(await codeOf(eraseCustomer(deps.world, reader, { customerChannelIdentifier: customer }))).toBe(
    'INSUFFICIENT_SCOPE',
  )
  expect(await brokenRules(erase(' '))).toEqual(['customerChannelIdentifier too_short'])
})
