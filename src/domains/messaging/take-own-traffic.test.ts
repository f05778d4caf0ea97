import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readyVoiceFile, type TestEngine, testEngine } from '../../../test/kit/engine.ts'
import { outreachKit, people, phones } from '../../../test/kit/outreach.ts'
import { numbers, postKit, postOffice } from '../../../test/kit/post.ts'
import { tablesWith } from '../../../test/kit/tables-with.ts'
import { eventsAfter, headOf, type TestWorld, testWorld, worldOn } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { createWorkspace } from '../auth/workspaces.ts'
import { createContact } from '../contacts/index.ts'
import { recordInbound } from '../messages/index.ts'
import { type MetricRequest, readMetric } from '../metrics/index.ts'
import { eraseContact } from '../people/index.ts'
import {
  addMessage,
  createMessageWriter,
  eraseCustomer,
  listMessages,
  type MessageInput,
  type MessagingDeps,
  resolveConversation,
  takeOwnTraffic,
  updateMessageSettings,
  verifyMetrics,
} from './index.ts'

const OWN = { sms: 'Saygraph', email: 'noreply@say.example', call: '+358401111111' }
const DAY = 86_400_000

let shared: TestWorld
/** The same with a workspace of its own. */
let t: TestWorld
let workspaces = 0
let deps: MessagingDeps
let post: ReturnType<typeof postKit>
const engines: TestEngine[] = []

beforeAll(async () => {
  shared = await testWorld()
}, 60_000)

beforeEach(async () => {
  const { world, viewer } = shared
  const { workspaceId, slug } = await createWorkspace(world, { slug: `w-${++workspaces}`, name: 'W' })
  t = { ...shared, workspaceId, viewer: { ...viewer, workspaceId, workspaceSlug: slug } }
  deps = { world, writer: createMessageWriter(world) }
  post = postKit(t)
})

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.board.stop()
})

const take = (by = deps) => takeOwnTraffic(by, OWN)
const shown = () => listMessages(t.world, t.viewer, { limit: 100 })

/** Takes until nothing is left, as the loop does. */
async function takeAll(): Promise<void> {
  for (let turns = 0; (await take()) > 0; turns++) expect(turns).toBeLessThan(100)
}

async function count(more: Partial<MetricRequest> = {}) {
  const period = { from: new Date(0), to: new Date('2100-01-01') }
  const { value, groups } = await readMetric(t.world, t.viewer, {
    ...{ metric: 'messages', groupBy: 'channel', ...period, ...more },
  })
  return [value, Object.fromEntries(groups.map(({ key, value }) => [key, value]))]
}

async function texts(to: readonly string[], changes: object = {}): Promise<string> {
  const office = postOffice(t)
  const id = await post.texts(office, { receivers: to.map((phone) => ({ phone })), ...changes })
  await office.run()
  return id
}

async function calls(options: Parameters<typeof testEngine>[1], receivers: { phone: string }[]): Promise<string> {
  const engine = await testEngine(t, options)
  engines.push(engine)
  const kit = outreachKit(t, await readyVoiceFile(t))
  const id = await kit.rsvp(engine, { receivers, acceptsWanted: receivers.length, maxAttempts: 2 })
  await engine.run()
  return id
}

