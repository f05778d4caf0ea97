import { integer, type Settings } from './kinds.ts'

export const legacySettings = {
  SAYIFY_RATE_LIMIT: integer(0, 10_000_000).default(100),
}

export interface LegacyConfig {
  /** Requests to Sayify's REST API per key; 0 is no limit. */
  sayifyPerMinute: number
}

export function legacyOf(e: Settings<typeof legacySettings>): LegacyConfig {
  return { sayifyPerMinute: e.SAYIFY_RATE_LIMIT }
}
