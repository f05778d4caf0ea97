import { readFile } from 'node:fs/promises'
import { parse, validate } from 'graphql'
import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { testApp } from '../kit/app.ts'

const clock = new FakeClock('2026-06-03T12:00:00.000Z')
const app = await testApp({}, clock, { role: 'api' })

type Answer = Record<string, any>

async function query(text: string, variables: object = {}, key?: string): Promise<Answer> {
  const { data, errors } = await app.graphql(text, variables as Record<string, unknown>, key)
  if (errors) throw new Error(JSON.stringify(errors))
  return data!
}

async function mutate(name: string, input: object, selection: string, key?: string): Promise<Answer> {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
  const text = `mutation ($input: ${type}Input!) { ${name}(input: $input) {
    __typename ... on ${type}Payload { ${selection} } ... on ValidationError { issues { path rule } }
    ... on Error { code path } } }`
  return (await query(text, { input }, key))[name]
}

const DEFAULTS = {
  ...{ channel: 'WHATSAPP', tenantChannelIdentifier: '+31612345678', customerChannelIdentifier: '+31687654321' },
  provider: 'TWILIO',
}
const message = (direction: 'IN' | 'OUT', time: string, more: object = {}) => ({
  ...DEFAULTS,
  ...{ direction, time: `2026-06-01T${time}Z`, ...more },
})
const add = (input: object, selection = 'message { id }') => mutate('addMessage', input, selection)
const KEY = { conversation: '42', provider: 'TWILIO', channel: 'WHATSAPP', tenantChannelIdentifier: '+31612345678' }

