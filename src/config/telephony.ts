import { z } from 'zod'
import { integer, type Settings, serverUrl } from './kinds.ts'

export const telephonySettings = {
  TELEPHONY: z.enum(['simulated'], 'must be simulated').default('simulated'),
  CARRIER_URL: serverUrl.optional(),
  CARRIER_SEED: z.string().default('1'),
  CARRIER_LINES: integer(1, 10_000).default(100),
}

export type TelephonyConfig =
  /** Simulated people in this process. */
  | { adapter: 'simulated'; seed: string; lines: number }
  /** Simulated people in a process of their own. */
  | { adapter: 'carrier'; url: string }

export function telephonyOf(e: Settings<typeof telephonySettings>): TelephonyConfig {
  return e.CARRIER_URL
    ? { adapter: 'carrier', url: e.CARRIER_URL }
    : { adapter: 'simulated', seed: e.CARRIER_SEED, lines: e.CARRIER_LINES }
}
