import { systemClock } from '../../src/platform/clock.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { type AsteriskOptions, asteriskTelephony } from '../../src/providers/telephony/asterisk/asterisk.ts'
import type { Telephony } from '../../src/providers/telephony/index.ts'
import type { Rig } from './rig/rig.ts'

export function telephonyOf(rig: Rig, options: Partial<AsteriskOptions> = {}): Telephony {
  return asteriskTelephony({
    ...rig.ari,
    routes: { endpoint: rig.endpoint, byCountry: {} },
    ...{ callerId: undefined, lines: 10, callRecords: rig.celFile, app: 'saygraph' },
    ...{ clock: systemClock, logger: createLogger('error') },
    ...options,
  })
}
