import { beforeAll, describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/platform/clock.ts'
import { testApp } from '../kit/app.ts'
import { until } from '../kit/world.ts'
import { connect, openStream, type Socket } from '../live/clients.ts'

const clock = new FakeClock('2026-06-10T12:00:00.000Z')
const app = await testApp({}, clock, { role: 'api' })
const cursor = async () => (await app.graphql('{ eventCursor }')).data!.eventCursor as string

let socket: Socket

beforeAll(async () => {
  socket = await connect(app.localUrl, app.key)
})

type Answer = Record<string, any>

async function mutate(name: string, input: object, selection: string): Promise<Answer> {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
  const { data, errors } = await app.graphql(
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { ... on ${type}Payload { ${selection} } ... on Error { message } } }`,
    { input },
  )
  if (errors || data![name].message) throw new Error(JSON.stringify(errors ?? data))
  return data![name]
}

const PLACE = { channel: 'WHATSAPP', tenantChannelIdentifier: '+31612345678', provider: 'TWILIO' }
let minute = 0
/** A minute after the one before it. */
const message = (conversation: string | null, direction = 'IN') => ({
  ...{ ...PLACE, conversation, direction, customerChannelIdentifier: conversation ?? 'somebody' },
  time: new Date(Date.UTC(2026, 5, 1, 0, minute++)).toISOString(),
})
const addAll = (...conversations: (string | null)[]) =>
  mutate('addMessages', { messages: conversations.map((each) => message(each)) }, 'results { error { code } }')
const resolve = (conversation: string) =>
  mutate('resolveConversation', { key: { ...PLACE, conversation }, agent: 'ann' }, 'conversation { id }')
const idOf = async (conversation: string) =>
  (await mutate('addMessage', message(conversation), 'conversation { id }')).conversation.id as string

describe('conversationUpdated', () => {
  const QUERY = `subscription ($id: ID, $after: String) { conversationUpdated(conversationId: $id, after: $after) {
    cursor event { type } conversations { key messagesReceived resolvedAt } } }`
  const told = ({ results }: { results: { data?: Answer | null }[] }) =>
    results.map(({ data }) => {
      const { event, conversations } = data!.conversationUpdated
      return [event.type, conversations.map(({ key }: Answer) => key).sort()]
    })

  it('tells once of each batch, of one conversation or of all, and goes on after a cursor', async () => {
    const one = await idOf('one')
    const after = await cursor()
    const ofAll = socket.run(QUERY, { after })
    const ofOne = await openStream(app.localUrl, app.key, QUERY, { id: one, after })
    await addAll('one', 'two', 'one', 'three')
    await addAll('two')
    await addAll(null)
    await addAll('three', 'one')
    await resolve('one')
    await until(() => ofAll.results.length === 5 && ofOne.results.length === 3, 'all is told')
    expect(told(ofAll)).toEqual([
      ['MESSAGES_ADDED', ['one', 'three', 'two']],
      ['MESSAGES_ADDED', ['two']],
      ['MESSAGES_ADDED', []],
      ['MESSAGES_ADDED', ['one', 'three']],
      ['CONVERSATION_RESOLVED', ['one']],
    ])
    expect(told(ofOne)).toEqual([
      ['MESSAGES_ADDED', ['one']],
      ['MESSAGES_ADDED', ['one']],
      ['CONVERSATION_RESOLVED', ['one']],
    ])
    expect(ofOne.results.at(-1)!.data!.conversationUpdated.conversations[0].messagesReceived).toBe(4)

    // From any place on, nothing is lost and nothing repeated.
    for (const [n, { data }] of ofOne.results.entries()) {
      const again = socket.run(QUERY, { id: one, after: data!.conversationUpdated.cursor })
      await until(() => again.results.length === ofOne.results.length - n - 1, 'the rest is told')
      expect(told(again)).toEqual(told(ofOne).slice(n + 1))
      again.complete()
    }
    const scanned = socket.run(QUERY, { id: one, after })
    await until(() => scanned.results.length === 3, 'the log is read')
    expect(told(scanned)).toEqual(told(ofOne))
    for (const operation of [ofAll, scanned]) operation.complete()
    ofOne.abort()
  })

  it('refuses a conversation of nobody, or of somebody else', async () => {
    const id = await idOf('mine')
    const other = await app.otherWorkspace('other')
    const theirs = await connect(app.localUrl, other.key)
    const unknown = Buffer.from(`Conversation:${crypto.randomUUID()}`).toString('base64url')
    for (const operation of [socket.run(QUERY, { id: unknown }), theirs.run(QUERY, { id })]) {
      await until(() => operation.results.length === 1, 'it is refused')
      expect(operation.results[0]!.errors![0]!.extensions).toMatchObject({ code: 'NOT_FOUND' })
    }
    theirs.ws.close()
  })
})

describe('conversationResolved', () => {
  const QUERY = `subscription ($id: ID, $after: String) { conversationResolved(conversationId: $id, after: $after) {
    cursor conversation { key resolvedBy { name } } } }`

  it('tells of one conversation or of all', async () => {
    const [a, b] = [await idOf('a'), await idOf('b')]
    const after = await cursor()
    const ofAll = socket.run(QUERY, { after })
    const ofB = socket.run(QUERY, { id: b, after })
    await resolve('a')
    await addAll('b')
    await resolve('b')
    await until(() => ofAll.results.length === 2 && ofB.results.length === 1, 'both are told')
    const conversations = ofAll.results.map(({ data }) => data!.conversationResolved.conversation)
    expect(conversations).toEqual([
      { key: 'a', resolvedBy: { name: 'ann' } },
      { key: 'b', resolvedBy: { name: 'ann' } },
    ])
    expect(ofB.results).toEqual(ofAll.results.slice(1))
    const late = socket.run(QUERY, { id: a, after })
    await until(() => late.results.length === 1, 'what was is told')
    expect(late.results).toEqual(ofAll.results.slice(0, 1))
    for (const operation of [ofAll, ofB, late]) operation.complete()
  })
})

describe('metricUpdated', () => {
  const QUERY = `subscription ($filter: MetricFilter) {
    metricUpdated(name: MESSAGES, period: { from: "2026-06-01T00:00:00Z", to: "2026-07-01T00:00:00Z" }, filter: $filter) {
      value previousValue } }`
  const values = (operation: { results: { data?: Answer | null }[] }) =>
    operation.results.map(({ data }) => data!.metricUpdated.value)

  it('gives the value at once, then at most once per second, and the last one always', async () => {
    const { data } = await app.graphql(
      QUERY.replace('subscription', 'query').replace('metricUpdated', 'metricUpdated: metric'),
    )
    const present = data!.metricUpdated.value as number
    const [live, equal] = [socket.run(QUERY), socket.run(QUERY)]
    const filtered = socket.run(QUERY, { filter: { agents: ['nobody'] } })
    await until(() => [live, equal, filtered].every(({ results }) => results.length === 1), 'the value is told')
    expect([values(live), values(filtered)]).toEqual([[present], [0]])
    expect(live.results[0]!.data!.metricUpdated.previousValue).toBe(0)
    const began = performance.now()
    let added = 0
    while (added <= 8 || performance.now() - began < 1_500) {
      await addAll('live', null)
      added += 2
    }
    await until(() => [live, equal].every((each) => values(each).at(-1) === present + added), 'the last value is told')
    const seconds = (performance.now() - began) / 1000
    expect(live.results.length).toBeLessThanOrEqual(2 + Math.ceil(seconds))
    expect(values(live)).toEqual([...values(live)].sort((a, b) => a - b))
    expect(equal.results).toEqual(live.results)
    // What stays the same is not told again.
    expect(values(filtered)).toEqual([0])
    for (const operation of [live, equal, filtered]) operation.complete()
  })

  it('is told when a customer is erased, and when what was counted is put right', async () => {
    await addAll('to be erased', 'to be erased')
    const [all, ofOne] = [socket.run(QUERY), socket.run(QUERY, { filter: { identifiers: ['to be erased'] } })]
    await until(() => all.results.length === 1 && ofOne.results.length === 1, 'the value is told')
    const present = values(all)[0] as number
    await mutate('eraseMessageCustomer', { customerChannelIdentifier: 'to be erased' }, 'threads { id }')
    await until(() => ofOne.results.length === 2, 'nothing is left of who was erased')
    expect(values(ofOne)).toEqual([2, 0])
    await app.db.script('UPDATE metric_rollup SET received = received + 7 WHERE word_id = 0')
    await addAll('another')
    await until(() => (values(all).at(-1) as number) > present + 1, 'what is wrong is told')
    await mutate('recomputeMetrics', {}, 'differenceCount')
    await until(() => values(all).at(-1) === present + 1, 'what is right is told')
    for (const operation of [all, ofOne]) operation.complete()
  })

  it('says what is wrong with what it is asked, and needs its scope', async () => {
    const wrong = socket.run(
      'subscription { metricUpdated(name: MESSAGES, period: { from: "2026-07-01T00:00:00Z", to: "2026-06-01T00:00:00Z" }) { value } }',
    )
    await until(() => wrong.results.length === 1, 'it is told')
    expect(wrong.results[0]!.errors![0]!.extensions).toMatchObject({
      code: 'VALIDATION_FAILED',
      inputPath: ['period', 'to'],
    })
    const { key } = await mutate('createApiKey', { name: 'narrow', scopes: ['CONTACTS_READ'] }, 'key')
    const narrow = await connect(app.localUrl, key)
    for (const query of [
      QUERY,
      'subscription { conversationUpdated { cursor } }',
      'subscription { conversationResolved { cursor } }',
    ]) {
      const refused = narrow.run(query)
      await until(() => refused.results.length === 1, 'it is refused')
      expect(refused.results[0]!.errors![0]!.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE' })
    }
    narrow.ws.close()
  })
})
