import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Timeline } from './timeline.ts'

test('things happen in the order of their instants, then of planning, and not when cancelled', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ at: fc.nat(20), cancelled: fc.boolean() })), (plans) => {
      const timeline = new Timeline()
      const done: number[] = []
      const dues = plans.map(({ at }, n) => timeline.plan(at, () => done.push(n)))
      for (const [n, { cancelled }] of plans.entries()) if (cancelled) dues[n]!.cancel()
      const expected = plans
        .map(({ at, cancelled }, n) => ({ at, cancelled, n }))
        .filter(({ cancelled }) => !cancelled)
        .sort((a, b) => a.at - b.at)
      expect(timeline.next()).toBe(expected[0]?.at)
      while (timeline.runOne(10));
      expect(done).toEqual(expected.filter(({ at }) => at <= 10).map(({ n }) => n))
      while (timeline.runOne(20));
      expect(done).toEqual(expected.map(({ n }) => n))
      expect(timeline.next()).toBeUndefined()
    }),
  )
})