describe('what a workspace sends and receives', () => {
  test('counts among its messages: SMS, e-mail, calls that were answered, and who texts back', async () => {
    const to = numbers(3)
    const sms = await texts(to, { content: { message: 'My words', sender: 'Acme' } })
    const office = postOffice(t)
    const mail = await post.mails(office)
    await office.run()
    const called = phones(2)
    const rsvp = await calls({}, called)
    const unheard = await calls({ people: people({ busy: 1, keys: {} }) }, phones(2))
    t.clock.advance(60_000)
    await recordInbound(t.world, {
      ...{ type: 'inbound', from: to[0]!, to: 'Acme', text: 'Their words', at: t.clock.now(), providerId: 'x' },
    })
    const head = await headOf(t.world, t.workspaceId)
    await takeAll()

    expect(await count()).toEqual([7, { SMS: 4, VOICE: 2, EMAIL: 1 }])
    expect(await count({ groupBy: 'provider' })).toEqual([7, { SAYGRAPH: 7 }])
    expect(await count({ filter: { direction: 'in' } })).toEqual([1, { SMS: 1 }])
    expect(await count({ metric: 'responseTimeAverage', groupBy: undefined })).toEqual([expect.any(Number), {}])
    expect(await count({ metric: 'uniqueConversations', groupBy: undefined })).toEqual([6, {}])
    expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
    const [row] = await post.messagesOf(sms)
    const [mailed] = await post.messagesOf(mail)
    const answered = await t.db.query<{ id: string; phone: string; receiver_id: string; answered_at: Date }>(
      sql`SELECT id, phone, receiver_id, answered_at FROM call WHERE campaign_id = ${rsvp}::uuid ORDER BY answered_at, id`,
    )
    const messages = await shown()
    const plain = { provider: 'SAYGRAPH', agent: null, tags: [], content: null }
    expect(messages[0]).toMatchObject({
      ...{ ...plain, direction: 'in', channel: 'SMS', tenantChannelIdentifier: 'Acme' },
      ...{ customerChannelIdentifier: to[0], time: t.clock.now(), own: { kind: 'sms', id: expect.any(String) } },
    })
    const ofOwn = (id: string) => messages.find(({ own }) => own!.id === id)
    expect(ofOwn(row!.id)).toMatchObject({
      ...{ ...plain, direction: 'out', channel: 'SMS', tenantChannelIdentifier: 'Acme', time: row!.sent_at },
      ...{ customerChannelIdentifier: to[0], own: { kind: 'sms' } },
      // With what they answered.
      conversationId: messages[0]!.conversationId,
    })
    expect(ofOwn(mailed!.id)).toMatchObject({
      ...{ ...plain, channel: 'EMAIL', tenantChannelIdentifier: OWN.email, customerChannelIdentifier: mailed!.address },
      own: { kind: 'email' },
    })
    for (const { id, phone, answered_at: time } of answered) {
      expect(ofOwn(id)).toMatchObject({
        ...{ ...plain, direction: 'out', channel: 'VOICE', tenantChannelIdentifier: OWN.call, time },
        ...{ customerChannelIdentifier: phone, own: { kind: 'call' } },
      })
    }
    const keys = await t.db.query<{ key: string }>(
      sql`SELECT key FROM conversation WHERE workspace_id = ${t.workspaceId}::uuid`,
    )
    const receivers = await t.db.query<{ id: string }>(
      sql`SELECT id::text FROM receiver
          WHERE workspace_id = ${t.workspaceId}::uuid AND campaign_id <> ${unheard}::uuid`,
    )
    expect(new Set(keys.map(({ key }) => key))).toEqual(new Set(receivers.map(({ id }) => id)))
    expect(await tablesWith(t.db, 'Their words')).toEqual([])

    // What that wrote is no reason to look again, and nothing is written once more.
    const after = await headOf(t.world, t.workspaceId)
    const added = (await eventsAfter(t.world, t.workspaceId, head)).map(([, type]) => type)
    expect(added).toEqual(['messages.added'])
    expect(await take()).toBe(0)
    expect(await headOf(t.world, t.workspaceId)).toBe(after)
    await t.db.query(sql`UPDATE message_pool SET own_traffic_position = 0 WHERE workspace_id = ${t.workspaceId}::uuid`)
    await takeAll()
    expect(await count()).toEqual([7, { SMS: 4, VOICE: 2, EMAIL: 1 }])
    expect(await headOf(t.world, t.workspaceId)).toBe(after)
  })

  test('counts in the conversation with the receiver, until a client resolves it', async () => {
    const [phone] = numbers(1)
    await texts([phone!])
    await takeAll()
    const [{ key }] = (await t.db.query<{ key: string }>(
      sql`SELECT key FROM conversation WHERE workspace_id = ${t.workspaceId}::uuid`,
    )) as [{ key: string }]
    await resolveConversation(deps, t.viewer, {
      ...{ conversation: key, provider: 'SAYGRAPH', channel: 'SMS', tenantChannelIdentifier: 'Saygraph' },
    })
    const at = t.clock.now()
    await recordInbound(t.world, { type: 'inbound', from: phone!, to: 'Saygraph', text: 'Late', at })
    await takeAll()
    expect(await count()).toEqual([1, { SMS: 1 }])
    expect(await take()).toBe(0)
  })

  test('does not count while that is switched off, nor later what happened then', async () => {
    await texts(numbers(1))
    await takeAll()
    await updateMessageSettings(t.world, t.viewer, { ownTraffic: false })
    await texts(numbers(2))
    expect(await take()).toBe(0)
    await updateMessageSettings(t.world, t.viewer, { ownTraffic: true })
    await takeAll()
    expect(await count()).toEqual([1, { SMS: 1 }])
    await texts(numbers(3))
    await takeAll()
    expect(await count()).toEqual([4, { SMS: 4 }])
  })

  test('counts from what the log still holds on, also where messages came in another way before', async () => {
    await texts(numbers(2))
    const direct: MessageInput = {
      ...{ direction: 'in', channel: 'CHAT', provider: 'TWILIO', tenantChannelIdentifier: 'us' },
      customerChannelIdentifier: 'them',
    }
    await addMessage(deps, t.viewer, direct)
    t.clock.advance(40 * DAY)
    await texts(numbers(1))
    while ((await t.world.events.prune()) > 0);
    expect((await t.world.events.head(t.workspaceId)).pruned).toBeGreaterThan(0)
    await takeAll()
    expect(await count()).toEqual([2, { CHAT: 1, SMS: 1 }])
  })
})

