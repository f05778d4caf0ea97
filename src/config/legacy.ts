import { z } from 'zod'
import { isTimeZone } from '../platform/time-zone.ts'
import { integer, type Settings } from './kinds.ts'

export const legacySettings = {
  SAYIFY_RATE_LIMIT: integer(0, 10_000_000).default(100),
  LEGACY_TIME_ZONE: z
    .string()
    .refine(isTimeZone, 'must be UTC or an IANA time zone such as Europe/Helsinki')
    .default('UTC'),
}

export interface LegacyConfig {
  /** Requests to Sayify's REST API per key; 0 is no limit. */
  sayifyPerMinute: number
  /** Of the daily windows of Multisender's campaigns, IANA (contract/multisender.md A5). */
  timeZone: string
}

export function legacyOf(e: Settings<typeof legacySettings>): LegacyConfig {
  return { sayifyPerMinute: e.SAYIFY_RATE_LIMIT, timeZone: e.LEGACY_TIME_ZONE }
}
