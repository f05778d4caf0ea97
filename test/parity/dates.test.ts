import { expect, test } from 'vitest'
import { readDate, sameDateForm } from './dates.ts'

const same = (rule: Parameters<typeof sameDateForm>[0], then: string, now: string) =>
  sameDateForm(rule, readDate(then)!, readDate(now)!)

test.each([
  '2026-02-30T10:00:00Z',
  '2026-13-01',
  '2026-02-10T24:00:00Z',
  '2026-02-10T10:60:00Z',
  '2026-02-10t10:00:00z',
  '10.02.2026',
  '2026-02-10T10:00:00.Z',
])('%s is no date', (text) => {
  expect(readDate(text)).toBeUndefined()
})

test('equal instants are equal in whatever form', () => {
  const instants = ['2026-02-10T13:30:00Z', '2026-02-10 13:30:00', '2026-02-10T14:30:00.000+01:00', '2026-02-10T13:30Z']
  expect(new Set(instants.map((text) => readDate(text)!.instant)).size).toBe(1)
  expect(readDate('2026-02-10T13:30:00.000001Z')!.instant).not.toBe(readDate('2026-02-10T13:30:00Z')!.instant)
})

test('same: the very form', () => {
  expect(same('same', '2020-06-01T00:00:00.000Z', '2026-11-22T10:00:00.123Z')).toBe(true)
  expect(same('same', '2020-06-01T00:00:00.000Z', '2026-11-22T10:00:00Z')).toBe(false)
  expect(same('same', '2020-06-01T00:00:00.000Z', '2026-11-22T10:00:00.123456Z')).toBe(false)
  expect(same('same', '2016-03-04 10:11:12', '2026-11-22 10:00:00')).toBe(true)
  expect(same('same', '2016-03-04 10:11:12', '2026-11-22T10:00:00')).toBe(false)
  expect(same('same', '2016-03-04 10:11:12', '2026-11-22 10:00:00Z')).toBe(false)
  expect(same('same', '2016-03-04', '2026-11-22 10:00:00')).toBe(false)
})

test('sayify: microseconds when they are not zero', () => {
  expect(same('sayify', '2026-02-22T17:15:55.291121Z', '2026-11-22T10:00:00Z')).toBe(true)
  expect(same('sayify', '2026-02-10T13:30:00Z', '2026-11-22T10:00:00.000001Z')).toBe(true)
  expect(same('sayify', '2026-02-10T13:30:00Z', '2026-11-22T10:00:00.000000Z')).toBe(false)
  expect(same('sayify', '2026-02-10T13:30:00Z', '2026-11-22T10:00:00.123Z')).toBe(false)
  expect(same('sayify', '2026-02-10T13:30:00Z', '2026-11-22T10:00:00+00:00')).toBe(false)
})

test('iso: any fraction and zone, but there is one', () => {
  expect(same('iso', '2026-02-22T17:15:55Z', '2026-11-22T10:00:00.123+01:00')).toBe(true)
  expect(same('iso', '2026-02-22T17:15:55Z', '2026-11-22T10:00:00')).toBe(false)
  expect(same('iso', '2026-02-22T17:15:55Z', '2026-11-22 10:00:00')).toBe(false)
})
