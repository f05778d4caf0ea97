import { expect, test } from 'vitest'
import { FakeClock } from '../../platform/clock.ts'
import { telephonyConformance } from './conformance.ts'
import { fakeTelephony } from './fake.ts'
import { population } from './simulated/population.ts'
import { harnessOf, TEST_NUMBERS, testPeople } from './simulated/test-harness.ts'
import type { CallEvent } from './telephony.ts'

const START = '2026-11-22T10:00:00.000Z'

telephonyConformance('fake', () => {
  const telephony = fakeTelephony({ clock: new FakeClock(START), people: testPeople, lines: 10 })
  return harnessOf(
    telephony,
    telephony,
    () => telephony.advance(100),
    () => telephony.close(),
  )
})

const callId = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const request = (n: number, to: string) => ({
  callId: callId(n),
  seat: 'a',
  to,
  ringTimeoutMs: 30_000,
  maxDurationMs: 60_000,
})

test('the same calls take the same course, to the millisecond', async () => {
  const run = async (seed: string) => {
    const clock = new FakeClock(START)
    const fake = fakeTelephony({ clock, people: population({ seed }), lines: 50, faults: { doubled: 0.2, late: 0.2 } })
    const heard: CallEvent[] = []
    await fake.listen('a', {
      async event(event) {
        heard.push(event)
        // Work of the listener's own takes turns of the event loop, but no time.
        for (let turns = heard.length % 3; turns > 0; turns--) await new Promise(setImmediate)
        if (event.type !== 'answered') return
        const media = [{ kind: 'silence', durationMs: 3_000 }] as const
        await fake.command(event.callId, { id: 'p', kind: 'play', media })
      },
    })
    for (let n = 0; n < 40; n++) {
      await fake.dial(request(n, `+35840200${1_000 + n}`))
      await fake.advance(250)
    }
    await fake.advance(600_000)
    return { heard, history: fake.history, calls: fake.calls() }
  }
  const first = await run('a')
  expect(await run('a')).toEqual(first)
  expect((await run('b')).history).not.toEqual(first.history)
  expect(first.calls).toHaveLength(40)
})

test('time passes only when told, and each thing happens at its instant', async () => {
  const clock = new FakeClock(START)
  const fake = fakeTelephony({ clock, people: testPeople })
  const heard: string[] = []
  await fake.listen('a', {
    async event({ type, at }) {
      await new Promise(setImmediate)
      expect(clock.now()).toEqual(at)
      heard.push(type)
    },
  })
  await fake.dial(request(1, TEST_NUMBERS.ringsOut))
  const next = fake.nextDue()!
  await fake.settle()
  expect([heard, clock.now().toISOString()]).toEqual([[], START])
  clock.set(next)
  await fake.settle()
  expect([heard, clock.now()]).toEqual([['ringing'], next])
  expect(fake.nextDue()).toEqual(new Date(Date.parse(START) + 30_000))
  await fake.advance(3_600_000)
  expect(heard).toEqual(['ringing', 'ended'])
  expect(clock.now().getTime()).toBe(next.getTime() + 3_600_000)
  expect(fake.nextDue()).toBeUndefined()
})

test('history tells everything that happened, in order', async () => {
  const fake = fakeTelephony({ clock: new FakeClock(START), people: testPeople })
  await fake.listen('a', {
    async event({ type }) {
      const media = [{ kind: 'silence', durationMs: 3_000 }] as const
      if (type === 'answered') await fake.command(callId(1), { id: 'p', kind: 'play', media })
      if (type === 'playback') await fake.command(callId(1), { id: 'r', kind: 'record', maxDurationMs: 1_000 })
      if (type === 'recorded') await fake.command(callId(1), { id: 'h', kind: 'hangUp' })
    },
  })
  await fake.dial(request(1, TEST_NUMBERS.pressesFive))
  await fake.dial(request(1, TEST_NUMBERS.busy))
  await fake.dial(request(2, 'nobody'))
  await fake.advance(60_000)
  expect(fake.history.map((entry) => [entry.what, 'result' in entry ? entry.result : ''].join(' ').trim())).toEqual([
    'dial accepted',
    'dial duplicate',
    'dial invalid_number',
    'ringing',
    'answered',
    'command',
    'keypress',
    'command',
    'recorded',
    'command',
    'ended',
  ])
  expect(fake.calls()).toMatchObject([
    { callId: callId(1), nth: 0, cause: 'answered', keys: [{ digit: '5' }], duplicates: 1, recordings: [{}] },
  ])
})

