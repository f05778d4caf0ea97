import type { TokenSigner } from '../domains/responses/index.ts'
import type { World } from '../domains/world.ts'
import type { Logger } from '../platform/logger.ts'
import type { Rate, RateLimiter } from '../platform/rate-limiter.ts'
import type { Storage } from '../providers/storage/index.ts'

/** What one address may do; generous, since an office or a school shares one. */
export interface WebRates {
  /** Sessions opened. Default 60 a minute. */
  sessions: Rate
  /** Answers saved or taken back one by one, and pages posted. Default 600 a minute. */
  answers: Rate
  /** Files and recordings sent. Default 60 a minute. */
  uploads: Rate
  /** Responses submitted. Default 60 a minute. */
  submits: Rate
}

export const DEFAULT_RATES: WebRates = {
  sessions: { points: 60, seconds: 60 },
  answers: { points: 600, seconds: 60 },
  uploads: { points: 60, seconds: 60 },
  submits: { points: 60, seconds: 60 },
}

export interface WebDeps {
  world: World
  signer: TokenSigner
  storage: Storage
  limiter: RateLimiter
  logger: Logger
  /** The most bytes of one upload, whatever its question allows. */
  maxUploadBytes: number
  /** The server's own address: its host stands for the oldest workspace, `<workspace>.<host>` for the others. */
  publicUrl: URL
  /** Limits per address of the caller. */
  rates?: Partial<WebRates>
}

/** The same with nothing left open. */
export type Web = Omit<WebDeps, 'rates'> & { rates: WebRates }

/** Takes one point of what this caller may do. Throws RATE_LIMITED. */
export function take(web: Web, name: keyof WebRates, ip: string): Promise<void> {
  return web.limiter.take(`web:${name}`, ip, web.rates[name])
}
