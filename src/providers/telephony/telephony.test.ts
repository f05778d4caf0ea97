import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { FakeClock, systemClock } from '../../platform/clock.ts'
import { createLogger } from '../../platform/logger.ts'
import { acceleratedClock, createTelephony, population, type Telephony } from './index.ts'
import { embeddedCarrier } from './simulated/embedded.ts'
import { testCarrier } from './simulated/test-carrier.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
function opened(telephony: Telephony): Telephony {
  closers.push(() => telephony.close())
  return telephony
}

const deps = { clock: systemClock, logger: createLogger('silent') }
const request = (to: string) => ({
  callId: randomUUID(),
  seat: 'a',
  to,
  ringTimeoutMs: 30_000,
  maxDurationMs: 60_000,
})

test('the configuration chooses the adapter, its people and its lines', async () => {
  const simulated = opened(createTelephony({ adapter: 'simulated', seed: 'x', lines: 2 }, deps))
  expect(await simulated.capabilities()).toEqual({ lines: 2, remembers: false, dialSettlesWithinMs: 0 })
  expect((await simulated.rehearsal!([])).people).toEqual(population({ seed: 'x' }))

  const carrier = await testCarrier({ lines: 3, speed: 4, people: { seed: 'y' } })
  closers.push(carrier.close)
  const separate = opened(createTelephony({ adapter: 'carrier', url: carrier.url }, deps))
  expect(await separate.capabilities()).toEqual({ lines: 3, remembers: true, dialSettlesWithinMs: 24_000 })
  expect((await separate.rehearsal!([])).people).toEqual(population({ seed: 'y' }))

  const asterisk = opened(
    createTelephony(
      {
        ...{ adapter: 'asterisk', url: 'http://127.0.0.1:1/pbx', user: 'us', password: 'secret', app: 'saygraph' },
        ...{ routes: { endpoint: 'PJSIP/{number}@trunk', byCountry: {} }, lines: 2 },
        ...{ callerId: undefined, callRecords: undefined },
      },
      deps,
    ),
  )
  await expect(asterisk.capabilities()).rejects.toThrow('Asterisk at http://127.0.0.1:1 does not answer: ECONNREFUSED')
})

test('a carrier in this process forgets with it, and the oldest ended calls before', async () => {
  const clock = new FakeClock('2026-11-22T10:00:00Z')
  const make = () => opened(embeddedCarrier({ clock, people: population(), lines: 10, remembered: 2 }))
  const first = make()
  const calls = Array.from({ length: 4 }, () => request('+358401230480'))
  for (const call of calls) {
    await first.dial(call)
    await first.command(call.callId, { id: 'bye', kind: 'hangUp' })
  }
  const ids = calls.map(({ callId }) => callId)
  expect((await first.reconcile(ids)).map(({ state }) => state)).toEqual(['unknown', 'unknown', 'ended', 'ended'])
  expect((await make().reconcile(ids)).map(({ state }) => state)).toEqual(ids.map(() => 'unknown'))
})

test('an accelerated clock is the same wherever the pace is the same', () => {
  const since = new Date(Date.now() - 1_000)
  const startsAt = new Date('2026-03-29T00:00:00Z')
  const before = Date.now()
  const shown = acceleratedClock({ speed: 100, since, startsAt }).now().getTime() - startsAt.getTime()
  expect(shown).toBeGreaterThanOrEqual((before - since.getTime()) * 100)
  expect(shown).toBeLessThanOrEqual((Date.now() - since.getTime()) * 100)
})

test('a carrier begins where it is told, and goes on from there when it is begun again', async () => {
  const carrier = await testCarrier({ speed: 1, startsAt: '2030-01-01T00:00:00Z' })
  closers.push(carrier.close)
  await carrier.crash()
  const started = (await carrier.entries()).filter(({ what }) => what === 'started').map(({ at }) => at)
  const startsAt = Date.parse('2030-01-01T00:00:00Z')
  // Its clock runs by the time it writes that it has started.
  expect(started[0]).toBeGreaterThanOrEqual(startsAt)
  expect(started[0]! - startsAt).toBeLessThan(10_000)
  expect(started[1]).toBeGreaterThan(started[0]!)
  expect(started[1]! - started[0]!).toBeLessThan(60_000)
})
