import { randomUUID } from 'node:crypto'
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { FakeClock } from '../../../platform/clock.ts'
import { fakeTelephony } from '../fake.ts'
import type { CallEvent, Command, Telephony } from '../telephony.ts'
import { carrierClient } from './carrier-client.ts'
import type { LedgerCall } from './ledger.ts'
import { population } from './population.ts'
import { runProcess, type TestCarrier, testCarrier } from './test-carrier.ts'
import { harnessOf, passRealTime, TEST_NUMBERS, testPeople } from './test-harness.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function carrierWith(options: Parameters<typeof testCarrier>[0]): Promise<TestCarrier> {
  const carrier = await testCarrier({ people: testPeople, ...options })
  closers.push(carrier.close)
  return carrier
}

function clientOf(carrier: TestCarrier, options = {}): Telephony {
  const client = carrierClient({ url: carrier.url, ...options })
  closers.push(client.close)
  return client
}

const { until } = harnessOf({} as Telephony, {} as Telephony, passRealTime, async () => {})
const SEAT = 'seat'
const LIMITS = { seat: SEAT, ringTimeoutMs: 120_000, maxDurationMs: 600_000 }
const uuids = (count: number): string[] => Array.from({ length: count }, () => randomUUID())
const ASK: Command = {
  id: 'ask',
  kind: 'collect',
  media: [{ kind: 'silence', durationMs: 4_000 }],
  maxDigits: 1,
  firstDigitTimeoutMs: 5_000,
  interDigitTimeoutMs: 1_000,
}
const HANG_UP: Command = { id: 'bye', kind: 'hangUp' }
/** Asks whoever answers, and hangs up when there is a reply or none. */
const asking = (telephony: Telephony, onEvent: (event: CallEvent) => void = () => {}) => ({
  async event(event: CallEvent) {
    onEvent(event)
    if (event.type === 'answered') await telephony.command(event.callId, ASK)
    if (event.type === 'collected') await telephony.command(event.callId, HANG_UP)
  },
})

test('a killed process is followed by another: no call is lost, and none is dialled twice', async () => {
  const carrier = await carrierWith({ lines: 20 })
  const ids = uuids(15)
  // Ten that press 5 when asked, and five that ring until they are given up.
  const numbers = ids.map((_, n) => (n < 10 ? `+35840100${n}0205` : `+35840100${n}0480`))
  const doomed = runProcess('test-client.ts', [carrier.url, SEAT, ids.join(','), numbers.join(',')])
  // In either order: all requests have been taken, and it has begun to talk to somebody.
  const said = [await doomed.next(), await doomed.next()]
  expect(said).toContain('dialled')
  await doomed.kill('SIGKILL')

  const heir = clientOf(carrier)
  const heard: CallEvent[] = []
  await heir.listen(
    SEAT,
    asking(heir, (event) => void heard.push(event)),
  )
  const reports = await heir.reconcile(ids)
  expect(reports.map(({ state }) => state)).not.toContain('never_heard')
  for (const report of reports) {
    if (report.state !== 'in_progress' || report.stage !== 'answered') continue
    // Gone: what the dead process asked was answered, and the listener has hung up since.
    expect(['accepted', 'gone']).toContain((await heir.command(report.callId, ASK)).outcome)
  }
  for (const [n, callId] of ids.entries()) {
    if (n >= 10) await heir.command(callId, HANG_UP)
    const again = await heir.dial({ ...LIMITS, callId, to: numbers[n]! })
    expect(again).toMatchObject({ outcome: 'refused', reason: 'duplicate' })
  }
  await until(async () => (await heir.active()).length === 0, 'all calls to end')
  const calls = await carrier.calls()
  expect(calls.map(({ callId }) => callId).sort()).toEqual([...ids].sort())
  for (const { callId, keys, cause, duplicates } of calls) {
    const asked = ids.indexOf(callId) < 10
    expect([cause, duplicates]).toEqual([asked ? 'answered' : 'cancelled', 1])
    // Twice when the person replied at the moment of taking over, and was asked again.
    expect(keys.map(({ digit }) => digit).join('')).toMatch(asked ? /^55?$/ : /^$/)
  }
  const collected = heard.filter((event) => event.type === 'collected')
  expect(new Set(collected.map(({ callId }) => callId))).toEqual(new Set(ids.slice(0, 10)))
  for (const event of collected) expect(event).toMatchObject({ outcome: 'complete', digits: '5' })
})