describe('a message', () => {
  it('is added with all that comes into being by it, and leads to it', async () => {
    await add(message('IN', '09:00:00', { conversation: '42', content: { textContent: 'Is it there?' } }))
    const added = await add(
      message('OUT', '09:10:00.250', {
        ...{ conversation: '42', agent: 'teddy', tags: ['VIP', 'team:Sales', 'system:free_template', 'team:Other'] },
        content: { textContent: 'It is.', media: [{ type: 'IMAGE', url: 'https://example.com/a.png' }] },
      }),
      `message {
        id direction time channel { channel tenantChannelIdentifier } customerChannelIdentifier provider agent { name }
        team { name } tags { name kind } content replySeconds opensSession createdAt call { id } outboundMessage { id }
        conversation { key } thread { country lastMessageAt }
      }
      conversation {
        key messagesReceived messagesSent firstMessageAt lastMessageAt firstReceivedAt firstReplyAt
        firstReplyBy { name } firstReplySeconds openFirstReplySeconds calendarVersion resolvedAt agents { name } teams { name }
        tags { name kind } messages(first: 5) { totalCount nodes { content } }
      }
      thread { customerChannelIdentifier messages(last: 1) { totalCount edges { node { agent { name } } } } }`,
    )
    expect(added).toEqual({
      __typename: 'AddMessagePayload',
      message: {
        id: expect.stringMatching(/^TWVzc2FnZT/),
        ...{ direction: 'OUT', time: '2026-06-01T09:10:00.250Z', createdAt: '2026-06-03T12:00:00.000Z' },
        channel: { channel: 'WHATSAPP', tenantChannelIdentifier: '+31612345678' },
        ...{ customerChannelIdentifier: '+31687654321', provider: 'TWILIO' },
        ...{ agent: { name: 'teddy' }, team: { name: 'Sales' } },
        tags: [
          { name: 'free_template', kind: 'SYSTEM' },
          { name: 'VIP', kind: 'USER' },
        ],
        content: { textContent: 'It is.', media: [{ type: 'IMAGE', url: 'https://example.com/a.png' }] },
        ...{ replySeconds: 600.25, opensSession: 'USER', call: null, outboundMessage: null },
        ...{ conversation: { key: '42' }, thread: { country: 'NL', lastMessageAt: '2026-06-01T09:10:00.250Z' } },
      },
      conversation: {
        ...{ key: '42', messagesReceived: 1, messagesSent: 1, calendarVersion: null, resolvedAt: null },
        ...{ firstMessageAt: '2026-06-01T09:00:00.000Z', lastMessageAt: '2026-06-01T09:10:00.250Z' },
        ...{ firstReceivedAt: '2026-06-01T09:00:00.000Z', firstReplyAt: '2026-06-01T09:10:00.250Z' },
        ...{ firstReplyBy: { name: 'teddy' }, firstReplySeconds: 600.25, openFirstReplySeconds: 600.25 },
        ...{ agents: [{ name: 'teddy' }], teams: [{ name: 'Sales' }] },
        tags: [
          { name: 'free_template', kind: 'SYSTEM' },
          { name: 'VIP', kind: 'USER' },
        ],
        messages: {
          totalCount: 2,
          nodes: [
            { content: { textContent: 'Is it there?' } },
            { content: { textContent: 'It is.', media: [{ type: 'IMAGE', url: 'https://example.com/a.png' }] } },
          ],
        },
      },
      thread: {
        customerChannelIdentifier: '+31687654321',
        messages: { totalCount: 2, edges: [{ node: { agent: { name: 'teddy' } } }] },
      },
    })
    const {
      node,
      message: again,
      ...words
    } = await query(
      `query ($id: ID!) {
        node(id: $id) { __typename id ... on Message { replySeconds } } message(id: $id) { replySeconds }
        agents { name } teams { name } tags { name kind } channels { channel tenantChannelIdentifier }
      }`,
      { id: added.message.id },
    )
    expect(node).toEqual({ __typename: 'Message', id: added.message.id, replySeconds: 600.25 })
    expect(again).toEqual({ replySeconds: 600.25 })
    expect(words).toEqual({
      ...{ agents: [{ name: 'teddy' }], teams: [{ name: 'Sales' }], tags: [{ name: 'VIP', kind: 'USER' }] },
      channels: [{ channel: 'WHATSAPP', tenantChannelIdentifier: '+31612345678' }],
    })
  })

  it('says what is wrong where it is', async () => {
    const bad = message('IN', '09:00:00', {
      ...{ channel: 'whatsapp', agent: 'x'.repeat(101), timeZone: 'Nowhere' },
      businessHours: [
        { weekday: 'MONDAY', shifts: [{ from: '08:00', to: '12:00' }] },
        {
          weekday: 'SUNDAY',
          shifts: [
            { from: '08:00', to: '12:00' },
            { from: '25:00', to: '12:00' },
          ],
        },
      ],
    })
    const refused = await add(bad)
    expect(refused).toMatchObject({ __typename: 'ValidationError', code: 'VALIDATION_FAILED' })
    const paths = refused.issues.map(({ path }: { path: string[] }) => path.join('.'))
    expect(paths).toEqual(expect.arrayContaining(['channel', 'agent']))
    const hours = await add({ ...bad, channel: 'WHATSAPP', agent: null })
    expect(hours.issues).toEqual(
      expect.arrayContaining([
        { path: ['businessHours', '1', 'shifts', '1'], rule: 'range' },
        { path: ['timeZone'], rule: 'time_zone' },
      ]),
    )
  })

  it('of one key is added once', async () => {
    const input = { ...message('IN', '10:00:00', { customerChannelIdentifier: 'once' }), idempotencyKey: 'one' }
    const first = await add(input)
    expect(await add(input)).toEqual(first)
    expect(await add({ ...input, provider: 'OTHER' })).toMatchObject({
      __typename: 'ConflictError',
      code: 'IDEMPOTENCY_CONFLICT',
    })
  })

  it('of a contact is found from the contact', async () => {
    const { contact } = await mutate(
      'createContact',
      { name: 'Ann', phone: '+31201234567', email: 'ann@example.com' },
      'contact { id }',
    )
    await add(message('IN', '10:00:00', { customerChannelIdentifier: '31201234567' }))
    await add(message('OUT', '11:00:00', { channel: 'EMAIL', customerChannelIdentifier: 'ann@example.com' }))
    await add(message('IN', '10:30:00', { channel: 'SMS', customerChannelIdentifier: '+31201234567' }))
    const { contact: ann } = await query(
      'query ($id: ID!) { contact(id: $id) { messageThreads { channel { channel } messages(first: 1) { nodes { direction } } } } }',
      { id: contact.id },
    )
    expect(ann.messageThreads).toEqual([
      { channel: { channel: 'EMAIL' }, messages: { nodes: [{ direction: 'OUT' }] } },
      { channel: { channel: 'SMS' }, messages: { nodes: [{ direction: 'IN' }] } },
      { channel: { channel: 'WHATSAPP' }, messages: { nodes: [{ direction: 'IN' }] } },
    ])
  })
})

