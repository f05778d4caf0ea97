import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { eraseContact } from '../../../src/domains/people/index.ts'
import { awaitingAnalysis } from '../../../src/domains/responses/index.ts'
import {
  createDispatcher,
  createWebhook,
  type DispatcherDeps,
  disableWebhook,
  dryRunWebhook,
  feedWebhooks,
  rotateWebhookSecret,
  standardRequest,
  updateWebhook,
} from '../../../src/domains/webhooks/index.ts'
import { createLogger } from '../../../src/platform/logger.ts'
import { createOutbound, parseAllow } from '../../../src/providers/outbound/index.ts'
import { multisenderWebhookRequest } from '../../../src/rest/multisender/index.ts'
import { type Received, startReceiver } from '../../kit/receiver.ts'
import { brokenRules } from '../../kit/world.ts'
import { ALWAYS, BUSY, BUTTONS, campaignServer, PRESSES_1, PRESSES_2, SAYS_NOTHING } from './campaign-kit.ts'
import * as literals from './campaign-literals.ts'

const server = await campaignServer()
const { app, world, clock, acme, call, ok, engine, voiceFile, account } = server
const file = String(await voiceFile())
const aino = await account({ firstName: 'Aino', phone: PRESSES_1 })
let status = 204
const receiver = await startReceiver(({ body }, response) => {
  if (status === 204) response.writeHead(200).end(`got ${body}`)
  else response.writeHead(status).end()
})
const STATES = `${receiver.url}states/`
const RESULTS = `${receiver.url}results/`
const META = { somekey: 'some-value', someotherkey: 'value' }

const builders = {
  standard: standardRequest,
  sayify: standardRequest,
  multisender: multisenderWebhookRequest({ world }),
}
/** Nobody here is slow: what takes long is a busy machine. */
const PATIENCE_MS = 15_000

function dispatcherTo(allow: string) {
  const outbound = createOutbound({ allow: parseAllow(allow).rules, timeoutMs: PATIENCE_MS })
  afterAll(() => outbound.close())
  const deps: DispatcherDeps = {
    world,
    outbound,
    builders,
    logger: createLogger('silent'),
    timeoutMs: PATIENCE_MS,
    random: () => 0,
  }
  return createDispatcher(deps)
}
const dispatcher = dispatcherTo('127.0.0.1')

/** Feeds and sends until nothing is due. */
async function deliver(by = dispatcher): Promise<void> {
  let did = 1
  while (did > 0) {
    did = await feedWebhooks(world, { logger: createLogger('silent'), analysisWaitMs: 0, awaitingAnalysis })
    did += await by.run()
    await by.settled()
  }
}

const create = (changes: object, path = 'rsvp_calls') =>
  ok(201, 'POST', `/v1/${path}`, {
    body: {
      ...{ endTime: '2017-02-01 00:00:00', ...ALWAYS, acceptsWanted: 5, actionButtons: BUTTONS },
      voiceFiles: [{ type: 'start', voiceFileId: file }],
      receivers: [{ accountId: aino }],
      ...changes,
    },
  })
const later = (minutes: number) => engine.run(new Date(clock.now().getTime() + minutes * 60_000))
const told = (address: string) => receiver.requests.filter(({ path }) => receiver.url + path.slice(1) === address)
const bodyOf = ({ body }: Received) => JSON.parse(body)
const webhooksOf = () =>
  app.db.query<{ url: string; retired: boolean }>(
    sql`SELECT url, retired_at IS NOT NULL AS retired FROM webhook WHERE campaign_id IS NOT NULL ORDER BY created_at, id`,
  )

beforeEach(async () => {
  status = 204
  for (const { rsvpCallId } of await ok(200, 'GET', '/v1/rsvp_calls'))
    await ok(204, 'DELETE', `/v1/rsvp_calls/${rsvpCallId}`)
  await deliver()
  receiver.requests.length = 0
})