describe('each counts once', () => {
  test('whoever looks at the same time', async () => {
    await texts(numbers(30))
    const others = [1, 2, 3].map(() => {
      const world = worldOn(t.db, t.clock)
      return { world, writer: createMessageWriter(world) }
    })
    const taken = await Promise.all([take(), ...others.map((other) => take(other))])
    expect(taken.filter((events) => events > 0)).toHaveLength(1)
    await takeAll()
    expect(await count()).toEqual([30, { SMS: 30 }])
    expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
  })

  test('whoever dies before the commit', async () => {
    await texts(numbers(3))
    const { events } = t.world
    const dying = {
      ...t.world,
      events: {
        ...events,
        write: <T>(id: string, change: Parameters<typeof events.write<T>>[1]) =>
          events.write<T>(id, async (tx, emit) => {
            await change(tx, emit)
            throw new Error('died')
          }),
      },
    }
    await expect(take({ world: dying, writer: createMessageWriter(dying) })).rejects.toThrow('died')
    expect(await shown()).toEqual([])
    await takeAll()
    expect(await count()).toEqual([3, { SMS: 3 }])
  })

  test('in more than one turn', async () => {
    await texts(numbers(600))
    expect(await take()).toBe(500)
    await takeAll()
    expect(await count()).toEqual([600, { SMS: 600 }])
  }, 60_000)
})

describe('who was erased', () => {
  test('is not found again by what was sent before', async () => {
    const [phone] = numbers(1)
    const { id } = await createContact(t.world, t.viewer, { phone: phone! })
    await texts([phone!, numbers(1)[0]!])
    await eraseContact(t.world, t.viewer, id)
    await takeAll()
    expect(await count()).toEqual([1, { SMS: 1 }])
    expect(await tablesWith(t.db, phone!)).toEqual([])
  })

  test('nor when that happens while it is looked at', async () => {
    const [phone] = numbers(1)
    const { id } = await createContact(t.world, t.viewer, { phone: phone! })
    await texts([phone!, numbers(1)[0]!])
    const { writer } = deps
    const slow: MessagingDeps = {
      ...deps,
      writer: {
        ...writer,
        async write(...given) {
          await eraseContact(t.world, t.viewer, id)
          return writer.write(...given)
        },
      },
    }
    expect(await take(slow)).toBe(0)
    expect(await shown()).toEqual([])
    await takeAll()
    expect(await count()).toEqual([1, { SMS: 1 }])
    expect(await tablesWith(t.db, phone!)).toEqual([])
  })

  test('loses what was counted, but not the number', async () => {
    const to = numbers(2)
    await texts(to)
    await takeAll()
    await eraseCustomer(t.world, t.viewer, { customerChannelIdentifier: to[0]! })
    expect(await count()).toEqual([2, { SMS: 2 }])
    expect((await shown()).map(({ customerChannelIdentifier }) => customerChannelIdentifier).sort()).toEqual([
      to[1],
      null,
    ])
    expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
  })
})