describe('messages that are added at once', () => {
  it('are each given their own, also where workspaces write side by side', async () => {
    const { key } = await app.otherWorkspace('beside')
    const texts = Array.from({ length: 60 }, (_, n) => `number ${n}`)
    const added = await Promise.all(
      texts.map((textContent, n) => {
        const input = message('IN', '08:00:00', { ...{ conversation: `beside ${n}` }, content: { textContent } })
        const selection = 'message { content thread { id } } conversation { key }'
        return mutate('addMessage', input, selection, n % 3 === 0 ? key : undefined)
      }),
    )
    expect(added.map(({ message: { content }, conversation }) => [content.textContent, conversation.key])).toEqual(
      texts.map((text, n) => [text, `beside ${n}`]),
    )
    const thread = ({ message: { thread } }: Answer) => thread.id
    const [theirs, ours] = [added.filter((_, n) => n % 3 === 0), added.filter((_, n) => n % 3 !== 0)]
    expect(new Set(theirs.map(thread)).size + new Set(ours.map(thread)).size).toBe(2)
    expect(thread(theirs[0]!)).not.toBe(thread(ours[0]!))
  })
})

describe('addMessages', () => {
  const ROWS = 'results { message { content conversation { key } } error { code path issues { rule } } }'

  it('judges each by itself, and under one key adds them once', async () => {
    const input = {
      messages: [
        message('IN', '12:00:00', { conversation: 'many', content: { n: 1 } }),
        message('IN', '12:01:00', { conversation: 'many', provider: 'no' }),
        message('OUT', '12:02:00', { conversation: 'many', content: { n: 2 } }),
      ],
      idempotencyKey: 'many',
    }
    const conversation = { key: 'many' }
    const expected = {
      __typename: 'AddMessagesPayload',
      results: [
        { message: { content: { n: 1 }, conversation }, error: null },
        { message: null, error: { code: 'VALIDATION_FAILED', path: ['provider'], issues: [{ rule: 'regex' }] } },
        { message: { content: { n: 2 }, conversation }, error: null },
      ],
    }
    expect(await mutate('addMessages', input, ROWS)).toEqual(expected)
    expect(await mutate('addMessages', input, ROWS)).toEqual(expected)
    const key = { ...KEY, conversation: 'many' }
    const { conversation: found } = await query(
      'query ($key: ConversationKeyInput!) { conversation: conversationByKey(key: $key) { messagesReceived messagesSent } }',
      { key },
    )
    expect(found).toEqual({ messagesReceived: 1, messagesSent: 1 })
  })

  it('takes 1000 and no more', async () => {
    const messages = Array.from({ length: 1_001 }, (_, n) =>
      message('IN', '13:00:00', { customerChannelIdentifier: `bulk ${n}` }),
    )
    expect(await mutate('addMessages', { messages }, ROWS)).toMatchObject({
      code: 'VALIDATION_FAILED',
      path: ['messages'],
    })
    const { results } = await mutate('addMessages', { messages: messages.slice(1) }, 'results { error { code } }')
    expect(results).toEqual(Array.from({ length: 1_000 }, () => ({ error: null })))
  })
})

describe('resolveConversation', () => {
  const RESOLVED = 'conversation { key resolvedAt resolvedBy { name } tags { name } agents { name } }'

  it('ends a conversation for good, by either name', async () => {
    const resolved = await mutate(
      'resolveConversation',
      { key: KEY, time: '2026-06-01T10:00:00Z', agent: 'judge', tags: ['done'], idempotencyKey: 'resolve' },
      RESOLVED,
    )
    expect(resolved.conversation).toMatchObject({
      ...{ key: '42', resolvedAt: '2026-06-01T10:00:00.000Z', resolvedBy: { name: 'judge' } },
      tags: expect.arrayContaining([{ name: 'done' }, { name: 'VIP' }]),
    })
    const again = { key: KEY, time: '2026-06-01T10:00:00Z', agent: 'judge', tags: ['done'], idempotencyKey: 'resolve' }
    expect(await mutate('resolveConversation', again, RESOLVED)).toEqual(resolved)
    const { conversation } = await query(
      'query ($key: ConversationKeyInput!) { conversation: conversationByKey(key: $key) { id } }',
      {
        key: KEY,
      },
    )
    const twice = { __typename: 'ConflictError', code: 'CONVERSATION_RESOLVED' }
    expect(await mutate('resolveConversation', { id: conversation.id }, RESOLVED)).toMatchObject(twice)
    expect(await add(message('IN', '11:00:00', { conversation: '42' }))).toMatchObject(twice)
    // A late one from before is taken.
    expect(await add(message('IN', '09:30:00', { conversation: '42' }))).toMatchObject({
      __typename: 'AddMessagePayload',
    })
    const rows = await mutate(
      'addMessages',
      { messages: [message('IN', '11:00:00', { conversation: '42' })] },
      'results { error { code issues { rule } } }',
    )
    expect(rows.results).toEqual([{ error: { code: 'CONVERSATION_RESOLVED', issues: [] } }])
  })

  it('knows what it is told of', async () => {
    const refused = (input: object) => mutate('resolveConversation', input, 'conversation { id }')
    expect(await refused({})).toMatchObject({ code: 'VALIDATION_FAILED', path: ['id'] })
    expect(await refused({ id: 'x', key: KEY })).toMatchObject({ code: 'VALIDATION_FAILED', path: ['id'] })
    expect(await refused({ id: 'x' })).toMatchObject({ code: 'NOT_FOUND', path: ['id'] })
    expect(await refused({ key: { ...KEY, conversation: 'nobody knows' } })).toMatchObject({
      ...{ code: 'NOT_FOUND', path: ['key', 'conversation'] },
    })
    expect(await refused({ key: { ...KEY, provider: 'x' } })).toMatchObject({
      ...{ code: 'VALIDATION_FAILED', path: ['key', 'provider'] },
    })
  })
})

