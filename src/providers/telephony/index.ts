import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import { type AsteriskConfig, asteriskTelephony } from './asterisk/asterisk.ts'
import { carrierClient } from './simulated/carrier-client.ts'
import { embeddedCarrier } from './simulated/embedded.ts'
import { population } from './simulated/population.ts'
import type { Telephony } from './telephony.ts'

export { CAUSES, type Cause, type NetworkCodes } from './causes.ts'
export { type FakeTelephony, fakeTelephony } from './fake.ts'
export { acceleratedClock, type Pace } from './simulated/accelerated-clock.ts'
export { type Faults, NO_FAULTS } from './simulated/faults.ts'
export type { LedgerCall, LedgerEntry } from './simulated/ledger.ts'
export { type Behaviour, behaviour, type Population, population, type Script } from './simulated/population.ts'
export {
  type ActiveCall,
  type CallEvent,
  type CallReport,
  type Capabilities,
  type CollectOutcome,
  type Command,
  type CommandResult,
  DIGITS,
  type DialRequest,
  type DialResult,
  type Digit,
  type Ending,
  isE164,
  type Listener,
  type Listening,
  type Media,
  type Rehearsal,
  type Stage,
  type Telephony,
  TelephonyUnavailableError,
} from './telephony.ts'

/** Every way to call, as configuration. */
export type TelephonyConfig =
  /** Simulated people, within this process. */
  | { adapter: 'simulated'; seed: string; lines: number }
  /** Simulated people, within a process of their own. */
  | { adapter: 'carrier'; url: string }
  /** Real people. */
  | ({ adapter: 'asterisk' } & AsteriskConfig)

export function createTelephony(config: TelephonyConfig, deps: { clock: Clock; logger: Logger }): Telephony {
  switch (config.adapter) {
    case 'simulated':
      return embeddedCarrier({ ...deps, people: population({ seed: config.seed }), lines: config.lines })
    case 'carrier':
      return carrierClient({ url: config.url, logger: deps.logger })
    case 'asterisk':
      return asteriskTelephony({ ...config, ...deps })
  }
}
