import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { FakeClock } from '../../../platform/clock.ts'
import { fakeTelephony } from '../fake.ts'
import type { CallEvent, Command, DialRequest, Telephony } from '../telephony.ts'
import { carrierClient } from './carrier-client.ts'
import type { Faults } from './faults.ts'
import { type TestCarrier, testCarrier } from './test-carrier.ts'
import { harnessOf, passRealTime, TEST_NUMBERS, testPeople } from './test-harness.ts'

const SEAT = 'seat'
const request = (to: string): DialRequest => ({
  callId: randomUUID(),
  seat: SEAT,
  to,
  ringTimeoutMs: 120_000,
  maxDurationMs: 5_000,
})

describe('on the way to the listener', () => {
  /** What a listener hears of thirty calls, and the calls. */
  async function hear(faults: Partial<Faults>) {
    const telephony = fakeTelephony({ clock: new FakeClock('2026-11-22T10:00:00Z'), people: testPeople, faults })
    const events: CallEvent[] = []
    await telephony.listen(SEAT, { event: (event) => void events.push(event) })
    const calls = Array.from({ length: 30 }, (_, n) => request(`+3584010${n}${n % 2 ? '0200' : '0486'}`))
    for (const call of calls) await telephony.dial(call)
    await telephony.advance(600_000)
    expect((await telephony.reconcile(calls.map(({ callId }) => callId))).map(({ state }) => state)).toEqual(
      calls.map(() => 'ended'),
    )
    return { events, ids: events.map(({ eventId }) => eventId) }
  }
  /** Fifteen are busy (one event each), fifteen ring, answer and end. */
  const ALL = 15 + 45

  test('without faults each event comes once, in order', async () => {
    const { events, ids } = await hear({})
    expect([ids.length, new Set(ids).size]).toEqual([ALL, ALL])
    expect(events.map(({ at }) => at.getTime())).toEqual(events.map(({ at }) => at.getTime()).sort((a, b) => a - b))
  })

  test('lost', async () => {
    expect((await hear({ lost: 1 })).ids).toEqual([])
    const { ids } = await hear({ lost: 0.5 })
    expect(ids.length).toBe(new Set(ids).size)
    expect(ids.length).toBeGreaterThan(ALL * 0.25)
    expect(ids.length).toBeLessThan(ALL * 0.75)
  })

  test('doubled', async () => {
    const { ids, events } = await hear({ doubled: 1 })
    expect([ids.length, new Set(ids).size]).toEqual([2 * ALL, ALL])
    for (const event of events) {
      expect(events.filter(({ eventId }) => eventId === event.eventId)).toEqual([event, event])
    }
  })

  test('late and overtaken', async () => {
    const { events, ids } = await hear({ late: 0.5, lateBy: { minMs: 1, maxMs: 60_000 } })
    expect([ids.length, new Set(ids).size]).toEqual([ALL, ALL])
    const afterTheEnd = events.filter(({ callId, type }, n) => {
      const end = events.findIndex((event) => event.callId === callId && event.type === 'ended')
      return type !== 'ended' && n > end
    })
    expect(afterTheEnd.length).toBeGreaterThan(3)
  })

  test('the same seed fails in the same way', async () => {
    const shape = async (seed: string) => {
      const { events } = await hear({ seed, lost: 0.2, doubled: 0.2, late: 0.2 })
      return events.map(({ type, at }) => `${at.toISOString()} ${type}`)
    }
    const first = await shape('a')
    expect(await shape('a')).toEqual(first)
    expect(await shape('b')).not.toEqual(first)
  })
})

