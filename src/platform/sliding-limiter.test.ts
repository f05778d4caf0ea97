import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, test } from 'vitest'
import { FakeClock } from './clock.ts'
import { createSlidingLimiter, type SlidingLimiter } from './sliding-limiter.ts'

const url = process.env.TEST_REDIS_URL
const START = '2026-06-01T12:00:00.000Z'
const HOUR = 3600

const clients: Redis[] = []
const connect = () => {
  const redis = new Redis(url!, { maxRetriesPerRequest: 1 })
  clients.push(redis)
  return redis
}
afterAll(() => clients.forEach((client) => void client.disconnect()))

const STORES: [name: string, make: (clock: FakeClock) => SlidingLimiter][] = [
  ['in the process', (clock) => createSlidingLimiter(clock)],
  ...(url
    ? ([['in Redis', (clock) => createSlidingLimiter(clock, shared())]] satisfies [
        string,
        (clock: FakeClock) => SlidingLimiter,
      ][])
    : []),
]
let redis: Redis | undefined
const shared = () => {
  redis ??= connect()
  return redis
}

/** 0 when it is let through, else the seconds to wait. */
async function tried(limiter: SlidingLimiter, who: string, points: number, seconds = HOUR): Promise<number> {
  try {
    await limiter.take('bucket', who, { points, seconds })
    return 0
  } catch (error) {
    expect(error).toMatchObject({ code: 'RATE_LIMITED', retryable: true })
    return (error as { details: { retryAfter: number } }).details.retryAfter
  }
}

describe.each(STORES)('%s', (_, make) => {
  test.each<[label: string, points: number, steps: [atMs: number, wait: number][]]>([
    [
      'one more than the limit is refused until the first leaves',
      3,
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 3600],
        [1, 3600],
        [1_000, 3599],
        [3_599_000, 1],
        [3_599_999, 1],
        [3_600_000, 0],
      ],
    ],
    [
      'the window slides: each leaves an hour after it came, no sooner',
      2,
      [
        [0, 0],
        [1_800_000, 0],
        [3_599_999, 1],
        [3_600_000, 0],
        [3_600_000, 1800],
        [5_399_999, 1],
        [5_400_000, 0],
        [5_400_000, 1800],
      ],
    ],
    [
      'what is refused is not counted',
      1,
      [
        [0, 0],
        [1_800_000, 1800],
        [3_000_000, 600],
        [3_600_000, 0],
      ],
    ],
    [
      'a clock that goes back lets nobody wait longer than the window',
      1,
      [
        [10_000_000, 0],
        [0, 3600],
        [13_600_000, 0],
      ],
    ],
  ])('%s', async (_label, points, steps) => {
    const clock = new FakeClock(START)
    const limiter = make(clock)
    const who = randomUUID()
    const waits = []
    for (const [at] of steps) {
      clock.set(new Date(Date.parse(START) + at))
      waits.push([at, await tried(limiter, who, points)])
    }
    expect(waits).toEqual(steps)
  })

  test('a limit that is raised lets in at once, one that is lowered when enough have left', async () => {
    const clock = new FakeClock(START)
    const limiter = make(clock)
    const who = randomUUID()
    for (let n = 0; n < 4; n++) {
      expect(await tried(limiter, who, 4)).toBe(0)
      clock.advance(60_000)
    }
    expect(await tried(limiter, who, 4)).toBe(HOUR - 240)
    // The third of the four must leave before one of two is free.
    expect(await tried(limiter, who, 2)).toBe(HOUR - 120)
    expect(await tried(limiter, who, 5)).toBe(0)
  })

  test('keeps people and windows apart', async () => {
    const clock = new FakeClock(START)
    const limiter = make(clock)
    const [one, two] = [randomUUID(), randomUUID()]
    expect(await tried(limiter, one, 1)).toBe(0)
    expect(await tried(limiter, two, 1)).toBe(0)
    expect(await tried(limiter, one, 1, 60)).toBe(0)
    expect(await tried(limiter, one, 1)).toBe(HOUR)
  })

  test('two hundred at once are let through, and none more', async () => {
    const limiter = make(new FakeClock(START))
    const who = randomUUID()
    const waits = await Promise.all(Array.from({ length: 250 }, () => tried(limiter, who, 200)))
    expect(waits.filter((wait) => wait === 0)).toHaveLength(200)
    expect(waits.filter((wait) => wait === HOUR)).toHaveLength(50)
  })

  test('does what a list of all moments would', async () => {
    // Redis forgets by its own clock, so windows are longer than a run may take.
    const step = fc.record({ after: fc.integer({ min: 0, max: 120_000 }), who: fc.constantFrom('a', 'b') })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 60, max: 300 }),
        async (steps, points, seconds) => {
          const clock = new FakeClock(START)
          const limiter = make(clock)
          const run = randomUUID()
          const passed: { who: string; at: number }[] = []
          for (const { after, who } of steps) {
            clock.advance(after)
            const now = clock.now().getTime()
            const recent = passed.filter((each) => each.who === who && each.at > now - seconds * 1000)
            const isFree = recent.length < points
            if (isFree) passed.push({ who, at: now })
            const wait = await tried(limiter, run + who, points, seconds)
            expect(wait).toBe(isFree ? 0 : Math.ceil((recent[0]!.at + seconds * 1000 - now) / 1000))
          }
        },
      ),
      { numRuns: url ? 60 : 200 },
    )
  })
})

describe.runIf(url)('of several processes', () => {
  test('count together', async () => {
    const clock = new FakeClock(START)
    const [one, two] = [createSlidingLimiter(clock, connect()), createSlidingLimiter(clock, connect())]
    const who = randomUUID()
    const waits = await Promise.all(Array.from({ length: 30 }, (_, n) => tried(n % 2 ? one : two, who, 20)))
    expect(waits.filter((wait) => wait === 0)).toHaveLength(20)
    clock.advance(HOUR * 1000)
    expect(await tried(one, who, 20)).toBe(0)
  })

  test('leave nothing in Redis for longer than the window', async () => {
    const who = randomUUID()
    await createSlidingLimiter(new FakeClock(START), shared()).take('bucket', who, { points: 3, seconds: 60 })
    const left = await shared().pttl(`saygraph:sliding:bucket:60:${who}`)
    expect(left).toBeGreaterThan(50_000)
    expect(left).toBeLessThanOrEqual(60_000)
  })
})

test('without Redis each process limits by itself', async () => {
  const away = new Redis('redis://127.0.0.1:1', { maxRetriesPerRequest: 0, retryStrategy: () => null })
  away.on('error', () => {})
  clients.push(away)
  const limiter = createSlidingLimiter(new FakeClock(START), away)
  expect([await tried(limiter, 'alone', 1), await tried(limiter, 'alone', 1)]).toEqual([0, HOUR])
})

test('those who come again after the window begin anew', async () => {
  const clock = new FakeClock(START)
  const limiter = createSlidingLimiter(clock)
  for (let n = 0; n < 1_000; n++) await limiter.take('bucket', String(n), { points: 1, seconds: 1 })
  clock.advance(1_000)
  for (let n = 0; n < 1_000; n++) expect(await tried(limiter, String(n), 1, 1)).toBe(0)
})
