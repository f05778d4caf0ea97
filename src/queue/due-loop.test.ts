import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { until } from '../../test/kit/world.ts'
import { FakeClock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import { createDueLoop, type DueLoop } from './due-loop.ts'

const EVERY_MS = 1_000
const loops: DueLoop[] = []
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.stop()
})

function setUp(everyMs = EVERY_MS) {
  const clock = new FakeClock('2026-11-22T10:00:00Z')
  const errors: object[] = []
  const logger = { error: (fields: object) => errors.push(fields) } as unknown as Logger
  const loop = createDueLoop({ clock, logger, everyMs })
  loops.push(loop)
  return { clock, errors, loop }
}

/** A check that says these numbers, one at each run, and 0 after them. */
function saying(...numbers: number[]) {
  const check = { runs: 0, run: async () => numbers[check.runs++] ?? 0 }
  return check
}

test('a check is run again at once while it did something, and rests after it did nothing', async () => {
  const { clock, loop } = setUp()
  const check = saying(100, 3, 0, 0, 7)
  loop.add('check', check.run)
  await loop.tick()
  expect(check.runs).toBe(3)
  clock.advance(EVERY_MS - 1)
  await loop.tick()
  expect(check.runs).toBe(3)
  clock.advance(1)
  await loop.tick()
  expect(check.runs).toBe(4)
  clock.advance(EVERY_MS)
  await loop.tick()
  expect(check.runs).toBe(6)
})

test('a check that knows when something is due is run then, but never all the time', async () => {
  const { clock, loop } = setUp()
  const check = saying()
  const due = [new Date('2026-11-22T10:00:00.400Z'), new Date('2026-11-22T09:00:00Z'), undefined]
  loop.add('check', check.run, async () => due[check.runs - 1])
  await loop.tick()
  clock.advance(399)
  await loop.tick()
  expect(check.runs).toBe(1)
  clock.advance(1)
  await loop.tick()
  expect(check.runs).toBe(2)
  // What is long due was left by the check.
  clock.advance(249)
  await loop.tick()
  expect(check.runs).toBe(2)
  clock.advance(1)
  await loop.tick()
  expect(check.runs).toBe(3)
  clock.advance(EVERY_MS - 1)
  await loop.tick()
  expect(check.runs).toBe(3)
})

test('a check that throws is logged, rests, and stops no other', async () => {
  const { clock, errors, loop } = setUp()
  const failure = new Error('no storage')
  let attempts = 0
  loop.add('bad', async () => {
    attempts++
    throw failure
  })
  const good = saying(1, 1)
  loop.add('good', good.run)
  await loop.tick()
  await loop.tick()
  expect(errors).toEqual([{ err: failure, check: 'bad' }])
  expect([attempts, good.runs]).toEqual([1, 3])
  clock.advance(EVERY_MS)
  await loop.tick()
  expect([attempts, good.runs]).toEqual([2, 4])
})

test('a check never runs twice at a time, and a slow one holds up no other', async () => {
  const { clock, loop } = setUp()
  const slow = Promise.withResolvers<number>()
  let runs = 0
  loop.add('slow', () => {
    runs++
    return slow.promise
  })
  const quick = saying()
  loop.add('quick', quick.run)
  const first = loop.tick()
  await until(() => quick.runs === 1, 'the quick check')
  await sleep(5) // it comes to rest
  clock.advance(EVERY_MS)
  const second = loop.tick()
  await until(() => quick.runs === 2, 'the quick check goes on')
  expect(runs).toBe(1)
  slow.resolve(0)
  await Promise.all([first, second])
  expect(runs).toBe(1)
})

test('a clock that is set back far does not silence a check', async () => {
  const { clock, loop } = setUp()
  const check = saying()
  loop.add('check', check.run)
  await loop.tick()
  clock.advance(-3_600_000)
  await loop.tick()
  expect(check.runs).toBe(2)
})

test('once started it runs by itself, also what is added later, as the clock goes', async () => {
  const { clock, loop } = setUp(20)
  const [first, later] = [saying(1), saying()]
  loop.add('first', first.run)
  await sleep(30)
  expect(first.runs).toBe(0)
  loop.start()
  await until(() => first.runs === 2, 'the first round')
  loop.add('later', later.run)
  await until(() => later.runs === 1, 'what was added later')
  await sleep(50)
  expect([first.runs, later.runs]).toEqual([2, 1])
  clock.advance(20)
  await until(() => first.runs === 3 && later.runs === 2, 'the second round')
})

test('stop waits for the check that runs, and nothing begins after it', async () => {
  const { clock, loop } = setUp(5)
  const slow = Promise.withResolvers<number>()
  let runs = 0
  loop.add('slow', () => {
    runs++
    return slow.promise
  })
  loop.start()
  await until(() => runs === 1, 'the check runs')
  let stopped = false
  const stopping = loop.stop().then(() => {
    stopped = true
  })
  await sleep(20)
  expect(stopped).toBe(false)
  slow.resolve(1)
  await stopping
  clock.advance(5)
  await loop.tick()
  await sleep(20)
  expect(runs).toBe(1)
})

test('two checks cannot share a name', () => {
  const { loop } = setUp()
  loop.add('check', async () => 0)
  expect(() => loop.add('check', async () => 0)).toThrow('two checks are called check')
})

test('a woken check runs before its turn, and once more when it was running', async () => {
  const { loop } = setUp(60_000)
  const turns: (() => void)[] = []
  let runs = 0
  loop.add('check', () => {
    runs++
    return new Promise((resolve) => turns.push(() => resolve(0)))
  })
  loop.start()
  await until(() => runs === 1, 'the first run')
  loop.wake('check')
  loop.wake('check')
  turns[0]!()
  await until(() => runs === 2, 'the run it was woken for')
  turns[1]!()
  await sleep(20)
  expect(runs).toBe(2)
  loop.wake('check')
  await until(() => runs === 3, 'the run out of rest')
  turns[2]!()
  expect(() => loop.wake('no such check')).toThrow('no such check')
})

test('a stopped loop cannot be woken', async () => {
  const { loop } = setUp()
  const check = saying()
  loop.add('check', check.run)
  await loop.stop()
  loop.wake('check')
  await sleep(20)
  expect(check.runs).toBe(0)
})
