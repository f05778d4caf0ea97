import { chance, type Range, within } from './chance.ts'

/** What becomes of one call: everything a simulated person and the network between do, as offsets in milliseconds. */
export interface Behaviour {
  /** `unknown_number`: the network knows no such number. `fault`: the network fails. */
  outcome: 'answers' | 'busy' | 'rings_out' | 'declines' | 'unreachable' | 'unknown_number' | 'fault'
  /** From the dial to the ringing, or to the network's refusal. */
  setUpMs: number
  /** From the ringing to the answer or to declining. */
  ringMs: number
  /** What is pressed in reply to the first prompt, the second, and so on; undefined: nothing. */
  replies: readonly (Reply | undefined)[]
  /** The last of them is the reply to all later prompts as well. */
  goesOn?: boolean
  /** The person hangs up this long after the beginning of a prompt (0 is the first). */
  hangsUp?: { prompt: number; afterMs: number }
  /** The line drops this long after the answer. */
  dropsAfterMs?: number
  /** The person hangs up when for so long nothing was played or recorded and no key was pressed. */
  patienceMs: number
  /** How long the person speaks when recorded. */
  speaksMs: number
  /** Pressed after speaking. */
  endsRecordingWith?: '*' | '#'
}

export interface Reply {
  digits: string
  /** From the beginning of the prompt to the first digit. */
  afterMs: number
}

/** Overrides what is drawn for numbers that end in `endsWith`. The n-th entry is for the n-th call, the last for all later. */
export interface Script {
  endsWith: string
  calls: readonly [Partial<Behaviour>, ...Partial<Behaviour>[]]
}

export interface Population {
  seed: string
  /** Share of numbers that do not exist, whatever is called how often. */
  unknownNumbers: number
  /** Shares of the calls to numbers that exist; the rest is answered. */
  busy: number
  ringsOut: number
  declines: number
  unreachable: number
  fault: number
  /** Of answered calls: share in which the person hangs up during the first prompt, and in which the line drops. */
  hangsUp: number
  drops: number
  /** Of answered calls: share that presses each key; the rest presses nothing. A person presses the same in every call. */
  keys: Readonly<Record<string, number>>
  /** How many prompts a person replies to, each in its own time. */
  prompts: number
  /** Whether a person replies to all later ones as to the last of them: in surveys much is asked. */
  goesOn: boolean
  setUp: Range
  ring: Range
  /** From the beginning of a prompt to the key. */
  reaction: Range
  talk: Range
  patienceMs: number
  scripts: readonly Script[]
}

/**
 * Numbers whose end says what happens, in every population that does not say otherwise: for demonstrations and for
 * trying out a client. Where there is a SIP code for it, the number ends in it.
 */
export const NUMBER_SCRIPTS: readonly Script[] = [
  { endsWith: '0486', calls: [{ outcome: 'busy' }] },
  { endsWith: '0480', calls: [{ outcome: 'rings_out' }] },
  { endsWith: '0404', calls: [{ outcome: 'unknown_number' }] },
  { endsWith: '0603', calls: [{ outcome: 'declines' }] },
  { endsWith: '0503', calls: [{ outcome: 'unreachable' }] },
  { endsWith: '0500', calls: [{ outcome: 'fault' }] },
  { endsWith: '0200', calls: [{ ...answers(), replies: [] }] },
  ...[...'123456789'].map((digit) => ({
    endsWith: `020${digit}`,
    calls: [{ ...answers(), replies: [{ digits: digit, afterMs: 1_500 }], goesOn: true }] as Script['calls'],
  })),
  // Hangs up during the first prompt; the line drops; busy at first, then answers.
  { endsWith: '0210', calls: [{ ...answers(), hangsUp: { prompt: 0, afterMs: 800 } }] },
  { endsWith: '0211', calls: [{ ...answers(), dropsAfterMs: 1_000 }] },
  {
    endsWith: '0212',
    calls: [{ outcome: 'busy' }, { ...answers(), replies: [{ digits: '1', afterMs: 1_500 }], goesOn: true }],
  },
]

