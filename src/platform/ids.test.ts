import { expect, test } from 'vitest'
import { FakeClock } from './clock.ts'
import { idGenerator, isUuid } from './ids.ts'

test('ids are UUIDv7 of the clock, in the order of their making, also within a millisecond', () => {
  const clock = new FakeClock('2026-11-22T10:00:00Z')
  const newId = idGenerator(clock)
  const ids = Array.from({ length: 5_000 }, newId)
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(5_000)
  expect(Number.parseInt(ids[0]!.replace('-', '').slice(0, 12), 16)).toBe(clock.now().getTime())
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('a clock set back a little keeps the order; set back far, ids follow it and stay distinct', () => {
  const clock = new FakeClock('2026-11-22T10:00:00Z')
  const newId = idGenerator(clock)
  const before = newId()
  clock.advance(-9_000)
  const slightly = newId()
  expect(slightly > before).toBe(true)
  clock.advance(-3_600_000)
  const far = Array.from({ length: 100 }, newId)
  expect(far[0]! < before).toBe(true)
  expect(far.toSorted()).toEqual(far)
  expect(new Set([before, slightly, ...far]).size).toBe(102)
})

test.each<[string, boolean]>([
  ['0193a1f0-0000-7000-8000-000000000000', true],
  ['0193A1F0-0000-7000-8000-000000000000', false],
  ['0193a1f0000070008000000000000000', false],
  ['{0193a1f0-0000-7000-8000-000000000000}', false],
  ['0193a1f0-0000-7000-8000-000000000000\n', false],
  ['', false],
])('%j is a UUID: %s', (text, verdict) => {
  expect(isUuid(text)).toBe(verdict)
})
