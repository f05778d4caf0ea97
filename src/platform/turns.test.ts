import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

test('so many at once and no more, in order, also when some fail', async () => {
  const turns = createTurns(2)
  const began: number[] = []
  let inside = 0
  let most = 0
  const done = [0, 1, 2, 3, 4, 5].map((n) =>
    turns
      .take(async () => {
        began.push(n)
        most = Math.max(most, ++inside)
        await sleep(2)
        inside--
        if (n % 2 === 0) throw new Error('no')
      })
      .catch(() => {}),
  )
  expect(turns.waiting()).toBe(4)
  await Promise.all(done)
  expect(began).toEqual([0, 1, 2, 3, 4, 5])
  expect(most).toBe(2)
})

test('whoever gives up waiting takes nobody’s turn', async () => {
  const turns = createTurns(1)
  let release = () => {}
  const first = turns.take(() => new Promise<void>((resolve) => (release = resolve)))
  const stop = new AbortController()
  const reason = new Error('changed my mind')
  const second = turns.take(async () => 'second', stop.signal)
  const third = turns.take(async () => 'third')
  stop.abort(reason)
  await expect(second).rejects.toBe(reason)
  await expect(turns.take(async () => 'never', AbortSignal.abort(reason))).rejects.toBe(reason)
  release()
  await first
  expect(await third).toBe('third')
  expect(await turns.take(async () => 'fourth')).toBe('fourth')
})