describe('lists', () => {
  beforeAll(async () => {
    for (let n = 0; n < 5; n++) {
      await add(message('IN', `20:0${n}:00`, { conversation: `list ${n}`, channel: 'LISTED', agent: `agent ${n % 2}` }))
    }
    // Two of one moment.
    await add(message('OUT', '20:04:00', { conversation: 'list 3', channel: 'LISTED', tags: ['team:Ends'] }))
    await mutate(
      'resolveConversation',
      { key: { ...KEY, channel: 'LISTED', conversation: 'list 1' } },
      'conversation { id }',
    )
  })

  const CONVERSATIONS = `query ($filter: ConversationFilter, $first: Int, $last: Int, $after: String, $before: String) {
    conversations(filter: $filter, first: $first, last: $last, after: $after, before: $before) {
      totalCount nodes { key } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`
  async function keys(variables: object): Promise<{ keys: string[]; pageInfo: Answer; totalCount: number }> {
    const { conversations } = await query(CONVERSATIONS, variables)
    return { ...conversations, keys: conversations.nodes.map(({ key }: { key: string }) => key) }
  }

  it('gives conversations with the latest message first, page by page, in both directions', async () => {
    const filter = { channel: 'LISTED' }
    const all = await keys({ filter, first: 10 })
    expect(all.totalCount).toBe(5)
    expect(all.keys.slice(0, 2).sort()).toEqual(['list 3', 'list 4'])
    expect(all.keys.slice(2)).toEqual(['list 2', 'list 1', 'list 0'])
    const first = await keys({ filter, first: 1 })
    const rest = await keys({ filter, first: 10, after: first.pageInfo.endCursor })
    expect([...first.keys, ...rest.keys]).toEqual(all.keys)
    expect([first.pageInfo.hasNextPage, rest.pageInfo.hasNextPage]).toEqual([true, false])
    const last = await keys({ filter, last: 2 })
    const middle = await keys({ filter, last: 2, before: last.pageInfo.startCursor })
    expect([...middle.keys, ...last.keys]).toEqual(all.keys.slice(1))
    expect(middle.pageInfo.hasPreviousPage).toBe(true)
  })

  it.each([
    [{ isResolved: true }, ['list 1']],
    [{ isResolved: false, agent: 'agent 1' }, ['list 3']],
    [{ agent: 'agent 0' }, ['list 4', 'list 2', 'list 0']],
    [{ tag: 'team:Ends' }, ['list 3']],
    [{ tag: 'unknown' }, []],
    [{ agent: 'NUL \0' }, []],
  ])('finds conversations by %j', async (filter, expected) => {
    const found = await keys({ filter: { ...filter, channel: 'LISTED' }, first: 10 })
    expect([found.keys, found.totalCount]).toEqual([expected, expected.length])
  })

  it('gives messages by when they happened, the latest first', async () => {
    const { messages } = await query(
      `query ($filter: MessageFilter) { messages(first: 3, filter: $filter) { totalCount nodes { time direction } } }`,
      { filter: { from: '2026-06-01T20:02:00Z', to: '2026-06-01T20:05:00Z', direction: 'IN' } },
    )
    expect(messages.totalCount).toBe(3)
    const ever = { from: '0000-01-01T00:00:00Z', to: '9999-12-31T23:59:59Z' }
    const all = await query('query ($filter: MessageFilter) { messages(first: 1, filter: $filter) { totalCount } }', {
      filter: ever,
    })
    expect(all.messages.totalCount).toBeGreaterThan(1_000)
    expect(messages.nodes.map(({ time }: { time: string }) => time.slice(11, 19))).toEqual([
      '20:04:00',
      '20:03:00',
      '20:02:00',
    ])
  })
})

