import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, test } from 'vitest'
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts'

const url = process.env.TEST_REDIS_URL
const RATE = { points: 3, seconds: 60 }

async function refusalsOf(limiter: RateLimiter, times: number, name: string, who: string) {
  const results = []
  for (let n = 0; n < times; n++) results.push(await limiter.take(name, who, RATE).catch((error) => error))
  return results.filter((result) => result !== undefined)
}

function conformance(make: () => RateLimiter) {
  test('lets the points through and refuses the rest, saying when to come again', async () => {
    const refusals = await refusalsOf(make(), 5, 'bucket', randomUUID())
    expect(refusals).toHaveLength(2)
    expect(refusals[0]).toMatchObject({ code: 'RATE_LIMITED', retryable: true })
    expect(refusals[0].details.retryAfter).toBeGreaterThan(0)
    expect(refusals[0].details.retryAfter).toBeLessThanOrEqual(60)
  })

  test('keeps buckets and people apart', async () => {
    const limiter = make()
    const [one, two] = [randomUUID(), randomUUID()]
    expect(await refusalsOf(limiter, 3, 'a', one)).toEqual([])
    expect(await refusalsOf(limiter, 3, 'b', one)).toEqual([])
    expect(await refusalsOf(limiter, 3, 'a', two)).toEqual([])
    expect(await refusalsOf(limiter, 1, 'a', one)).toHaveLength(1)
  })

  test('takes several points at once', async () => {
    const limiter = make()
    const who = randomUUID()
    await limiter.take('bulk', who, RATE, 3)
    await expect(limiter.take('bulk', who, RATE)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  })
}

describe('in the process', () => conformance(() => createRateLimiter()))

describe.runIf(url)('in Redis', () => {
  const clients: Redis[] = []
  const connect = () => {
    const redis = new Redis(url!, { maxRetriesPerRequest: 1 })
    clients.push(redis)
    return redis
  }
  afterAll(() => clients.forEach((client) => void client.disconnect()))

  conformance(() => createRateLimiter(connect()))

  test('two processes count together', async () => {
    const [one, two] = [createRateLimiter(connect()), createRateLimiter(connect())]
    const who = randomUUID()
    expect(await refusalsOf(one, 2, 'shared', who)).toEqual([])
    expect(await refusalsOf(two, 2, 'shared', who)).toHaveLength(1)
  })

  test('without Redis each process limits by itself', async () => {
    const redis = new Redis('redis://127.0.0.1:1', { maxRetriesPerRequest: 0, retryStrategy: () => null })
    redis.on('error', () => {})
    clients.push(redis)
    expect(await refusalsOf(createRateLimiter(redis), 5, 'alone', randomUUID())).toHaveLength(2)
  })
})
