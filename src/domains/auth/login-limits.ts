import { createHash } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import { ExpectedError } from '../../platform/errors.ts'
import type { Rate, RateLimiter } from '../../platform/rate-limiter.ts'
import { verifyPassword } from './password-hash.ts'
import { normalPassword } from './password-rules.ts'

/**
 * Failures only: whoever knows the password may log in as often as they like. The one after these is refused as too
 * many, and so is everything that follows it for a while.
 */
export const FAILURES_PER_ADDRESS: Rate = { points: 20, seconds: 15 * 60 }
/** Across all addresses. NIST SP 800-63B allows 100 in a row; more would let a password be guessed in time. */
export const FAILURES_PER_ACCOUNT: Rate = { points: 50, seconds: 60 * 60 }

export interface Attempt {
  /** What is attacked: an e-mail address in lower case, whether or not somebody has it, or a user's id. */
  account: string
  /** Where it comes from, an IP address; undefined where that is not known. */
  address: string | undefined
  password: string
  /** Undefined: nobody has this account. */
  hash: string | undefined
}

/**
 * Whether the password is right; a failure is counted. Throws RATE_LIMITED, for right and wrong passwords alike, when
 * the address or the account has had its failures. Costs the same whether or not somebody has the account.
 */
export async function judgeAttempt(limiter: RateLimiter, attempt: Attempt): Promise<boolean> {
  const account = createHash('sha256').update(attempt.account).digest('hex')
  const address = attempt.address === undefined ? undefined : networkOf(attempt.address)
  async function take(points: number): Promise<void> {
    if (address !== undefined) await limiter.take('login-address', address, FAILURES_PER_ADDRESS, points)
    await limiter.take('login-account', account, FAILURES_PER_ACCOUNT, points)
  }
  // Before it waits, and again when its turn has come: of many at once, no more are tried than the limit and the few
  // that are under way.
  await take(0)
  const right = await verifyPassword(normalPassword(attempt.password), attempt.hash, () => take(0))
  if (!right) await take(1)
  return right
}

export function wrongPassword(message: string, path: readonly (string | number)[] = []): ExpectedError {
  return new ExpectedError('WRONG_PASSWORD', message, { path })
}

/** Who has one IPv6 address has its whole /64. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return (parsed as ipaddr.IPv6).parts.slice(0, 4).join(':')
}