describe('settings', () => {
  const SETTINGS = 'retentionDays contentPolicy tenants ownTraffic'

  it('are read and changed', async () => {
    const before = { retentionDays: null, contentPolicy: 'KEEP', tenants: [], ownTraffic: true }
    expect((await query(`{ messageSettings { ${SETTINGS} } }`)).messageSettings).toEqual(before)
    const update = (input: object) => mutate('updateMessageSettings', input, `messageSettings { ${SETTINGS} }`)
    const { messageSettings: settings } = await update({
      retentionDays: 30_000,
      contentPolicy: 'ENCRYPT',
      tenants: ['teddies'],
    })
    expect(settings).toEqual({
      retentionDays: 30_000,
      contentPolicy: 'ENCRYPT',
      tenants: ['teddies'],
      ownTraffic: true,
    })
    expect(await update({ retentionDays: 0 })).toMatchObject({ code: 'VALIDATION_FAILED', path: ['retentionDays'] })

    const content = { textContent: 'Between us' }
    const { message: sealed } = await add(message('IN', '21:00:00', { content }), 'message { id content }')
    expect(sealed.content).toEqual(content)
    const rows = await app.db.query<{ content: unknown; sealed_content: string }>(
      sql`SELECT content, sealed_content FROM message WHERE sealed_content IS NOT NULL`,
    )
    expect(rows).toEqual([{ content: null, sealed_content: expect.not.stringContaining('Between') }])

    await update({ contentPolicy: 'DROP' })
    const { message: dropped } = await add(message('IN', '21:01:00', { content }), 'message { content }')
    expect(dropped.content).toBeNull()
    expect((await update({ ...before })).messageSettings).toEqual(before)
  })

  it('have versions of the business calendar, which say what business hours are', async () => {
    const calendar = {
      timeZone: 'Europe/Amsterdam',
      weekly: [{ weekday: 'MONDAY', shifts: [{ from: '09:00', to: '17:00' }] }],
      exceptions: [{ day: '2026-06-08', shifts: [] }],
    }
    const SET = 'businessCalendar { version effectiveFrom createdAt calendar { timeZone exceptions { day } } }'
    const set = (input: object) => mutate('setBusinessCalendar', input, SET)
    const one = await set({ calendar, effectiveFrom: '2026-01-01T00:00:00Z' })
    expect(one.businessCalendar).toEqual({
      ...{ version: 1, effectiveFrom: '2026-01-01T00:00:00.000Z', createdAt: '2026-06-03T12:00:00.000Z' },
      calendar: { timeZone: 'Europe/Amsterdam', exceptions: [{ day: '2026-06-08' }] },
    })
    const two = await set({ calendar: { ...calendar, timeZone: 'UTC', exceptions: null } })
    expect(two.businessCalendar).toMatchObject({ version: 2, effectiveFrom: '2026-06-03T12:00:00.000Z' })
    const wrong = { ...calendar, weekly: [{ weekday: 'MONDAY', shifts: [{ from: '9', to: '17:00' }] }] }
    expect((await set({ calendar: wrong })).path).toEqual(['calendar', 'weekly', '0', 'shifts', '0', 'from'])
    for (const effectiveFrom of ['0000-01-01T00:00:00Z', '9999-01-01T00:00:00Z']) {
      expect((await set({ calendar, effectiveFrom })).issues).toEqual([
        { path: ['effectiveFrom'], rule: 'out_of_range' },
      ])
    }
    const { businessCalendars } = await query('{ businessCalendars { version } }')
    expect(businessCalendars).toEqual([{ version: 2 }, { version: 1 }])

    // Monday, 1 June: 8:00 in Amsterdam to 10:00, of which one hour is open.
    await add(message('IN', '06:00:00', { conversation: 'hours' }))
    const { conversation } = await add(
      message('OUT', '08:00:00', { conversation: 'hours' }),
      'conversation { firstReplySeconds openFirstReplySeconds calendarVersion }',
    )
    expect(conversation).toEqual({ firstReplySeconds: 7_200, openFirstReplySeconds: 3_600, calendarVersion: 1 })
  })
})