/** Answers, and nothing drawn interferes. */
function answers(): Partial<Behaviour> {
  return { outcome: 'answers', hangsUp: undefined, dropsAfterMs: undefined }
}

const DEFAULTS: Population = {
  seed: '1',
  unknownNumbers: 0.02,
  busy: 0.1,
  ringsOut: 0.2,
  declines: 0.05,
  unreachable: 0.04,
  fault: 0.01,
  hangsUp: 0.05,
  drops: 0.02,
  keys: { '1': 0.5, '2': 0.2 },
  prompts: 1,
  goesOn: true,
  setUp: { minMs: 200, maxMs: 2_000 },
  ring: { minMs: 1_000, maxMs: 15_000 },
  reaction: { minMs: 1_500, maxMs: 8_000 },
  talk: { minMs: 2_000, maxMs: 20_000 },
  patienceMs: 10_000,
  scripts: NUMBER_SCRIPTS,
}

/** The default population with some of it changed. Throws when shares are not shares or exceed the whole together. */
export function population(changes: Partial<Population> = {}): Population {
  const made = { ...DEFAULTS, ...changes }
  const { busy, ringsOut, declines, unreachable, fault, hangsUp, drops, unknownNumbers, keys } = made
  for (const shares of [
    [unknownNumbers],
    [busy, ringsOut, declines, unreachable, fault],
    [hangsUp, drops],
    Object.values(keys),
  ]) {
    if (shares.some((share) => !(share >= 0)) || shares.reduce((sum, share) => sum + share, 0) > 1 + 1e-9) {
      throw new Error('shares of a population must be from 0 to 1, and no more than 1 together')
    }
  }
  return made
}

/**
 * What happens when `number` is called for the `nth` time (0 is the first). A function of its arguments and of nothing
 * else: neither of the instant nor of other calls, so that a simulation, a server and a carrier in another process agree
 * although their timing differs a little.
 */
export function behaviour(people: Population, number: string, nth: number): Behaviour {
  const script = people.scripts.find(({ endsWith }) => number.endsWith(endsWith))
  const drawn = drawBehaviour(people, number, nth)
  // A script says all that is pressed.
  return script ? { ...drawn, goesOn: false, ...script.calls[Math.min(nth, script.calls.length - 1)] } : drawn
}

function drawBehaviour(people: Population, number: string, nth: number): Behaviour {
  const ofCall = (what: string) => chance(people.seed, number, nth, what)
  const ofPerson = (what: string) => chance(people.seed, number, what)
  const exists = ofPerson('exists') >= people.unknownNumbers
  const key = pick(Object.entries(people.keys), ofPerson('key'))
  const ending = pick(
    [
      ['hangsUp', people.hangsUp],
      ['drops', people.drops],
    ],
    ofCall('ending'),
  )
  return {
    outcome: exists
      ? (pick(
          [
            ['busy', people.busy],
            ['rings_out', people.ringsOut],
            ['declines', people.declines],
            ['unreachable', people.unreachable],
            ['fault', people.fault],
          ],
          ofCall('outcome'),
        ) ?? 'answers')
      : 'unknown_number',
    setUpMs: within(people.setUp, ofCall('setUp')),
    ringMs: within(people.ring, ofCall('ring')),
    replies: key
      ? Array.from({ length: people.prompts }, (_, prompt) => ({
          digits: key,
          afterMs: within(people.reaction, ofCall(`reaction ${prompt}`)),
        }))
      : [],
    goesOn: people.goesOn,
    ...(ending === 'hangsUp'
      ? { hangsUp: { prompt: 0, afterMs: Math.floor(ofCall('hangsUp') * people.reaction.minMs) } }
      : {}),
    ...(ending === 'drops' ? { dropsAfterMs: within(people.reaction, ofCall('drops')) } : {}),
    patienceMs: people.patienceMs,
    speaksMs: within(people.talk, ofCall('speaks')),
  }
}

/** The first of `shares` that `drawn` falls into, one after the other; undefined in the rest. */
function pick<Name extends string>(shares: readonly (readonly [Name, number])[], drawn: number): Name | undefined {
  let below = 0
  for (const [name, share] of shares) {
    below += share
    if (drawn < below) return name
  }
  return undefined
}