test('a carrier that is killed and begun again knows what it dialled, and has lost the calls', async () => {
  const carrier = await carrierWith({})
  const client = clientOf(carrier)
  let [connected, disconnected] = [0, 0]
  const heard: CallEvent[] = []
  await client.listen(SEAT, {
    event: (event) => void heard.push(event),
    connected: () => void connected++,
    disconnected: () => void disconnected++,
  })
  const [talking, ringing, busy, never] = uuids(4) as [string, string, string, string]
  await client.dial({ ...LIMITS, callId: talking, to: TEST_NUMBERS.silent })
  await client.dial({ ...LIMITS, callId: ringing, to: TEST_NUMBERS.ringsOut })
  await client.dial({ ...LIMITS, callId: busy, to: TEST_NUMBERS.busy })
  await until(() => heard.filter(({ type }) => type === 'answered' || type === 'ended').length === 2, 'the calls')
  await until(() => heard.some(({ type, callId }) => type === 'ringing' && callId === ringing), 'ringing')
  await client.command(talking, { id: 'r', kind: 'record', maxDurationMs: 1_000 })
  await until(() => heard.some(({ type }) => type === 'recorded'), 'a recording')
  const before = await client.recording(talking, 'r')

  await carrier.crash(async () => {
    const nobody = { ...LIMITS, callId: never, to: TEST_NUMBERS.silent }
    expect((await client.dial(nobody)).outcome).not.toBe('accepted')
    expect(await client.command(talking, HANG_UP)).toMatchObject({ outcome: 'unknown' })
    for (const ask of [
      () => client.reconcile([talking]),
      () => client.active(),
      () => client.capabilities(),
      () => client.recording(talking, 'r'),
      () => client.discardRecording(talking, 'r'),
    ]) {
      await expect(ask()).rejects.toMatchObject({ name: 'TelephonyUnavailableError' })
    }
    // The crash cut off the line that was being written.
    await appendFile(join(carrier.folder, 'ledger.jsonl'), '{"at":1,"what":"dial","callId":"')
  })

  await until(() => connected === 2, 'the client to come back')
  expect(disconnected).toBe(1)
  expect(await client.active()).toEqual([])
  expect(await client.reconcile([talking, ringing, busy, never])).toMatchObject([
    { state: 'ended', cause: 'answered', answeredAt: expect.any(Date) },
    { state: 'ended', cause: 'provider_fault' },
    { state: 'ended', cause: 'busy' },
    { state: 'never_heard' },
  ])
  for (const callId of [talking, ringing, busy]) {
    expect(await client.dial({ ...LIMITS, callId, to: TEST_NUMBERS.silent })).toMatchObject({ reason: 'duplicate' })
  }
  expect(await client.recording(talking, 'r')).toEqual(before)
  // The seat is still listened to, and the number still knows that it was called.
  const { calledBefore } = await client.rehearsal!([TEST_NUMBERS.silent, TEST_NUMBERS.unknown])
  expect([calledBefore(TEST_NUMBERS.silent), calledBefore(TEST_NUMBERS.unknown)]).toEqual([1, 0])
  expect(await client.dial({ ...LIMITS, callId: never, to: TEST_NUMBERS.silent })).toEqual({ outcome: 'accepted' })
  await until(() => heard.some(({ type, callId }) => type === 'answered' && callId === never), 'the new call')
  const lines = (await readFile(join(carrier.folder, 'ledger.jsonl'), 'utf8')).split('\n')
  expect(lines.filter((line) => line.includes('"started"'))).toHaveLength(2)
})

