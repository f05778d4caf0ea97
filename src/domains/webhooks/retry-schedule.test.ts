import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FORMAT_RULES } from './format.ts'
import { JITTER, nextAttemptAt } from './retry-schedule.ts'

const now = new Date('2026-11-22T10:00:00Z')

test('every delay lies between that of the schedule and a fifth more', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(FORMAT_RULES)),
      fc.nat(20),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (rules, n, random) => {
        const at = nextAttemptAt(rules, n + 1, now, random)
        const seconds = rules.retryAfterSeconds[n]
        if (seconds === undefined) {
          expect(at).toBeUndefined()
          return
        }
        const waited = (at!.getTime() - now.getTime()) / 1000
        expect(waited).toBeGreaterThanOrEqual(seconds)
        expect(waited).toBeLessThanOrEqual(seconds * (1 + JITTER))
      },
    ),
  )
})

test('delays grow, and a standard webhook is tried for five days', () => {
  for (const { retryAfterSeconds } of Object.values(FORMAT_RULES)) {
    expect([...retryAfterSeconds].sort((a, b) => a - b)).toEqual(retryAfterSeconds)
  }
  const total = FORMAT_RULES.standard.retryAfterSeconds.reduce((sum, seconds) => sum + seconds, 0)
  expect(total / 86_400).toBeGreaterThanOrEqual(5)
  expect(FORMAT_RULES.sayify.retryAfterSeconds).toEqual([60, 300, 1_800])
})
