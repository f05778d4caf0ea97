import { expect, test } from 'vitest'
import { FakeClock } from '../../platform/clock.ts'
import { createPace } from './pace.ts'

const clock = new FakeClock('2026-11-22T10:00:00Z')
const after = (start: Date, ...instants: Date[]) => instants.map((at) => at.getTime() - start.getTime())

test('an ill provider is left alone longer each time, up to ten minutes, and once for all that were on their way', () => {
  const pace = createPace(clock, 100)
  const pauses: number[] = []
  for (let failure = 0; failure < 9; failure++) {
    const now = clock.now()
    const until = pace.refused('unreachable')
    expect(after(now, pace.refused('unreachable'), pace.refused('throttled'))).toEqual(after(now, until, until))
    pauses.push(until.getTime() - now.getTime())
    expect([pace.isPaused(), pace.width()]).toEqual([true, 1])
    clock.set(until)
    expect(pace.isPaused()).toBe(false)
  }
  expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600].map((seconds) => seconds * 1_000))
  pace.accepted()
  expect(pace.width()).toBe(2)
  expect(after(clock.now(), pace.refused('unreachable'))).toEqual([5_000])
})

test('a throttling one gets half, and then more with every message it takes', () => {
  const pace = createPace(clock, 100)
  expect(after(clock.now(), pace.refused('throttled'))).toEqual([1_000])
  expect(pace.width()).toBe(50)
  // It was on its way before the pause, so it says nothing of what the provider takes after it.
  pace.accepted()
  expect(pace.width()).toBe(50)
  clock.advance(1_000)
  expect(after(clock.now(), pace.refused('throttled'))).toEqual([2_000])
  expect(pace.width()).toBe(25)
  clock.advance(2_000)
  for (let n = 0; n < 200; n++) pace.accepted()
  expect([pace.width(), pace.acceptedAt()]).toEqual([100, clock.now()])
})

test('one that does not want us is asked again in a minute, then up to a quarter of an hour', () => {
  const pace = createPace(clock, 20)
  const pauses: number[] = []
  for (let failure = 0; failure < 6; failure++) {
    const now = clock.now()
    clock.set(pace.refused('account'))
    pauses.push((clock.now().getTime() - now.getTime()) / 60_000)
  }
  expect(pauses).toEqual([1, 2, 4, 8, 15, 15])
})