describe('the state webhook', () => {
  it('tells of each state that is entered, but not of the first, with the totals of that moment', async () => {
    const { rsvpCallId } = await create({ stateWebhookUrl: STATES, receivers: [{ accountId: aino }, { phone: BUSY }] })
    await deliver()
    expect(receiver.requests).toEqual([])
    await later(2)
    for (const state of ['halt', 'halt', 'active']) {
      clock.advance(1_000)
      await ok(200, 'PUT', `/v1/rsvp_calls/${rsvpCallId}`, { body: { state } })
    }
    await later(60)
    // Told later than all of it happened.
    await deliver()
    const { stats } = await ok(200, 'GET', `/v1/rsvp_calls/${rsvpCallId}`)
    const bodies = told(STATES).map(bodyOf)
    const early = {
      dialedCalls: 2,
      totalDialedCalls: 2,
      answeredCalls: 1,
      totalDuration: stats.totalDuration,
      acceptsReceived: 1,
    }
    expect(bodies).toEqual([
      { rsvpCallId, state: 'halt', ...early, timestamp: '2017-01-01:12:02:01' },
      { rsvpCallId, state: 'active', ...early, timestamp: '2017-01-01:12:02:03' },
      {
        ...{ rsvpCallId, state: 'complete', dialedCalls: 5, totalDialedCalls: 5, answeredCalls: 1 },
        ...{
          totalDuration: stats.totalDuration,
          acceptsReceived: 1,
          timestamp: expect.stringMatching(/^2017-01-01:12:4\d:\d\d$/),
        },
      },
    ])
    // The documentation's example, with the name of its table beside that of its own.
    const keys = Object.keys(JSON.parse(literals.STATE_WEBHOOK.replaceAll("'", '"')))
    keys.splice(keys.indexOf('dialedCalls') + 1, 0, 'totalDialedCalls')
    for (const body of bodies) expect(Object.keys(body)).toEqual(keys)
    expect(told(STATES)[0]!.headers).toMatchObject({ 'content-type': 'application/json' })
    expect(told(STATES)[0]!.headers).not.toHaveProperty('x-multisender-signature')
  })

  it('tells of the start, and of the campaign that it was given with only', async () => {
    const at = new Date(clock.now().getTime() + 60_000).toISOString().slice(0, 19).replace('T', ' ')
    const { rsvpCallId } = await create({ stateWebhookUrl: STATES, startTime: at })
    const other = await create({ stateWebhookUrl: `${STATES}other`, startTime: at })
    await later(10)
    await deliver()
    expect(told(STATES).map(bodyOf)).toMatchObject([
      { rsvpCallId, state: 'active', totalDialedCalls: 0, timestamp: at.replace(' ', ':') },
      { rsvpCallId, state: 'complete', totalDialedCalls: 1 },
    ])
    expect(told(`${STATES}other`).map((each) => bodyOf(each).rsvpCallId)).toEqual([other.rsvpCallId, other.rsvpCallId])
    expect(receiver.requests.length).toBe(4)
  })

  it('does not tell of a deletion, nor of what happens after it', async () => {
    const { rsvpCallId } = await create({ stateWebhookUrl: STATES, receiverWebhookUrl: RESULTS })
    await engine.run(new Date(clock.now().getTime() + 4_000))
    await ok(204, 'DELETE', `/v1/rsvp_calls/${rsvpCallId}`)
    await later(60)
    await deliver()
    expect(receiver.requests).toEqual([])
    expect((await webhooksOf()).every(({ retired }) => retired)).toBe(true)
  })
})

