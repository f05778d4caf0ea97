import { chance, type Range, within } from './chance.ts'

/** What goes wrong between a carrier and its clients, as shares from 0 to 1. */
export interface Faults {
  seed: string
  /** Events that never arrive. */
  lost: number
  /** Events that arrive twice, the second time up to `lateBy.maxMs` later. */
  doubled: number
  /** Events that arrive later than they happened, so that others overtake them. */
  late: number
  lateBy: Range
  /** Dial requests that are lost on the way: the client does not know, and the carrier never hears of it. */
  dialLost: number
  /** Dial requests whose answer is lost: the client does not know, and there is a call. */
  dialAnswerLost: number
  /** Dial requests that travel for `dialSlowBy`. */
  dialSlow: number
  dialSlowBy: Range
  /** Commands that are lost on the way, and those that are done but whose answer is lost. */
  commandLost: number
  commandAnswerLost: number
  /** What happens while nobody listens to a seat is not kept for the next listener, as with Asterisk. */
  forgetful: boolean
}

export const NO_FAULTS: Faults = {
  seed: '1',
  lost: 0,
  doubled: 0,
  late: 0,
  lateBy: { minMs: 500, maxMs: 20_000 },
  dialLost: 0,
  dialAnswerLost: 0,
  dialSlow: 0,
  dialSlowBy: { minMs: 100, maxMs: 1_000 },
  commandLost: 0,
  commandAnswerLost: 0,
  forgetful: false,
}

/** How often, and how late each time, in milliseconds, an event arrives. A function of the words that name the event. */
export function arrivals(faults: Faults, ...event: readonly (string | number)[]): number[] {
  const of = (what: string) => chance(faults.seed, what, ...event)
  if (strikes(faults.lost, () => of('lost'))) return []
  const delay = strikes(faults.late, () => of('late')) ? within(faults.lateBy, of('late by')) : 0
  if (!strikes(faults.doubled, () => of('doubled'))) return [delay]
  return [delay, Math.floor(of('doubled by') * faults.lateBy.maxMs)]
}

/** What becomes of the n-th dial request for a number. */
export function dialFault(
  faults: Faults,
  number: string,
  nth: number,
): { lost?: 'request' | 'answer'; delayMs: number } {
  const of = (what: string) => chance(faults.seed, what, number, nth)
  const delayMs = strikes(faults.dialSlow, () => of('dial slow')) ? within(faults.dialSlowBy, of('dial slow by')) : 0
  if (strikes(faults.dialLost, () => of('dial lost'))) return { lost: 'request', delayMs }
  if (strikes(faults.dialAnswerLost, () => of('dial answer lost'))) return { lost: 'answer', delayMs }
  return { delayMs }
}

/** What becomes of a command, by the words that name this sending of it. */
export function commandFault(
  faults: Faults,
  ...sending: readonly (string | number)[]
): 'request' | 'answer' | undefined {
  if (faults.commandLost + faults.commandAnswerLost === 0) return undefined
  const drawn = chance(faults.seed, 'command', ...sending)
  if (drawn < faults.commandLost) return 'request'
  return drawn < faults.commandLost + faults.commandAnswerLost ? 'answer' : undefined
}

/** What never happens need not be drawn: a simulation without faults takes half the time. */
function strikes(share: number, draw: () => number): boolean {
  return share > 0 && draw() < share
}