it('erases a customer, and what was counted stays', async () => {
  const customerChannelIdentifier = '+31611111111'
  const content = { textContent: 'My secret' }
  const gone = { customerChannelIdentifier, conversation: 'of +31611111111', content }
  const { message: said } = await add(message('IN', '15:00:00', gone), 'message { id }')
  await add(message('OUT', '15:01:00', { ...gone, channel: 'SMS' }))
  const counted = `{ metric(name: MESSAGES, period: { from: "2026-06-01T15:00:00Z", to: "2026-06-01T16:00:00Z" }) { value } }`
  expect((await query(counted)).metric).toEqual({ value: 2 })
  const { threads } = await mutate(
    'eraseMessageCustomer',
    { customerChannelIdentifier },
    'threads { customerChannelIdentifier channel { channel } }',
  )
  expect(threads).toHaveLength(2)
  expect(threads).toEqual(
    expect.arrayContaining([
      { customerChannelIdentifier: null, channel: { channel: 'WHATSAPP' } },
      { customerChannelIdentifier: null, channel: { channel: 'SMS' } },
    ]),
  )
  const { message: left } = await query(
    'query ($id: ID!) { message(id: $id) { content customerChannelIdentifier conversation { key } } }',
    { id: said.id },
  )
  expect(left).toEqual({
    ...{ content: null, customerChannelIdentifier: null },
    conversation: { key: expect.not.stringContaining('+31611111111') },
  })
  expect((await query(counted)).metric).toEqual({ value: 2 })
  const again = await mutate('eraseMessageCustomer', { customerChannelIdentifier }, 'threads { id }')
  expect(again.threads).toEqual([])
})

it('of another workspace is not there', async () => {
  const { key } = await app.otherWorkspace('elsewhere')
  const found = await query(
    `query ($key: ConversationKeyInput!) {
      conversation: conversationByKey(key: $key) { id } conversations(first: 1) { totalCount } messages(first: 1) { totalCount }
      agents { name } teams { name } tags { name } channels { channel } businessCalendars { version }
    }`,
    { key: KEY },
    key,
  )
  expect(found).toEqual({
    ...{ conversation: null, conversations: { totalCount: 0 }, messages: { totalCount: 0 } },
    ...{ agents: [], teams: [], tags: [], channels: [], businessCalendars: [] },
  })
  expect(
    (
      await query('query ($key: ConversationKeyInput!) { conversation: conversationByKey(key: $key) { key } }', {
        key: KEY,
      })
    ).conversation,
  ).toEqual({ key: '42' })
})

it('and metrics are shown in the documentation as they are', async () => {
  const text = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  const examples = [...text.matchAll(/```graphql\n(.*?)```/gs)].map(([, example]) => example!)
  expect(examples.length).toBeGreaterThanOrEqual(4)
  for (const example of examples) {
    expect(validate(buildSchema(), parse(example)), example).toEqual([])
    if (!example.startsWith('subscription')) expect((await app.graphql(example)).errors, example).toBeUndefined()
  }
})

describe('scopes', () => {
  it('are needed for reading and for writing, wherever messages are met', async () => {
    const { data } = await app.graphql(
      'mutation { createApiKey(input: { name: "narrow", scopes: [CONTACTS_READ, MESSAGES_WRITE] }) { ... on CreateApiKeyPayload { key } } }',
    )
    const { key } = data!.createApiKey
    for (const text of [
      '{ messages(first: 1) { nodes { id } } }',
      '{ conversations(first: 1) { totalCount } }',
      '{ agents { name } }',
      '{ businessCalendars { version } }',
      '{ contacts(first: 1) { nodes { messageThreads { id } } } }',
    ]) {
      const { errors } = await app.graphql(text, {}, key)
      expect(errors?.[0]?.extensions.code, text).toBe('INSUFFICIENT_SCOPE')
    }
    // Who wrote it may see what became of it, but not what else there is.
    const own = await mutate('addMessage', message('IN', '22:00:00'), 'message { direction }', key)
    expect(own.message).toEqual({ direction: 'IN' })
    const further = await app.graphql(
      `mutation ($input: AddMessageInput!) { addMessage(input: $input) {
        ... on AddMessagePayload { thread { messages(first: 1) { totalCount } } } } }`,
      { input: message('IN', '22:01:00') },
      key,
    )
    expect(further.errors?.[0]?.extensions.code).toBe('INSUFFICIENT_SCOPE')
  })
})
