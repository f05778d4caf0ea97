import { type Faults, NO_FAULTS, type Population, population } from '../../src/providers/telephony/index.ts'

/** A campaign of the ordeal, as a share of all receivers. */
export interface CampaignPlan {
  name: string
  share: number
  acceptsWanted: number
  maxAttempts: number
  lines: number | null
  /** `opens`: nobody may be called before some instant soon after the beginning; `closes`: nobody after it. */
  window: 'none' | 'opens' | 'closes'
  /** When it ends at the latest, after its making; null: when everybody is settled. */
  endsAfterMs: number | null
}

/** More than there are receivers: the campaign goes on until everybody is settled. */
const NO_TARGET = 1_000_000

export const CAMPAIGNS: readonly CampaignPlan[] = [
  // Stops at an exact number of accepts, with far more people to call than that takes. The last one is waited for call by
  // call, which takes long when news are lost; so it has an end.
  { name: 'target', share: 0.25, acceptsWanted: 60, maxAttempts: 3, lines: 40, window: 'none', endsAfterMs: 60_000 },
  {
    name: 'large',
    share: 0.5,
    acceptsWanted: NO_TARGET,
    maxAttempts: 3,
    lines: null,
    window: 'none',
    endsAfterMs: null,
  },
  { name: 'opens', share: 0.125, acceptsWanted: 40, maxAttempts: 3, lines: null, window: 'opens', endsAfterMs: 60_000 },
  {
    name: 'closes',
    share: 0.125,
    acceptsWanted: NO_TARGET,
    maxAttempts: 2,
    lines: 6,
    window: 'closes',
    endsAfterMs: 20_000,
  },
]

export const LINES = 300
export const REDIAL_AFTER_MS = 1_500
export const ACCEPT = '1'
export const BUTTONS = [
  { button: ACCEPT, action: 'accept' },
  { button: '2', action: 'decline' },
  { button: '9', action: 'opt_out' },
] as const

/** After this long a dial request has arrived or never will; what the adapter says of itself at the wall's speed. */
export const DIAL_SETTLES_MS = 6_000

/**
 * People who are quick, so that thousands of calls fit into a minute of the wall's clock, by which the engine's own waits
 * run. Nobody lets it ring, which would take the whole ring timeout; and who hears nothing hangs up soon, so that
 * some news of keys come when all is over.
 */
export function peopleOf(seed: string): Population {
  return population({
    ...{ seed, unknownNumbers: 0.02, busy: 0.12, ringsOut: 0, declines: 0.1, unreachable: 0.05, fault: 0.02 },
    ...{ hangsUp: 0.05, drops: 0.03, keys: { [ACCEPT]: 0.55, '2': 0.35, '9': 0.05 }, scripts: [] },
    ...{ setUp: { minMs: 20, maxMs: 250 }, ring: { minMs: 50, maxMs: 1_200 }, reaction: { minMs: 150, maxMs: 1_500 } },
    patienceMs: 2_500,
  })
}

/** Everything goes wrong at once. Some news are so late that nobody waits for them any more. */
export function faultsOf(seed: string): Faults {
  return {
    ...NO_FAULTS,
    ...{ seed, lost: 0.06, doubled: 0.15, late: 0.25, lateBy: { minMs: 50, maxMs: 12_000 } },
    ...{ dialLost: 0.02, dialAnswerLost: 0.02, dialSlow: 0.1, dialSlowBy: { minMs: 50, maxMs: 800 } },
    ...{ commandLost: 0.03, commandAnswerLost: 0.03 },
  }
}
