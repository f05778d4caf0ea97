import type { FakeClock } from '../../platform/clock.ts'
import type { LedgerCall, LedgerEntry } from './simulated/ledger.ts'
import { type LocalOptions, localCarrier } from './simulated/local.ts'
import type { Telephony } from './telephony.ts'

export interface FakeTelephony extends Telephony {
  /** Everything that happened, in order, as the carrier saw it. Empty when it remembers no ended calls (`remembered: 0`). */
  readonly history: readonly LedgerEntry[]
  /** Every call that was dialled, in order, with what became of it. */
  calls(): LedgerCall[]
  /** When something is due next, if anything is. */
  nextDue(): Date | undefined
  /** Lets `ms` milliseconds pass: each thing happens at its instant, and its listener is done before the next happens. */
  advance(ms: number): Promise<void>
  /** Does what is due by the clock as it stands, for tests that move the clock themselves. */
  settle(): Promise<void>
}

/**
 * The fake of this port: the same simulated people as the other forms of the simulated carrier, on a clock that stands
 * still until `advance`. Same seed, same dials, same course of events. `calledBefore` tells it of calls that numbers had
 * earlier, so that a simulation foretells what a carrier that had them will do.
 */
export function fakeTelephony(options: Omit<LocalOptions, 'clock'> & { clock: FakeClock }): FakeTelephony {
  const { clock } = options
  const history: LedgerEntry[] = []
  const { telephony, exchange, idle } = localCarrier(
    {
      ...options,
      onEntry(entry) {
        if (options.remembered !== 0) history.push(entry)
        options.onEntry?.(entry)
      },
    },
    { remembers: true, onPlanned() {}, async travel() {} },
  )
  const now = () => clock.now().getTime()
  async function passUntil(end: number): Promise<void> {
    await idle()
    for (let next = exchange.nextDue(); next !== undefined && next <= end; next = exchange.nextDue()) {
      clock.set(new Date(Math.max(next, now())))
      exchange.runOne(next)
      await idle()
    }
  }
  return {
    ...telephony,
    history,
    calls: () => exchange.calls(),
    nextDue() {
      const next = exchange.nextDue()
      return next === undefined ? undefined : new Date(next)
    },
    async advance(ms) {
      const end = now() + ms
      await passUntil(end)
      clock.set(new Date(Math.max(end, now())))
    },
    settle: () => passUntil(now()),
  }
}
