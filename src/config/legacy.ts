import { z } from 'zod'
import { isTimeZone } from '../platform/time-zone.ts'
import { integer, type Settings } from './kinds.ts'

export const legacySettings = {
  SAYIFY_RATE_LIMIT: integer(0, 10_000_000).default(100),
  SAYGENT_RATE_LIMIT: integer(0, 1_000_000).default(200),
  SAYGENT_HTTP_STATUS: z.enum(['always-200', 'matching'], 'must be always-200 or matching').default('always-200'),
  LEGACY_TIME_ZONE: z
    .string()
    .refine(isTimeZone, 'must be UTC or an IANA time zone such as Europe/Helsinki')
    .default('UTC'),
}

export interface LegacyConfig {
  /** Requests to Sayify's REST API per key; 0 is no limit. */
  sayifyPerMinute: number
  /** Requests to Saygent's REST API of keys that have no limit of their own, in any hour; 0 is no limit. */
  saygentPerHour: number
  /** What HTTP says of failures in Saygent's REST API (contract/saygent.md A1). */
  saygentHttpStatus: 'always-200' | 'matching'
  /** Of the daily windows of Multisender's campaigns, IANA (contract/multisender.md A5). */
  timeZone: string
}

export function legacyOf(e: Settings<typeof legacySettings>): LegacyConfig {
  return {
    sayifyPerMinute: e.SAYIFY_RATE_LIMIT,
    saygentPerHour: e.SAYGENT_RATE_LIMIT,
    saygentHttpStatus: e.SAYGENT_HTTP_STATUS,
    timeZone: e.LEGACY_TIME_ZONE,
  }
}
