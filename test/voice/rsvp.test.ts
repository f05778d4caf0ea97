import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TEST_KEY } from '../kit/app.ts'
import { type Received, startReceiver } from '../kit/receiver.ts'
import { type ServerProcess, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'
import { connect } from '../live/clients.ts'
import { CALLER_ID, RING_SECONDS, settings, startCarrier } from './kit/asterisk.ts'
import { databaseSettings, withDatabase } from './kit/database.ts'
import { factsOf, judge } from './kit/facts.ts'
import { ask } from './kit/graphql.ts'
import { ALIKE, likeness, UNLIKE } from './kit/hearing.ts'
import { Multisender, type Prompt, written } from './kit/multisender.ts'
import { RATE, similarity, writeWav } from './rig/audio.ts'
import { describeVoice } from './rig/describe-voice.ts'
import type { PhoneCall, Rig } from './rig/rig.ts'
import { speak } from './rig/speech.ts'

/** Listens to everything first; the prompts take less than this. */
const LISTENS_MS = 8_000

/** Everybody whom a campaign may meet. */
const ACCEPTS = '+358401231105'
const ACCEPTS_IN_GROUP = '+358401241105'
const DECLINES = '+358401231109'
const SILENT = '+358401230200'
const HANGS_UP = '+358401230210'
const BUSY = '+358401230486'
const RINGS_OUT = '+358401230480'
const REFUSES = '+358401230603'
const UNREACHABLE = '+358401230503'
const UNKNOWN = '+358401230404'

const CALLS = `subscription ($campaignId: ID!) { callStateChanged(campaignId: $campaignId) {
  cursor event { type payload } call { phone attempt } } }`
const SETTLED = `query ($id: String!) { nodeByLegacyId(system: MULTISENDER, type: RSVP_CAMPAIGN, id: $id) {
  id ... on RsvpCampaign { calls(first: 100) { nodes {
    phone attempt cause reply settledAs q850Cause sipStatus ringingAt answeredAt durationSeconds digits } } } } }`

describeVoice('an RSVP call to telephones', () => {
  let rig: Rig
  let server: ServerProcess
  let env: Record<string, string>
  let multisender: Multisender
  let folder: string
  const prompts = {} as Record<'start' | 'actionButtons' | 'accept' | 'end' | 'unused', Prompt>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saygraph-voice-'))
    rig = await startCarrier({
      people: {
        '1105': [{ silenceMs: LISTENS_MS }, { press: '5' }],
        '1109': [{ silenceMs: LISTENS_MS }, { press: '9' }],
        // Long enough to hear how the prompt begins, also when that is a little late.
        '0210': [{ silenceMs: 3_000 }, { hangUp: true }],
      },
    })
    env = await settings(rig, { ...(await databaseSettings(folder)), BOOTSTRAP_API_KEY: TEST_KEY })
    server = await startServer(env)
    multisender = new Multisender(server.url)
    const spoken = Promise.all([
      multisender.speak('Hello, this is the choir. We are going to sing on Sunday.'),
      multisender.speak('Please press five if you can come, and nine if you cannot.'),
      multisender.speak('Thank you for your time, goodbye until we meet again.'),
      multisender.speak('The weather in the mountains will be rather cold tomorrow.'),
    ])
    // Audio of one's own, beside what the server speaks.
    prompts.accept = await multisender.upload(
      'accepted',
      writeWav(await speak('Wonderful, your chair is reserved now.')),
    )
    ;[prompts.start, prompts.actionButtons, prompts.end, prompts.unused] = await spoken
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    await rig?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const graphql = (query: string, variables?: object) => ask(server, TEST_KEY, query, variables)

  test('outcomes, causes, redials, webhooks, events, and what everybody heard', { timeout: 180_000 }, async () => {
    const receiver = await startReceiver()
    const meta = { event: 'Sunday', seats: 12 }
    const vera = await multisender.request('POST', '/v1/accounts', { firstName: 'Vera', phone: ACCEPTS_IN_GROUP })
    const choir = await multisender.request('POST', '/v1/groups', { name: 'Choir', description: '' })
    await multisender.request('POST', `/v1/groups/${choir.groupId}/accounts`, [{ accountId: vera.accountId }])
    const called = [ACCEPTS, DECLINES, SILENT, HANGS_UP, BUSY, RINGS_OUT, REFUSES, UNREACHABLE, UNKNOWN]
    const rsvpCallId = await multisender.rsvp({
      // After whoever listens is there.
      startTime: written(new Date(Date.now() + 10_000)),
      voiceFiles: (['start', 'actionButtons', 'accept', 'end'] as const).map((type) => ({
        type,
        voiceFileId: prompts[type].voiceFileId,
      })),
      receivers: [
        { accountId: null, groupId: choir.groupId, phone: null },
        ...called.map((phone) => ({ accountId: null, groupId: null, phone })),
      ],
      maxRedials: 1,
      receiverWebhookUrl: `${receiver.url}receivers/`,
      stateWebhookUrl: `${receiver.url}states/`,
      meta,
    })
    const { nodeByLegacyId } = await graphql(SETTLED, { id: rsvpCallId })
    const socket = await connect(server.url, TEST_KEY)
    const subscription = socket.run(CALLS, { campaignId: nodeByLegacyId.id })

    const path = `/v1/rsvp_calls/${rsvpCallId}`
    const state = async () => (await multisender.request('GET', path)).state
    await until(async () => (await state()) === 'complete', 'the campaign is complete', 120_000)
    await until(() => receiver.requests.length >= 12, 'all webhooks', 20_000)

    await outcomes(path)
    await callsInTheGraph(rsvpCallId)
    await until(
      () => subscription.results.filter(({ data }) => typeOf(data) === 'CALL_SETTLED').length === 14,
      'events',
    )
    events(subscription.results.map(({ data }) => data))
    socket.ws.close()
    await webhooks(receiver.requests, rsvpCallId, meta)
    await phones()
    await sounds()
    expect(server.log()).toBe('')
    await server.stop()
    const facts = await withDatabase(env, async (db) => factsOf(db, rsvpCallId, await rig.phones.calls()))
    expect(judge(facts)).toEqual([])
  })

  async function outcomes(path: string) {
    const { stats, receivers } = await multisender.request('GET', path)
    const row = (answered: 0 | 1, rsvpReply: string, dialledCalls: number) => ({ answered, rsvpReply, dialledCalls })
    expect(
      receivers.map(({ answered, rsvpReply, dialledCalls }: any) => ({ answered, rsvpReply, dialledCalls })),
    ).toEqual([
      row(1, 'accept', 1),
      row(1, 'accept', 1),
      row(1, 'decline', 1),
      row(1, 'noAnswer', 1),
      row(1, 'noAnswer', 1),
      row(0, 'noAnswer', 2),
      row(0, 'noAnswer', 2),
      row(0, 'noAnswer', 2),
      row(0, 'noAnswer', 2),
      row(0, 'noAnswer', 1),
    ])
    const { totalDuration, ...counts } = stats
    expect(counts).toEqual({
      ...{ totalDialedCalls: 14, answeredCalls: 5, acceptsReceived: 2 },
      ...{ declinesAndNoRepliesReceived: 3, notAnsweredCalls: 9 },
    })
    expect(totalDuration).toBe(receivers.reduce((sum: number, one: any) => sum + one.callDuration, 0))
    // Whoever said nothing was asked, and waited for.
    expect(receivers[3].callDuration).toBeGreaterThanOrEqual(15)
  }

  async function callsInTheGraph(id: string) {
    const { nodeByLegacyId } = await graphql(SETTLED, { id })
    const byPhone = Map.groupBy<string, any>(nodeByLegacyId.calls.nodes, ({ phone }) => phone)
    const seen = (phone: string) =>
      byPhone
        .get(phone)!
        .toSorted((a, b) => a.attempt - b.attempt)
        .map(({ cause, reply, sipStatus, q850Cause, settledAs }) => [cause, reply, sipStatus, q850Cause, settledAs])
    // Either side has hung up: neither gives a reason.
    expect(seen(ACCEPTS)).toEqual([['ANSWERED', 'ACCEPT', null, 16, 'REPORTED']])
    expect(seen(ACCEPTS_IN_GROUP)).toEqual(seen(ACCEPTS))
    expect(seen(DECLINES)).toEqual([['ANSWERED', 'DECLINE', null, 16, 'REPORTED']])
    expect(seen(SILENT)).toEqual([['ANSWERED', null, null, 16, 'REPORTED']])
    expect(seen(HANGS_UP)).toEqual([['ANSWERED', null, null, 16, 'REPORTED']])
    const twice = (...call: unknown[]) => [call, call]
    expect(seen(BUSY)).toEqual(twice('BUSY', null, 486, 17, 'REPORTED'))
    expect(seen(RINGS_OUT)).toEqual(twice('NO_ANSWER', null, 480, 19, 'REPORTED'))
    expect(seen(REFUSES)).toEqual(twice('REFUSED', null, 603, 21, 'REPORTED'))
    expect(seen(UNREACHABLE)).toEqual(twice('UNREACHABLE', null, 503, 34, 'REPORTED'))
    expect(seen(UNKNOWN)).toEqual([['INVALID_NUMBER', null, 404, 1, 'REPORTED']])
    expect(byPhone.get(ACCEPTS)![0].digits).toBe('5')
  }

  function events(told: any[]) {
    const byCall = Map.groupBy(told, ({ callStateChanged: { call } }) => `${call.phone} ${call.attempt}`)
    const types = (phone: string, attempt: number) =>
      byCall.get(`${phone} ${attempt}`)!.map((data) => typeOf(data).replace('CALL_', '').toLowerCase())
    const replied = ['queued', 'dialing', 'ringing', 'answered', 'replied', 'ended', 'settled']
    for (const phone of [ACCEPTS, ACCEPTS_IN_GROUP, DECLINES]) expect(types(phone, 1)).toEqual(replied)
    for (const phone of [SILENT, HANGS_UP]) {
      expect(types(phone, 1)).toEqual(replied.filter((type) => type !== 'replied'))
    }
    for (const attempt of [1, 2]) {
      for (const phone of [RINGS_OUT, REFUSES]) {
        expect(types(phone, attempt)).toEqual(['queued', 'dialing', 'ringing', 'ended', 'settled'])
      }
      for (const phone of [BUSY, UNREACHABLE]) {
        expect(types(phone, attempt)).toEqual(['queued', 'dialing', 'ended', 'settled'])
      }
    }
    expect(types(UNKNOWN, 1)).toEqual(['queued', 'dialing', 'ended', 'settled'])
    expect(byCall.size).toBe(14)
    const cursors = told.map(({ callStateChanged }) => callStateChanged.cursor)
    expect(new Set(cursors).size).toBe(cursors.length)
  }

  async function webhooks(requests: Received[], rsvpCallId: string, meta: object) {
    const bodies = (at: string) =>
      requests.filter(({ path }) => path === at).map(({ body }) => JSON.parse(body) as Record<string, unknown>)
    const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\d:\d\d:\d\d:\d\d$/)
    const accounts: { phone: string; accountId: string }[] = await multisender.request('GET', '/v1/accounts')
    const accountId = (phone: string) => accounts.find((one) => one.phone === phone)!.accountId
    const results = [
      ...[ACCEPTS, ACCEPTS_IN_GROUP].map((phone) => [phone, 'accept']),
      [DECLINES, 'decline'],
      ...[SILENT, HANGS_UP, BUSY, RINGS_OUT, REFUSES, UNREACHABLE, UNKNOWN].map((phone) => [phone, 'noReply']),
    ] as [string, string][]
    const byNumber = (a: any, b: any) => a.phoneNumber.localeCompare(b.phoneNumber)
    const told = bodies('/receivers/').toSorted(byNumber)
    expect(told).toEqual(
      results
        .map(([phoneNumber, rsvpReply]) => ({
          ...{ rsvpCallId, phoneNumber, accountId: accountId(phoneNumber), rsvpReply, meta, timestamp },
        }))
        .toSorted(byNumber),
    )
    for (const body of told) {
      expect(Object.keys(body)).toEqual(['rsvpCallId', 'phoneNumber', 'accountId', 'rsvpReply', 'meta', 'timestamp'])
    }
    const none = { dialedCalls: 0, totalDialedCalls: 0, answeredCalls: 0, totalDuration: 0, acceptsReceived: 0 }
    const all = { dialedCalls: 14, totalDialedCalls: 14, answeredCalls: 5, acceptsReceived: 2 }
    expect(bodies('/states/')).toEqual([
      { rsvpCallId, state: 'active', ...none, timestamp },
      { rsvpCallId, state: 'complete', ...all, totalDuration: expect.any(Number), timestamp },
    ])
    expect(requests).toHaveLength(12)
  }

  /** By the phones' own log. */
  async function phones() {
    const calls = await rig.phones.calls()
    const to = (phone: string) => calls.filter(({ number }) => number === phone)
    const endings = (phone: string) => to(phone).map(({ ended }) => ended)
    for (const phone of [ACCEPTS, ACCEPTS_IN_GROUP, DECLINES, SILENT]) expect(endings(phone)).toEqual(['by-caller'])
    expect(endings(HANGS_UP)).toEqual(['by-phone'])
    for (const phone of [BUSY, REFUSES, UNREACHABLE]) expect(endings(phone)).toEqual(['refused', 'refused'])
    expect(endings(UNKNOWN)).toEqual(['refused'])
    expect(endings(RINGS_OUT)).toEqual(['cancelled', 'cancelled'])
    for (const { at, endedAt } of to(RINGS_OUT)) {
      const seconds = (endedAt!.getTime() - at.getTime()) / 1_000
      expect(seconds).toBeGreaterThan(RING_SECONDS - 2)
      // The phone itself would ring for minutes.
      expect(seconds).toBeLessThan(RING_SECONDS + 15)
    }
    expect(new Set(calls.map(({ from }) => from))).toEqual(new Set([CALLER_ID]))
    expect(calls).toHaveLength(14)
  }

  async function sounds() {
    const calls = await rig.phones.calls()
    const call = (phone: string): PhoneCall => calls.find(({ number }) => number === phone)!
    const heard = async (phone: string, right: (keyof typeof prompts)[]) => {
      const sound = await rig.phones.heard(call(phone))
      const places: number[] = []
      for (const [name, { samples }] of Object.entries(prompts)) {
        if (!right.includes(name as keyof typeof prompts)) {
          expect(similarity(sound, samples).best, `${phone} heard ${name}`).toBeLessThanOrEqual(UNLIKE)
          continue
        }
        const { best, at } = likeness(sound, samples)
        expect(best, `${phone} heard no ${name}`).toBeGreaterThanOrEqual(ALIKE)
        places[right.indexOf(name as keyof typeof prompts)] = at
      }
      // In their order, and from the answer on.
      expect(places).toEqual(places.toSorted((a, b) => a - b))
      expect(places[0]).toBeLessThan(3 * RATE)
    }
    for (const phone of [ACCEPTS, ACCEPTS_IN_GROUP]) await heard(phone, ['start', 'actionButtons', 'accept', 'end'])
    for (const phone of [DECLINES, SILENT]) await heard(phone, ['start', 'actionButtons', 'end'])
    const cut = await rig.phones.heard(call(HANGS_UP))
    expect(cut.length).toBeLessThan(6 * RATE)
    expect(similarity(cut, prompts.start.samples.slice(0, RATE)).best).toBeGreaterThanOrEqual(ALIKE)
    expect(similarity(cut, prompts.unused.samples.slice(0, RATE)).best).toBeLessThanOrEqual(UNLIKE)
  }
})

function typeOf(data: any): string {
  return data.callStateChanged.event.type
}