test('a person who is called again does what this person does the second time', async () => {
  const number = '+358401230212'
  const fake = fakeTelephony({ clock: new FakeClock(START), people: testPeople })
  const causes = async (telephony: typeof fake, ids: number[]) => {
    for (const n of ids) {
      await telephony.dial({ ...request(n, number), maxDurationMs: 5_000 })
      await telephony.advance(60_000)
    }
    return telephony.calls().map(({ cause }) => cause)
  }
  expect(await causes(fake, [1, 2])).toEqual(['busy', 'answered'])
  const { calledBefore } = await fake.rehearsal!([number])
  const later = fakeTelephony({ clock: new FakeClock(START), people: testPeople, calledBefore })
  expect(await causes(later, [3])).toEqual(['answered'])
})

test('a collection is forgotten when the seat changes hands, and begins anew when it is asked for again', async () => {
  const fake = fakeTelephony({ clock: new FakeClock(START), people: testPeople })
  const heard: string[] = []
  const hear = ({ type }: CallEvent) => void heard.push(type)
  await fake.listen('a', { event: hear })
  await fake.dial({ ...request(1, TEST_NUMBERS.pressesFive), maxDurationMs: 600_000 })
  await fake.advance(20_000)
  const media = [{ kind: 'silence', durationMs: 10_000 }] as const
  const ask = {
    id: 'c',
    kind: 'collect',
    media,
    maxDigits: 1,
    firstDigitTimeoutMs: 5_000,
    interDigitTimeoutMs: 1,
  } as const
  await fake.command(callId(1), ask)
  await fake.advance(1_000)
  await fake.listen('a', { event: hear })
  await fake.advance(60_000)
  // The key was pressed, and nobody collected.
  expect(heard).toEqual(['ringing', 'answered', 'keypress'])
  await fake.command(callId(1), ask)
  await fake.advance(1_400)
  expect(heard).toHaveLength(3)
  // The person hears the same prompt again, and does the same again.
  await fake.advance(200)
  expect(heard.slice(3)).toEqual(['keypress', 'collected'])
})

test('people reply to each prompt in its turn, and not to one that another has replaced', async () => {
  const replies = [
    { digits: '1', afterMs: 5_000 },
    { digits: '23', afterMs: 1_000 },
    undefined,
    { digits: '4', afterMs: 500 },
  ]
  const scripts = [{ endsWith: '0299', calls: [{ outcome: 'answers', replies }] }] as const
  const fake = fakeTelephony({ clock: new FakeClock(START), people: { ...testPeople, drops: 0, hangsUp: 0, scripts } })
  await fake.listen('a', { event() {} })
  await fake.dial({ ...request(1, '+358401230299'), maxDurationMs: 600_000 })
  await fake.advance(20_000)
  const keys: string[] = []
  for (const [id, ms] of Object.entries({ first: 2_000, second: 10_000, third: 10_000, fourth: 10_000 })) {
    const before = fake.calls()[0]!.keys.length
    await fake.command(callId(1), {
      id,
      kind: 'play',
      media: [{ kind: 'silence', durationMs: 10_000 }],
      interruptedBy: '',
    })
    await fake.advance(ms)
    keys.push(
      fake
        .calls()[0]!
        .keys.slice(before)
        .map(({ digit }) => digit)
        .join(''),
    )
  }
  expect(keys).toEqual(['', '23', '', '4'])
})
