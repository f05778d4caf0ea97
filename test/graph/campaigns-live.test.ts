import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { createEventLog, type EventPayload, type EventType } from '../../src/events/index.ts'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { testApp } from '../kit/app.ts'
import { onPostgres } from '../kit/database.ts'
import { until } from '../kit/world.ts'
import { connect, openStream, type Socket } from '../live/clients.ts'
import { addCampaign, type CampaignRows } from './campaign-rows.ts'

/** Nothing is dialled: the process leaves that to others, and the test plays the engine. */
const clock = new FakeClock('2026-11-22T10:00:00.000Z')
const app = await testApp({}, clock, { role: 'api' })
const { workspaceId } = app.firstStart!
/** The engine in another process. */
const log = createEventLog({ db: app.db, clock, newId: idGenerator(clock) })
const global = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url')
const cursor = async () => (await app.graphql('{ eventCursor }')).data!.eventCursor as string

let socket: Socket
let contactId: string
let one: CampaignRows
let two: CampaignRows

async function mutate(name: string, input: object, selection: string) {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
  const { data, errors } = await app.graphql(
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { ... on ${type}Payload { ${selection} } ... on Error { message } } }`,
    { input },
  )
  if (errors || data![name].message) throw new Error(JSON.stringify(errors ?? data))
  return data![name]
}

/** On the embedded database one process is all there is, and hears of itself only. */
async function wake(): Promise<void> {
  if (!onPostgres) await mutate('updateContact', { id: contactId, note: 'x' }, 'contact { id }')
}

async function emit<Type extends EventType>(type: Type, payload: EventPayload<Type>): Promise<void> {
  await log.write(workspaceId, async (_tx, tell) => tell(type, payload))
  await wake()
}

const call = (rows: CampaignRows, callId = rows.call) => ({
  ...{ campaignId: rows.id, receiverId: rows.receiver, callId, attempt: 1 },
})

beforeAll(async () => {
  const { contact } = await mutate('createContact', { name: 'Ann', phone: '+358401000000' }, 'contact { id }')
  contactId = contact.id
  const row = { workspaceId, contactId: decodeGlobalId(contactId).id, voiceFileId: workspaceId, at: clock.now() }
  one = await addCampaign(app.db, 'rsvp', { ...row, word: 'one' })
  two = await addCampaign(app.db, 'rsvp', { ...row, word: 'two' })
  socket = await connect(app.localUrl, app.key)
})

describe('campaignStateChanged', () => {
  const QUERY = `subscription ($id: ID, $after: String) { campaignStateChanged(campaignId: $id, after: $after) {
    cursor from to event { type } campaign { __typename name ... on SmsBroadcast { message } } } }`

  it('tells of one campaign or of all, and goes on after a cursor', async () => {
    const make = async (message: string) =>
      (
        await mutate(
          'createSmsBroadcast',
          { name: message, startsAt: '2026-12-01T08:00:00Z', receivers: [{ contactId }], content: { message } },
          'campaign { id }',
        )
      ).campaign.id as string
    const [a, b] = [await make('A'), await make('B')]
    const after = await cursor()
    const [ofA, ofAll] = [socket.run(QUERY, { id: a, after }), socket.run(QUERY, { after })]
    const begun = socket.run(QUERY, { id: b, after })
    await mutate('haltCampaign', { id: b }, 'campaign { id }')
    await until(() => begun.results.length === 1 && ofAll.results.length === 1, 'the first change is told')
    await mutate('haltCampaign', { id: a }, 'campaign { id }')
    await mutate('haltCampaign', { id: a }, 'campaign { id }') // nothing happens
    await mutate('resumeCampaign', { id: a }, 'campaign { id }')
    await until(() => ofA.results.length === 2 && ofAll.results.length === 3, 'the changes are told')
    const told = ofA.results.map(({ data }) => data!.campaignStateChanged)
    const campaign = { __typename: 'SmsBroadcast', name: 'A', message: 'A' }
    expect(told).toMatchObject([
      { from: 'SCHEDULED', to: 'HALTED', event: { type: 'CAMPAIGN_STATE_CHANGED' }, campaign },
      { from: 'HALTED', to: 'SCHEDULED', campaign },
    ])
    const again = socket.run(QUERY, { id: a, after: told[0].cursor })
    await until(() => again.results.length === 1, 'the rest is told')
    expect(again.results[0]).toEqual(ofA.results[1])
    for (const operation of [ofA, ofAll, begun, again]) operation.complete()
  })
})

describe('receiverUpdated', () => {
  it('tells of the receivers of a campaign, and of all at once without one', async () => {
    const query = `subscription ($id: ID!, $after: String) { receiverUpdated(campaignId: $id, after: $after) {
      event { type campaign { name } } receiver { state contact { name } } } }`
    const stream = await openStream(app.localUrl, app.key, query, {
      ...{ id: global('RsvpCampaign', one.id), after: await cursor() },
    })
    const payload = (rows: CampaignRows) => ({ campaignId: rows.id, receiverId: rows.receiver, attempts: 1 })
    await emit('receiver.inProgress', payload(two))
    await emit('receiver.settled', { ...payload(one), outcome: 'accepted', reason: null, previousOutcome: null })
    await emit('receiver.allSettled', { campaignId: one.id, count: 7 })
    await until(() => stream.results.length === 2, 'both are told')
    expect(stream.results.map(({ data }) => data!.receiverUpdated)).toEqual([
      {
        event: { type: 'RECEIVER_SETTLED', campaign: { name: 'rsvp of one' } },
        receiver: { state: 'SETTLED', contact: { name: 'Ann' } },
      },
      { event: { type: 'RECEIVER_ALL_SETTLED', campaign: { name: 'rsvp of one' } }, receiver: null },
    ])
    stream.abort()
  })
})

describe('callStateChanged', () => {
  const QUERY = `subscription ($campaign: ID, $call: ID, $after: String) {
    callStateChanged(campaignId: $campaign, callId: $call, after: $after) { cursor event { type } call { id phone receiver { outcome } } } }`

  it('tells of one call, or of all calls of a campaign, from a cursor on and live', async () => {
    const after = await cursor()
    const other = crypto.randomUUID()
    await emit('call.ringing', call(one))
    await emit('call.ringing', call(one, other))
    await emit('call.ringing', call(two))
    const ofCall = socket.run(QUERY, { call: global('Call', one.call), after })
    const ofCampaign = socket.run(QUERY, { campaign: global('RsvpCampaign', one.id), after })
    await until(() => ofCall.results.length === 1 && ofCampaign.results.length === 2, 'what was is told')
    await emit('call.answered', call(one, other))
    await emit('call.answered', call(one))
    await emit('call.ended', { ...call(two), cause: 'busy' })
    await until(() => ofCall.results.length === 2 && ofCampaign.results.length === 4, 'what happens is told')
    const callOne = { id: global('Call', one.call), phone: '+358401234567', receiver: { outcome: 'ACCEPTED' } }
    expect(ofCall.results.map(({ data }) => data!.callStateChanged)).toMatchObject([
      { event: { type: 'CALL_RINGING' }, call: callOne },
      { event: { type: 'CALL_ANSWERED' }, call: callOne },
    ])
    const calls = ofCampaign.results.map(({ data }) => data!.callStateChanged.call?.id ?? null)
    expect(calls).toEqual([callOne.id, null, null, callOne.id])
    ofCall.complete()
    ofCampaign.complete()
  })

  it.each([
    ['neither id', {}, 'VALIDATION_FAILED'],
    ['both ids', { campaign: 'RsvpCampaign', call: 'Call' }, 'VALIDATION_FAILED'],
    ['an unknown call', { call: 'unknown' }, 'NOT_FOUND'],
    ['a campaign under the name of another kind', { campaign: 'ClickToCall' }, 'NOT_FOUND'],
  ])('refuses %s', async (_what, { campaign, call: callName }: { campaign?: string; call?: string }, code) => {
    const operation = socket.run(QUERY, {
      ...(campaign ? { campaign: global(campaign, one.id) } : {}),
      ...(callName ? { call: global('Call', callName === 'unknown' ? crypto.randomUUID() : one.call) } : {}),
    })
    await until(() => operation.results.length === 1, 'it is refused')
    expect(operation.results[0]!.errors![0]!.extensions).toMatchObject({ code })
  })
})

describe('campaignStats', () => {
  const QUERY = `subscription ($id: ID!) { campaignStats(campaignId: $id) { receivers dialedCalls costCents callsInProgress } }`

  /** The engine counts a call. */
  const dial = (rows: CampaignRows) =>
    log.write(workspaceId, async (tx, tell) => {
      await tx.query(
        sql`UPDATE campaign_stats SET dialed_calls = dialed_calls + 1 WHERE workspace_id = ${workspaceId}::uuid AND id = ${rows.id}::uuid`,
      )
      tell('call.dialing', call(rows))
    })

  it('gives the value at once, then at most twice per second, and the last one always', async () => {
    const id = global('RsvpCampaign', one.id)
    const [live, equal] = [socket.run(QUERY, { id }), socket.run(QUERY, { id })]
    const dialed = (operation: typeof live) => operation.results.map(({ data }) => data!.campaignStats.dialedCalls)
    await until(() => live.results.length === 1 && equal.results.length === 1, 'the present value is told')
    expect(live.results).toEqual([
      { data: { campaignStats: { receivers: 1, dialedCalls: 1, costCents: 5.5, callsInProgress: 0 } } },
    ])
    const began = performance.now()
    let count = 1
    while (count <= 8 || performance.now() - began < 1_200) {
      await dial(one)
      await dial(two)
      await wake()
      count++
    }
    await until(() => dialed(live).at(-1) === count && dialed(equal).at(-1) === count, 'the last value is told')
    const seconds = (performance.now() - began) / 1000
    expect(live.results.length).toBeLessThanOrEqual(2 + Math.ceil(seconds * 2))
    expect(dialed(live)).toEqual([...dialed(live)].sort((x, y) => x - y))
    expect(equal.results).toEqual(live.results)

    // Made in this process, by a mutation.
    const more = await mutate('createContact', { name: 'Bob', phone: '+358401000001' }, 'contact { id }')
    await mutate('addReceivers', { id, receivers: [{ contactId: more.contact.id }] }, 'targetIds')
    await until(() => live.results.at(-1)!.data!.campaignStats.receivers === 2, 'another receiver is counted')
    live.complete()
    equal.complete()
  })

  it('is a value, so it takes no cursor; and nobody sees that of a campaign that is not theirs', async () => {
    const refused = socket.run('subscription ($id: ID!) { campaignStats(campaignId: $id, after: "x") { receivers } }', {
      id: global('RsvpCampaign', one.id),
    })
    await until(() => refused.refused() !== undefined, 'it is refused')
    const other = await app.otherWorkspace('other')
    const theirs = await connect(app.localUrl, other.key)
    const operation = theirs.run(QUERY, { id: global('RsvpCampaign', one.id) })
    await until(() => operation.results.length === 1, 'it is refused')
    expect(operation.results[0]!.errors![0]!.extensions).toMatchObject({ code: 'NOT_FOUND' })
    theirs.ws.close()
  })
})