describe('the receiver webhook', () => {
  it('tells once of each person, when there is an answer or the redials are used up', async () => {
    const { rsvpCallId } = await create({
      ...{ receiverWebhookUrl: RESULTS, meta: META, maxRedials: 1 },
      receivers: [{ accountId: aino }, { phone: BUSY }, { phone: PRESSES_2 }, { phone: SAYS_NOTHING }],
    })
    await later(5)
    await deliver()
    expect(
      told(RESULTS)
        .map((each) => bodyOf(each).rsvpReply)
        .sort(),
    ).toEqual(['accept', 'decline', 'noReply'])
    await later(60)
    await deliver()
    const bodies = told(RESULTS).map(bodyOf)
    const accounts = new Map((await ok(200, 'GET', '/v1/accounts')).map((each: any) => [each.phone, each.accountId]))
    const result = (phoneNumber: string, rsvpReply: string) => ({
      ...{ rsvpCallId, phoneNumber, accountId: accounts.get(phoneNumber), rsvpReply, meta: META },
      timestamp: expect.stringMatching(/^2017-01-01:\d\d:\d\d:\d\d$/),
    })
    expect(bodies.toSorted((a, b) => a.phoneNumber.localeCompare(b.phoneNumber))).toEqual([
      result(SAYS_NOTHING, 'noReply'),
      result(PRESSES_1, 'accept'),
      result(PRESSES_2, 'decline'),
      result(BUSY, 'noReply'),
    ])
    const keys = Object.keys(JSON.parse(literals.RECEIVER_WEBHOOK.replaceAll("'", '"')))
    for (const body of bodies) expect(Object.keys(body)).toEqual(keys)
  })

  it('does not tell of those who were never called, and has {} for meta that is not there', async () => {
    await create({
      ...{ receiverWebhookUrl: RESULTS, acceptsWanted: 1 },
      receivers: [{ accountId: aino }, { phone: PRESSES_2 }],
    })
    await later(60)
    await deliver()
    expect(told(RESULTS).map(bodyOf)).toMatchObject([{ phoneNumber: PRESSES_1, rsvpReply: 'accept', meta: {} }])
  })

  it('of a click to call has its id and both names of the reply', async () => {
    const { clickToCallId } = await create(
      {
        voiceFileId: file,
        receiverWebhookUrl: RESULTS,
        meta: META,
        receivers: [{ phone: PRESSES_2 }, { accountId: aino }],
      },
      'click_to_calls',
    )
    await later(5)
    await deliver()
    // The two are sent side by side, so either may arrive first.
    const bodies = told(RESULTS)
      .map(bodyOf)
      .sort((one, other) => String(one.phoneNumber).localeCompare(String(other.phoneNumber)))
    expect(bodies).toMatchObject([
      { clickToCallId, phoneNumber: PRESSES_1, accountId: aino, reply: 'accept', rsvpReply: 'accept', meta: META },
      { clickToCallId, phoneNumber: PRESSES_2, reply: 'decline', rsvpReply: 'decline', meta: META },
    ])
    const keys = ['clickToCallId', 'phoneNumber', 'accountId', 'reply', 'rsvpReply', 'meta', 'timestamp']
    for (const body of bodies) expect(Object.keys(body)).toEqual(keys)
  })

  it('tells nothing of somebody who was erased meanwhile, and forgets what was answered before', async () => {
    const ids: string[] = []
    for (const phone of ['+358401260201', '+358401270201']) {
      const { accountId } = await ok(201, 'POST', '/v1/accounts', { body: { phone } })
      await create({ receiverWebhookUrl: RESULTS, receivers: [{ accountId }] })
      await later(5)
      // The first is told of, and what answers repeats it.
      if (ids.length === 0) await deliver()
      const [row] = await app.db.query<{ id: string }>(
        sql`SELECT id FROM contact
            WHERE workspace_id = ${acme.workspaceId}::uuid AND legacy_id = ${Number(accountId)}::int`,
      )
      ids.push(row!.id)
    }
    const repeated = () =>
      app.db.query<{ response_body: string | null }>(
        sql`SELECT response_body FROM webhook_attempt WHERE response_body LIKE '%126%'`,
      )
    expect((await repeated()).length).toBe(1)
    for (const id of ids) await eraseContact(world, acme.viewer, id)
    await deliver()
    expect(told(RESULTS).map((each) => bodyOf(each).phoneNumber)).toEqual(['+358401260201'])
    expect(await repeated()).toEqual([])
  })
})

