import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TEST_KEY } from '../kit/app.ts'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { type Received, startReceiver } from '../kit/receiver.ts'
import { type ServerProcess, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'
import { connect } from './clients.ts'

/** What clients of the graph see of calls, whatever API made them. */
const CALLS = `subscription {
  events(types: [CALL_QUEUED, CALL_DIALING, CALL_RINGING, CALL_ANSWERED, CALL_REPLIED, CALL_ENDED, CALL_SETTLED]) {
    type payload call { id receiver { contact { phone } } }
  }
}`

/** Numbers whose end says what happens (NUMBER_SCRIPTS of the simulated carrier). */
const BUSY = '+358401230486'
const DECLINES = '+358401230202'
const SILENT = '+358401230200'
const ACCEPTS = ['+358401230201', '+358401240201', '+358401250201']

let server: ServerProcess
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'saygraph-rsvp-'))
  server = await startServer({
    ...{ DATA_DIR: folder, BOOTSTRAP_API_KEY: TEST_KEY, SAMPLE_LINK: 'off', WEBHOOK_ALLOW: '127.0.0.1' },
    ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}),
  })
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function rest(method: string, path: string, body?: unknown): Promise<any> {
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json', 'x-access-token': TEST_KEY },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

const written = (instant: Date) => instant.toISOString().slice(0, 19).replace('T', ' ')
const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

test('an RSVP call of the documented form runs to its end over REST, seen in the graph and told by webhooks', async () => {
  const { voiceFileId } = await rest('POST', '/v1/voice_files/text_to_speech', {
    ...{ name: 'Question', text: 'Press one to come, two to stay away.', voiceCode: 'en' },
  })
  await until(
    async () => (await rest('GET', `/v1/voice_files/${voiceFileId}`)).status === 'ready',
    'the voice file is ready',
    30_000,
  )
  const meri = await rest('POST', '/v1/accounts', { firstName: 'Meri', phone: DECLINES })
  const group = await rest('POST', '/v1/groups', { name: 'Volunteers', description: '' })
  await rest('POST', `/v1/groups/${group.groupId}/accounts`, [{ accountId: meri.accountId }])

  const socket = await connect(server.url, TEST_KEY)
  const calls = socket.run(CALLS)
  const receiver = await startReceiver()

  const meta = { somekey: 'some-value', someotherkey: 'value' }
  const now = Date.now()
  const made = await rest('POST', '/v1/rsvp_calls', {
    state: 'active',
    // Late enough for it to be waiting still when it has been made.
    startTime: written(new Date(now + 10_000)),
    endTime: written(new Date(now + 3_600_000)),
    activeFrom: '00:00:00',
    activeTo: '00:00:00',
    activeWeekdays: DAYS.map((weekday) => ({ weekday, active: '1' })),
    voiceFiles: [
      { type: 'start', voiceFileId },
      { type: 'end', voiceFileId },
    ],
    actionButtons: [
      { button: '1', action: 'accept' },
      { button: '2', action: 'decline' },
    ],
    receivers: [
      { accountId: null, groupId: null, phone: BUSY },
      { accountId: null, groupId: group.groupId, phone: null },
      { accountId: null, groupId: null, phone: SILENT },
      ...ACCEPTS.map((phone) => ({ accountId: null, groupId: null, phone })),
    ],
    acceptsWanted: 2,
    maxRedials: 0,
    receiverWebhookUrl: `${receiver.url}receivers/`,
    stateWebhookUrl: `${receiver.url}states/`,
    meta,
  })
  expect(made.state).toBe('waitingToActive')
  const { rsvpCallId } = made
  const path = `/v1/rsvp_calls/${rsvpCallId}`
  await until(async () => (await rest('GET', path)).state === 'complete', 'the campaign is complete', 90_000)
  await until(() => receiver.requests.length >= 7, 'all webhooks', 20_000)

  const { stats, receivers } = await rest('GET', path)
  expect(receivers.map((each: any) => [each.answered, each.rsvpReply, each.dialledCalls])).toEqual([
    [0, 'noAnswer', 1],
    [1, 'decline', 1],
    [1, 'noAnswer', 1],
    [1, 'accept', 1],
    [1, 'accept', 1],
    [0, 'noAnswer', 0],
  ])
  const { totalDuration, ...counts } = stats
  expect(counts).toEqual({
    ...{ totalDialedCalls: 5, answeredCalls: 4, acceptsReceived: 2 },
    ...{ declinesAndNoRepliesReceived: 2, notAnsweredCalls: 1 },
  })
  expect(totalDuration).toBeGreaterThan(0)

  // In the graph: every call through its states, in their order.
  await until(() => settledOf(calls.results).length === 5, 'the last call is settled')
  const byPhone = Map.groupBy(calls.results, (each) => each.data!.events.call.receiver.contact.phone)
  const typesOf = (phone: string) => byPhone.get(phone)!.map((each) => each.data!.events.type)
  const ANSWERED = ['CALL_QUEUED', 'CALL_DIALING', 'CALL_RINGING', 'CALL_ANSWERED']
  expect(typesOf(BUSY)).toEqual(['CALL_QUEUED', 'CALL_DIALING', 'CALL_ENDED', 'CALL_SETTLED'])
  expect(typesOf(SILENT)).toEqual([...ANSWERED, 'CALL_ENDED', 'CALL_SETTLED'])
  for (const phone of [DECLINES, ACCEPTS[0]!, ACCEPTS[1]!]) {
    expect(typesOf(phone)).toEqual([...ANSWERED, 'CALL_REPLIED', 'CALL_ENDED', 'CALL_SETTLED'])
  }
  expect(byPhone.size).toBe(5)
  socket.ws.close()

  // Over HTTP: each result, and each state that was entered but the first.
  const told = (at: string) => receiver.requests.filter((request) => request.path === at)
  expect(receiver.requests.length).toBe(7)
  const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\d:\d\d:\d\d:\d\d$/)
  const results = told('/receivers/').map(bodyOf)
  const accounts = new Map((await rest('GET', '/v1/accounts')).map((each: any) => [each.phone, each.accountId]))
  expect(results.toSorted((a, b) => a.phoneNumber.localeCompare(b.phoneNumber))).toEqual(
    [
      [BUSY, 'noReply'],
      [DECLINES, 'decline'],
      [SILENT, 'noReply'],
      [ACCEPTS[0], 'accept'],
      [ACCEPTS[1], 'accept'],
    ]
      .toSorted(([a], [b]) => a!.localeCompare(b!))
      .map(([phone, rsvpReply]) => ({
        ...{ rsvpCallId, phoneNumber: phone, accountId: accounts.get(phone), rsvpReply, meta, timestamp },
      })),
  )
  const RESULT_KEYS = ['rsvpCallId', 'phoneNumber', 'accountId', 'rsvpReply', 'meta', 'timestamp']
  for (const result of results) expect(Object.keys(result)).toEqual(RESULT_KEYS)
  const states = told('/states/').map(bodyOf)
  expect(states).toEqual([
    {
      ...{ rsvpCallId, state: 'active', dialedCalls: 0, totalDialedCalls: 0, answeredCalls: 0 },
      ...{ totalDuration: 0, acceptsReceived: 0, timestamp },
    },
    {
      ...{ rsvpCallId, state: 'complete', dialedCalls: 5, totalDialedCalls: 5, answeredCalls: expect.any(Number) },
      ...{ totalDuration: expect.any(Number), acceptsReceived: 2, timestamp },
    },
  ])
  for (const { headers } of receiver.requests) {
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-multisender-delivery-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  }
}, 300_000)

function settledOf(results: readonly { data?: Record<string, any> | null }[]) {
  return results.filter(({ data }) => data?.events.type === 'CALL_SETTLED')
}

function bodyOf({ body }: Received): any {
  return JSON.parse(body)
}
