import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { shareLookups } from './shared-lookups.ts'

test('calls share a lookup that began after each of them', async () => {
  let truth = 0
  let lookups = 0
  const look = shareLookups(async () => {
    lookups++
    const seen = truth
    await sleep(5)
    return seen
  })
  const first = look('k')
  truth = 1
  const others = [look('k'), look('k'), look('k')]
  expect(await first).toBe(0)
  await sleep(1)
  truth = 2
  const later = look('k')
  expect(await Promise.all(others)).toEqual([1, 1, 1])
  expect(await later).toBe(2)
  expect(lookups).toBe(3)
  expect(await look('k')).toBe(2)
})

test('keys are looked up apart, and a failure reaches those who share it and nobody later', async () => {
  let fails = true
  const look = shareLookups(async (key: string) => {
    await sleep(1)
    if (fails) throw new Error(`no ${key}`)
    return key
  })
  const results = await Promise.allSettled([look('a'), look('a'), look('b')])
  expect(results.map((result) => (result.status === 'rejected' ? result.reason.message : ''))).toEqual([
    'no a',
    'no a',
    'no b',
  ])
  fails = false
  expect(await Promise.all([look('a'), look('b')])).toEqual(['a', 'b'])
})
