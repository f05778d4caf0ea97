import { Redis } from 'ioredis'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { refusal } from '../../test/kit/world.ts'
import { createRateLimiter } from './rate-limiter.ts'

const REDIS = process.env.TEST_REDIS_URL
afterEach(() => vi.useRealTimers())

test('takes until the bucket is empty, then says when to come again, and fills up after that', async () => {
  vi.useFakeTimers({ now: 0 })
  const limiter = createRateLimiter()
  const rate = { points: 2, seconds: 10 }
  await limiter.take('calls', 'a', rate)
  await vi.advanceTimersByTimeAsync(3_500)
  await limiter.take('calls', 'a', rate)
  expect(await refusal(limiter.take('calls', 'a', rate))).toEqual({
    code: 'RATE_LIMITED',
    message: 'Too many requests. Try again in 7 seconds.',
    path: [],
    details: { retryAfter: 7 },
  })
  await vi.advanceTimersByTimeAsync(7_000)
  await limiter.take('calls', 'a', rate)
})

test('buckets are apart by name, by owner and by rate', async () => {
  const limiter = createRateLimiter()
  const rate = { points: 1, seconds: 60 }
  await limiter.take('calls', 'a', rate)
  await limiter.take('calls', 'b', rate)
  await limiter.take('texts', 'a', rate)
  await limiter.take('calls', 'a', { points: 5, seconds: 60 }, 5)
  await expect(limiter.take('calls', 'a', rate)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  await expect(limiter.take('calls', 'c', rate, 2)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
})

describe.skipIf(!REDIS)('in Redis', () => {
  test('two processes share one bucket', async () => {
    const connections = [new Redis(REDIS!), new Redis(REDIS!)]
    const [one, two] = connections.map((redis) => createRateLimiter(redis))
    const name = `test-${process.pid}-${performance.now()}`
    const rate = { points: 5, seconds: 60 }
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? one! : two!).take(name, 'a', rate)),
    )
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(5)
    for (const redis of connections) redis.disconnect()
  })
})

test('without Redis within reach each process still limits', async () => {
  const away = new Redis({
    host: '127.0.0.1',
    port: 1,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: null,
  })
  away.on('error', () => {})
  const limiter = createRateLimiter(away)
  const rate = { points: 1, seconds: 60 }
  await limiter.take('calls', 'a', rate)
  expect((await refusal(limiter.take('calls', 'a', rate))).code).toBe('RATE_LIMITED')
  away.disconnect()
})