describe('delivery', () => {
  it('is repeated three times, later and later, under one id', async () => {
    await create({ receiverWebhookUrl: RESULTS, receivers: [{ accountId: aino }] })
    await later(2)
    status = 503
    const first = clock.now().getTime()
    const at: number[] = []
    for (let minute = 0; minute < 120; minute++) {
      const before = receiver.requests.length
      await deliver()
      if (receiver.requests.length > before) at.push((clock.now().getTime() - first) / 60_000)
      clock.advance(60_000)
    }
    expect(at).toEqual([0, 1, 6, 36])
    const ids = new Set(receiver.requests.map(({ headers }) => headers['x-multisender-delivery-id']))
    expect([receiver.requests.length, ids.size]).toEqual([4, 1])
    expect(new Set(receiver.requests.map(({ body }) => body)).size).toBe(1)
  })

  it('goes where the guard allows only, http included', async () => {
    const { rsvpCallId } = await create({ stateWebhookUrl: 'http://10.0.0.1/states', receivers: [{ accountId: aino }] })
    await ok(200, 'PUT', `/v1/rsvp_calls/${rsvpCallId}`, { body: { state: 'halt' } })
    await deliver(dispatcherTo(''))
    const [attempt] = await app.db.query<{ failure: string }>(
      sql`SELECT a.failure FROM webhook_attempt a WHERE a.url = 'http://10.0.0.1/states'`,
    )
    expect(attempt).toEqual({ failure: 'blocked' })
  })

  it('goes to the address of the moment; one that is taken away hears no more', async () => {
    const { rsvpCallId } = await create({ stateWebhookUrl: STATES })
    const put = (body: object) => ok(200, 'PUT', `/v1/rsvp_calls/${rsvpCallId}`, { body })
    expect((await put({ stateWebhookUrl: `${STATES}new`, state: 'halt' })).stateWebhookUrl).toBe(`${STATES}new`)
    await deliver()
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/states/new'])
    expect((await put({ stateWebhookUrl: null, state: 'active' })).stateWebhookUrl).toBeNull()
    await put({ stateWebhookUrl: STATES, receiverWebhookUrl: STATES })
    expect(await put({ meta: {} })).toMatchObject({ stateWebhookUrl: STATES, receiverWebhookUrl: STATES })
    await put({ state: 'halt' })
    await deliver()
    expect(receiver.requests.map((each) => [each.path, bodyOf(each).state])).toEqual([
      ['/states/new', 'halt'],
      ['/states/', 'halt'],
    ])
  })

  it('begins anew with another address when the graph had disabled it', async () => {
    const { rsvpCallId } = await create({ stateWebhookUrl: STATES })
    const [webhook] = await app.db.query<{ id: string }>(
      sql`SELECT id FROM webhook WHERE url = ${STATES} AND retired_at IS NULL`,
    )
    await disableWebhook(world, acme.viewer, webhook!.id)
    const put = (body: object) => ok(200, 'PUT', `/v1/rsvp_calls/${rsvpCallId}`, { body })
    await put({ state: 'halt' })
    await deliver()
    expect(receiver.requests).toEqual([])
    await put({ stateWebhookUrl: `${STATES}again` })
    await put({ state: 'active' })
    await deliver()
    expect(receiver.requests.map((each) => [each.path, bodyOf(each).state])).toEqual([['/states/again', 'active']])
  })
})

describe('in the graph', () => {
  it('they are webhooks like others, but cannot be made there', async () => {
    const { rsvpCallId } = await create({ stateWebhookUrl: STATES })
    await ok(200, 'PUT', `/v1/rsvp_calls/${rsvpCallId}`, { body: { state: 'halt' } })
    const asked = { url: STATES, eventTypes: ['campaign.stateChanged'], format: 'multisender' } as never
    expect(await brokenRules(createWebhook(world, acme.viewer, asked))).toEqual(['format unknown_option'])
    const [{ id } = { id: '' }] = await app.db.query<{ id: string }>(
      sql`SELECT id FROM webhook WHERE url = ${STATES} AND retired_at IS NULL`,
    )
    const wrong = { eventTypes: ['link.created'] as const }
    expect(await brokenRules(updateWebhook(world, acme.viewer, id, wrong))).toEqual(['eventTypes.0 unknown_option'])
    await updateWebhook(world, acme.viewer, id, { url: `${STATES}moved` })
    expect((await ok(200, 'GET', `/v1/rsvp_calls/${rsvpCallId}`)).stateWebhookUrl).toBe(`${STATES}moved`)
    const { secret } = await rotateWebhookSecret(world, acme.viewer, id, {})
    expect(secret).not.toBe('')
    const { headers, body } = await dryRunWebhook(world, builders, acme.viewer, id)
    expect(JSON.parse(body)).toMatchObject({ rsvpCallId, state: 'halt' })
    expect(headers['X-Multisender-Signature']).toMatch(/^sha256=[0-9a-f]{64}$/)
  })

  it('nothing is stored of a campaign whose address is wrong', async () => {
    const before = (await webhooksOf()).length
    const { status: refused } = await call('POST', '/v1/rsvp_calls', { body: { ...ALWAYS, stateWebhookUrl: STATES } })
    expect([refused, (await webhooksOf()).length]).toEqual([400, before])
  })
})