describe('between a client and a carrier', () => {
  const closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })
  async function connect(faults: Partial<Faults>, options = {}): Promise<{ carrier: TestCarrier; client: Telephony }> {
    const carrier = await testCarrier({ people: testPeople, faults })
    closers.push(carrier.close)
    const client = carrierClient({ url: carrier.url, ...options })
    closers.push(client.close)
    return { carrier, client }
  }
  const { until } = harnessOf({} as Telephony, {} as Telephony, passRealTime, async () => {})

  test('a request that is lost: nobody knows, and the carrier never heard of it', async () => {
    const { carrier, client } = await connect({ dialLost: 1 })
    const call = request(TEST_NUMBERS.silent)
    expect(await client.dial(call)).toMatchObject({ outcome: 'unknown' })
    expect(await client.reconcile([call.callId])).toEqual([{ callId: call.callId, state: 'never_heard' }])
    expect(await carrier.calls()).toEqual([])
  })

  test('an answer that is lost: nobody knows, and there is a call', async () => {
    const { carrier, client } = await connect({ dialAnswerLost: 1 })
    const call = request(TEST_NUMBERS.ringsOut)
    expect(await client.dial(call)).toMatchObject({ outcome: 'unknown' })
    expect(await client.reconcile([call.callId])).toMatchObject([{ state: 'in_progress' }])
    await client.dial(call)
    expect(await carrier.calls()).toMatchObject([{ callId: call.callId, duplicates: 1 }])
  })

  test('the fake and the embedded carrier lose requests and answers as well', async () => {
    for (const [fault, state] of [
      ['dialLost', 'never_heard'],
      ['dialAnswerLost', 'in_progress'],
    ]) {
      const fake = fakeTelephony({ clock: new FakeClock('2026-11-22T10:00:00Z'), faults: { [fault!]: 1 } })
      const call = request(TEST_NUMBERS.silent)
      expect(await fake.dial(call)).toMatchObject({ outcome: 'unknown' })
      expect(await fake.reconcile([call.callId])).toMatchObject([{ state }])
    }
  })

  test('a request that arrives after its client gave up makes no call', async () => {
    const slow = { dialSlow: 1, dialSlowBy: { minMs: 4_000, maxMs: 4_000 } }
    const { carrier, client } = await connect(slow, { requestTimeoutMs: 60 })
    const call = request(TEST_NUMBERS.silent)
    expect(await client.dial(call)).toMatchObject({ outcome: 'unknown' })
    const { dialSettlesWithinMs } = await carrierClient({ url: carrier.url, requestTimeoutMs: 60 }).capabilities()
    expect(dialSettlesWithinMs).toBe((60 + 1_000) * 20)
    // A second one, with a patient client, is taken after as long: by then the first has arrived.
    const patient = carrierClient({ url: carrier.url })
    const second = request(TEST_NUMBERS.ringsOut)
    expect(await patient.dial(second)).toEqual({ outcome: 'accepted' })
    expect((await carrier.calls()).map(({ callId }) => callId)).toEqual([second.callId])
    expect(await patient.reconcile([call.callId])).toMatchObject([{ state: 'never_heard' }])
  })

  test('a command that is lost, or its answer, is repeated until it is done, and done once', async () => {
    const { carrier, client } = await connect({ commandLost: 0.4, commandAnswerLost: 0.4 })
    const outcomes: string[] = []
    const insist = async (callId: string, command: Command) => {
      for (let outcome = 'unknown'; outcome === 'unknown'; outcomes.push(outcome)) {
        outcome = (await client.command(callId, command)).outcome
      }
    }
    const heard: CallEvent[] = []
    await client.listen(SEAT, { event: (event) => void heard.push(event) })
    const calls = Array.from({ length: 5 }, () => ({ ...request(TEST_NUMBERS.silent), maxDurationMs: 600_000 }))
    for (const call of calls) await client.dial(call)
    await until(() => heard.filter(({ type }) => type === 'answered').length === calls.length, 'the answers')
    for (const { callId } of calls) {
      await insist(callId, { id: 'r', kind: 'record', maxDurationMs: 60_000 })
      await insist(callId, { id: 'bye', kind: 'hangUp' })
    }
    expect(outcomes.filter((outcome) => outcome === 'unknown').length).toBeGreaterThan(5)
    const given = (await carrier.entries()).filter((entry) => entry.what === 'command')
    expect(given.map((entry) => `${entry.callId} ${entry.commandId}`)).toEqual(
      calls.flatMap(({ callId }) => [`${callId} r`, `${callId} bye`]),
    )
    await until(async () => (await client.active()).length === 0, 'the end')
  })

  test('where nobody listens, nothing was dialled', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const client = carrierClient({ url: `http://127.0.0.1:${port}` })
    expect(await client.dial(request(TEST_NUMBERS.silent))).toMatchObject({
      outcome: 'refused',
      reason: 'provider_fault',
      retryAfterMs: expect.any(Number),
    })
    const listening = client.listen(SEAT, { event() {} })
    const given = expect(listening).rejects.toMatchObject({ name: 'TelephonyUnavailableError' })
    await client.close()
    await given
  })

  test.each([
    [false, ['ringing', 'answered', 'ended']],
    [true, []],
  ])('what happens while nobody listens is kept unless the carrier is forgetful (%s)', async (forgetful, expected) => {
    const { client } = await connect({ forgetful })
    const call = request(TEST_NUMBERS.silent)
    await client.dial(call)
    await until(async () => (await client.reconcile([call.callId]))[0]!.state === 'ended', 'the call to end')
    const heard: string[] = []
    await client.listen(SEAT, { event: ({ type }) => void heard.push(type) })
    // News of a second call comes after all there is of the first.
    await client.dial(request(TEST_NUMBERS.busy))
    await until(() => heard.length > expected.length, 'the second call')
    expect(heard).toEqual([...expected, 'ended'])
  })

  test('what a listener failed to deal with is told to the next', async () => {
    const { client } = await connect({})
    const call = request(TEST_NUMBERS.silent)
    let failures = 0
    const failing = await client.listen(SEAT, {
      event({ type }) {
        if (type !== 'answered') return
        failures++
        throw new Error('the database is away')
      },
    })
    await client.dial(call)
    await until(async () => (await client.reconcile([call.callId]))[0]!.state === 'ended', 'the call to end')
    await until(() => failures === 1, 'the failure')
    await failing.close()
    const heard: string[] = []
    await client.listen(SEAT, { event: ({ type }) => void heard.push(type) })
    await until(() => heard.includes('answered'), 'the event again')
  })
})
