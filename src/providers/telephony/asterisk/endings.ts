import { normaliseCause } from '../causes.ts'
import type { Ending } from '../telephony.ts'
import type { CallRecord } from './call-records.ts'

export const NORMAL_CLEARING = 16
const NO_ANSWER = 19
/** By the far side, or by Asterisk itself, which then has a SIP code of its own making. */
export const REJECTED = 21
/** What Asterisk makes of 503: without a SIP code it would be our want of circuits, which is refused before a channel is. */
const CONGESTION = 34

/**
 * Before the answer Asterisk says "normal clearing" only for channels that our side has hung up: whatever the far side
 * says becomes another cause, and the end of the ringing time is 19.
 */
const isCancelled = (q850: number, sip?: number) => q850 === NORMAL_CLEARING && sip === undefined

/** As the event of its end tells it. */
export function endingOf(call: {
  at: Date
  answeredAt: Date | undefined
  rang: boolean
  q850: number
  sip: number | undefined
}): Ending {
  const { at, answeredAt, rang, q850, sip } = call
  const codes = sip === undefined ? { q850 } : { q850, sip }
  const cause = normaliseCause({ answered: answeredAt !== undefined, rang, cancelled: isCancelled(q850, sip), codes })
  return { cause, answeredAt, endedAt: at, codes }
}

/**
 * As the call records tell it. They have no SIP code, and do not say whether it rang: a phone that was silent for the
 * whole ringing time is taken for one that rang, because a trunk answers in some way or other.
 */
export function recordedEnding({ answeredAt, ended, mayHaveRung, lastAt }: CallRecord): Ending {
  if (!ended) {
    // Asterisk was killed during the call; nothing later is known of it.
    return { cause: answeredAt ? 'answered' : 'provider_fault', answeredAt, endedAt: lastAt, codes: {} }
  }
  const { at, q850 } = ended
  // What Asterisk makes of a channel that it has no use for.
  if (q850 === REJECTED && !answeredAt && !mayHaveRung) return notDialled(at)
  const cause = normaliseCause({
    answered: answeredAt !== undefined,
    rang: q850 === NO_ANSWER,
    cancelled: isCancelled(q850),
    codes: q850 === CONGESTION ? { q850, sip: 503 } : { q850 },
  })
  return { cause, answeredAt, endedAt: at, codes: { q850 } }
}

/** There was a channel, and no phone has rung. */
export function notDialled(at: Date): Ending {
  return { cause: 'provider_fault', answeredAt: undefined, endedAt: at, codes: {} }
}

/** How many are kept. */
const REMEMBERED = 10_000

/** How calls ended, as it was told: asked again, the same is said. */
export class Endings {
  readonly #endings = new Map<string, Ending>()

  get(callId: string): Ending | undefined {
    return this.#endings.get(callId)
  }

  keep(callId: string, ending: Ending): void {
    this.#endings.set(callId, ending)
    if (this.#endings.size > REMEMBERED) this.#endings.delete(this.#endings.keys().next().value!)
  }

  fromRecord(callId: string, record: CallRecord): Ending {
    const ending = recordedEnding(record)
    this.keep(callId, ending)
    return ending
  }
}
