import { expect, test } from 'vitest'
import { DigitCollector } from './collector.ts'

const rules = { maxDigits: 3, terminators: '#', firstDigitTimeoutMs: 5_000, interDigitTimeoutMs: 2_000 }

test('waits for the first digit once what is played is over', () => {
  const collector = new DigitCollector(rules)
  expect(collector.deadline).toBeUndefined()
  collector.played(1_000)
  expect(collector.deadline).toBe(6_000)
})

test('waits anew after each digit, also when it came while something was played', () => {
  const collector = new DigitCollector(rules)
  expect(collector.press('4', 500)).toBeUndefined()
  expect(collector.deadline).toBe(2_500)
  collector.played(500)
  expect(collector.deadline).toBe(2_500)
  expect(collector.press('*', 1_000)).toBeUndefined()
  expect([collector.deadline, collector.digits]).toEqual([3_000, '4*'])
})

test('ends with the last digit or a terminator, which is no digit', () => {
  const full = new DigitCollector(rules)
  expect([...'123'].map((digit, at) => full.press(digit, at))).toEqual([undefined, undefined, 'complete'])
  expect(full.digits).toBe('123')
  const short = new DigitCollector(rules)
  expect([...'1#'].map((digit, at) => short.press(digit, at))).toEqual([undefined, 'terminated'])
  expect(short.digits).toBe('1')
  const none = new DigitCollector({ ...rules, terminators: undefined, maxDigits: 1 })
  expect([none.press('#', 0), none.digits]).toEqual(['complete', '#'])
})
