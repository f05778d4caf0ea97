import type { Redis } from 'ioredis'
import type { Clock } from './clock.ts'
import { type Rate, rateLimited } from './rate-limiter.ts'

export interface SlidingLimiter {
  /**
   * Lets a request of `who` through when fewer than `rate.points` of them were let through in the `rate.seconds` before
   * now, to the millisecond. Throws RATE_LIMITED otherwise, with `retryAfter`: the whole seconds after which the next
   * one will be. What is refused is not counted, so that this holds whatever else is sent meanwhile.
   */
  take(name: string, who: string, rate: Rate): Promise<void>
}

/** Counts in this process, or in Redis when several processes share one limit. */
export function createSlidingLimiter(clock: Clock, redis?: Redis): SlidingLimiter {
  const logs = new Logs()
  return {
    async take(name, who, { points, seconds }) {
      const now = clock.now().getTime()
      const windowMs = seconds * 1000
      const id = `${name}:${seconds}:${who}`
      const waitMs = redis
        ? // While Redis is away each process limits by itself: a limiter must not be what takes the server down.
          await takeInRedis(redis, id, now, windowMs, points).catch(() => logs.take(id, now, windowMs, points))
        : logs.take(id, now, windowMs, points)
      if (waitMs > 0) throw rateLimited(Math.min(seconds, Math.ceil(waitMs / 1000)))
    },
  }
}

/**
 * When requests of one were let through, the oldest first. A clock that goes back does not break the order: what comes
 * then counts as if it came with the one before.
 */
interface Log {
  times: number[]
  /** Those before it have left the window. */
  from: number
  windowMs: number
}

class Logs {
  /** In the order of their last use. */
  readonly #logs = new Map<string, Log>()

  /** 0 when it is let through, else the milliseconds until the next one will be. */
  take(id: string, now: number, windowMs: number, limit: number): number {
    this.#forget(now)
    const log = this.#logs.get(id) ?? { times: [], from: 0, windowMs }
    while (log.from < log.times.length && log.times[log.from]! <= now - windowMs) log.from++
    // Not at every request, since it moves all that are left.
    if (log.from * 2 > log.times.length) {
      log.times = log.times.slice(log.from)
      log.from = 0
    }
    const count = log.times.length - log.from
    // Of a limit that was lowered more than one has to leave first.
    if (count >= limit) return log.times[log.times.length - limit]! + windowMs - now
    log.times.push(Math.max(now, log.times.at(-1) ?? now))
    this.#logs.delete(id)
    this.#logs.set(id, log)
    return 0
  }

  /** Drops those in whose window nothing is left. */
  #forget(now: number): void {
    for (const [id, { times, windowMs }] of this.#logs) {
      if (times.at(-1)! > now - windowMs) return
      this.#logs.delete(id)
    }
  }
}

/** The same in one step of Redis: KEYS is the log, ARGV now, the window in milliseconds and the limit. */
const TAKE = `
local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and tonumber(oldest) <= now - window do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local count = redis.call('LLEN', KEYS[1])
if count >= limit then
  return tonumber(redis.call('LINDEX', KEYS[1], count - limit)) + window - now
end
local last = tonumber(redis.call('LINDEX', KEYS[1], -1) or now)
redis.call('RPUSH', KEYS[1], string.format('%.0f', math.max(now, last)))
redis.call('PEXPIRE', KEYS[1], window)
return 0`

async function takeInRedis(redis: Redis, id: string, now: number, windowMs: number, limit: number): Promise<number> {
  return Number(await redis.eval(TAKE, 1, `saygraph:sliding:${id}`, now, windowMs, limit))
}
