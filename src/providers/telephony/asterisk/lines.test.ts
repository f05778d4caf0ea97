import { expect, test } from 'vitest'
import { Lines } from './lines.ts'

function setUp(lines: number) {
  const world = { now: 0, listed: [] as string[], lists: 0, answer: Promise.resolve() }
  const made = new Lines(
    lines,
    async () => {
      world.lists++
      const listed = [...world.listed]
      await world.answer
      return listed
    },
    () => world.now,
  )
  return { world, lines: made }
}

test('fifty at once cost one look, and no more get a line than there are', async () => {
  const { world, lines } = setUp(30)
  world.listed = ['of-another-process']
  const ids = Array.from({ length: 50 }, (_, n) => `call-${n}`)
  const taken = await Promise.all(ids.map((id) => lines.take(id)))
  expect([taken.filter(Boolean).length, world.lists]).toEqual([29, 1])
  lines.free('call-0')
  expect([await lines.take('x'), await lines.take('y'), world.lists]).toEqual([true, false, 1])
})

test('what ended elsewhere is noticed, and what Asterisk does not know yet is not forgotten', async () => {
  const { world, lines } = setUp(2)
  world.listed = ['a']
  expect(await lines.take('b')).toBe(true)
  world.now = 1_000
  world.listed = []
  expect([await lines.take('c'), await lines.take('d')]).toEqual([true, false])
  lines.made('b')
  lines.made('c')
  world.now = 2_000
  // Asterisk has lost both.
  expect([await lines.take('d'), await lines.take('e'), await lines.take('f')]).toEqual([true, true, false])
})

test('a call that ends while Asterisk is being asked is not believed to go on', async () => {
  const { world, lines } = setUp(1)
  await lines.take('a')
  lines.made('a')
  world.now = 1_000
  world.listed = ['a']
  let go = () => {}
  world.answer = new Promise((resolve) => {
    go = resolve
  })
  const next = lines.take('b')
  lines.free('a')
  go()
  expect(await next).toBe(true)
})

test('a call that is over is not counted although it is listed a moment longer', async () => {
  const { world, lines } = setUp(1)
  await lines.take('a')
  lines.made('a')
  world.now = 1_000
  lines.free('a')
  world.listed = ['a']
  expect(await lines.take('b')).toBe(true)
  lines.free('b')
  // Refused by Asterisk, and dialled again.
  expect([await lines.take('b'), await lines.take('c')]).toEqual([true, false])
  world.listed = ['b']
  world.now = 2_000
  expect(await lines.take('c')).toBe(false)
})

test('a call that was refused here and is made by another process is counted', async () => {
  const { world, lines } = setUp(1)
  await lines.take('a')
  lines.free('a')
  world.listed = ['a']
  world.now = 2_000
  expect(await lines.take('b')).toBe(false)
})
