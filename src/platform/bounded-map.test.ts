import { expect, test } from 'vitest'
import { BoundedMap } from './bounded-map.ts'

test('a bounded map keeps what is used, up to its limit', () => {
  const map = new BoundedMap<string, number>(3)
  for (const n of [1, 2, 3]) map.set(String(n), n)
  expect(map.get('1')).toBe(1)
  map.set('4', 4)
  expect([map.size, map.get('1'), map.get('2'), map.get('4')]).toEqual([3, 1, undefined, 4])
  for (let n = 0; n < 100; n++) {
    map.set(`more ${n}`, n)
    for (const key of ['1', `more ${n}`]) map.get(key)
  }
  expect(map.size).toBe(3)
})
