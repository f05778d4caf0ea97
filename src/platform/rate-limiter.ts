import type { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { ExpectedError } from './errors.ts'

/** So many points in so many seconds. */
export interface Rate {
  points: number
  seconds: number
}

export interface RateLimiter {
  /**
   * Takes points from the bucket `name` of `who` (a key's id, an address). Throws RATE_LIMITED with `retryAfter`, in
   * seconds, when it is empty.
   */
  take(name: string, who: string, rate: Rate, points?: number): Promise<void>
}

/** Counts in this process, or in Redis when several processes share one limit. */
export function createRateLimiter(redis?: Redis): RateLimiter {
  const buckets = new Map<string, RateLimiterMemory | RateLimiterRedis>()

  function bucket(name: string, { points, seconds }: Rate) {
    const id = `${name}:${points}:${seconds}`
    let limiter = buckets.get(id)
    if (!limiter) {
      const options = { keyPrefix: `saygraph:${id}`, points, duration: seconds }
      limiter = redis
        ? // While Redis is away each process limits by itself: a limiter must not be what takes the server down.
          new RateLimiterRedis({ ...options, storeClient: redis, insuranceLimiter: new RateLimiterMemory(options) })
        : new RateLimiterMemory(options)
      buckets.set(id, limiter)
    }
    return limiter
  }

  return {
    async take(name, who, rate, points = 1) {
      try {
        await bucket(name, rate).consume(who, points)
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        throw rateLimited(Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)))
      }
    },
  }
}

/** `retryAfter`: seconds. */
export function rateLimited(retryAfter: number): ExpectedError {
  return new ExpectedError('RATE_LIMITED', `Too many requests. Try again in ${retryAfter} seconds.`, {
    details: { retryAfter },
  })
}