/** What became of a call, without what depends on how fast a client reacts. */
const outcomeOf = ({ to, nth, cause, q850, sip, dialledAt, answeredAt, keys }: LedgerCall) => ({
  call: `${to} ${nth}`,
  cause,
  q850,
  sip,
  answeredAfterMs: answeredAt && answeredAt - dialledAt,
  keys: keys.map(({ digit }) => digit).join(''),
})
const byCall = (a: { call: string }, b: { call: string }) => (a.call < b.call ? -1 : 1)

test('the same seed has the same outcomes in two processes and on the fake, which foretells them', async () => {
  // A line that drops just when a key is pressed is a matter of how fast the client asks.
  const people = population({ seed: 'same', drops: 0, setUp: { minMs: 10, maxMs: 500 }, patienceMs: 3_600_000 })
  const numbers = Array.from({ length: 60 }, (_, n) => `+35850${1_000_000 + n * 7_919}`)
  const callAll = async (telephony: Telephony) => {
    for (const [n, callId] of uuids(numbers.length).entries()) {
      const dialled = await telephony.dial({ ...LIMITS, callId, to: numbers[n]!, ringTimeoutMs: 20_000 })
      expect(dialled).toEqual({ outcome: 'accepted' })
    }
  }
  const really = async () => {
    const carrier = await carrierWith({ people, lines: 100, speed: 50 })
    const client = clientOf(carrier)
    await client.listen(SEAT, asking(client))
    await callAll(client)
    await until(async () => (await client.active()).length === 0, 'the first calls to end')
    const rehearsal = await client.rehearsal!(numbers)
    await callAll(client)
    await until(async () => (await client.active()).length === 0, 'the second calls to end')
    return { outcomes: (await carrier.calls()).map(outcomeOf).sort(byCall), rehearsal }
  }
  const [one, two] = await Promise.all([really(), really()])
  expect(one.outcomes).toEqual(two.outcomes)
  expect(one.outcomes).toHaveLength(2 * numbers.length)
  expect(new Set(one.outcomes.map(({ cause }) => cause)).size).toBeGreaterThan(3)

  const rehearse = async (options: object) => {
    const fake = fakeTelephony({ clock: new FakeClock('2026-11-22T10:00:00Z'), people, lines: 100, ...options })
    await fake.listen(SEAT, asking(fake))
    await callAll(fake)
    await fake.advance(600_000)
    return fake.calls().map(outcomeOf).sort(byCall)
  }
  expect(await rehearse({})).toEqual(one.outcomes.filter(({ call }) => call.endsWith(' 0')))
  expect(await rehearse(one.rehearsal)).toEqual(one.outcomes.filter(({ call }) => call.endsWith(' 1')))
})

test('two thousand people, three hundred at once', async () => {
  const carrier = await carrierWith({ people: population({ seed: 'many' }), lines: 300, speed: 100 })
  const client = clientOf(carrier)
  const numbers = Array.from({ length: 2_000 }, (_, n) => `+35850${2_000_000 + n}`)
  const waiting = [...numbers]
  let ended = 0
  let congested = 0
  const dialNext = async (): Promise<void> => {
    const to = waiting.pop()
    if (to === undefined) return
    const result = await client.dial({ ...LIMITS, callId: randomUUID(), to, ringTimeoutMs: 20_000 })
    if (result.outcome !== 'accepted') {
      congested++
      waiting.push(to)
    }
  }
  const once = new Set<string>()
  await client.listen(
    SEAT,
    asking(client, ({ type, callId }) => {
      if (type !== 'ended' || once.has(callId)) return
      once.add(callId)
      ended++
      void dialNext()
    }),
  )
  await Promise.all(Array.from({ length: 300 }, dialNext))
  await until(() => ended >= numbers.length, 'everybody to have been called')
  const calls = await carrier.calls()
  expect(congested).toBe(0)
  expect(calls.map(({ to }) => to).sort()).toEqual([...numbers].sort())
  const answered = calls.filter(({ cause }) => cause === 'answered').length
  expect(Math.abs(answered / calls.length - 0.98 * 0.6)).toBeLessThan(0.06)
})
