// biome-ignore-all lint/suspicious/noThenProperty: an index or a word, which no await takes for a promise
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CallEvent, Command, Media } from '../../providers/telephony/index.ts'
import { advance, commandOf, patienceMs } from './flow.ts'
import { type FlowState, type Reply, START } from './flow-state.ts'
import { operationsSchema } from './operations.ts'
import { operationsScript, rsvpScript, type Step, type StepScript } from './script.ts'
import type { Sound } from './sound.ts'

const RSVP = rsvpScript({
  voiceFiles: (['start', 'accept', 'end'] as const).map((type) => ({ type, voiceFileId: type })),
  actionButtons: [
    { button: '5', action: 'accept' },
    { button: '9', action: 'decline' },
    { button: '0', action: 'opt_out' },
  ],
})
const broadcast = (operations: unknown) => operationsScript(operationsSchema.parse(operations), new Map())
/** Two questions of one digit, then a code of several, then a recording. */
const LONG = broadcast([
  { do: 'play', voiceFileId: 'hello' },
  { do: 'gather', prompt: [{ do: 'play', voiceFileId: 'first' }], replies: { 1: 'accept', 2: {} } },
  { do: 'gather', prompt: [{ do: 'play', voiceFileId: 'second' }], replies: { 1: 'decline', 9: 'optOut' } },
  { do: 'gather', digits: 3, finishOn: '#', replies: { 12: 'decline', 123: 'accept' } },
  { do: 'record', maxSeconds: 5, silenceSeconds: 2, finishOn: '#' },
])

type Told = { type: CallEvent['type']; at: number } & Record<string, unknown>
let n = 0
const event = ({ at, ...rest }: Told) =>
  ({ eventId: String(n++), callId: 'call', at: new Date(at), ...rest }) as unknown as CallEvent
const answered = (at: number) => event({ type: 'answered', at })
const key = (at: number, digit: string) => event({ type: 'keypress', at, digit })
const played = (at: number, step: number, outcome = 'finished') =>
  event({ type: 'playback', at, commandId: `step-${step}`, outcome })
const collected = (at: number, step: number, digits: string, outcome = digits === '' ? 'timeout' : 'complete') =>
  event({ type: 'collected', at, commandId: `step-${step}`, outcome, digits })
const recorded = (at: number, step: number, outcome = 'silence') =>
  event({ type: 'recorded', at, commandId: `step-${step}`, outcome, durationMs: 1 })
const ended = (at: number) =>
  event({ type: 'ended', at, cause: 'answered', answeredAt: new Date(0), endedAt: new Date(at), codes: {} })

const run = (script: StepScript, news: readonly CallEvent[], from: FlowState = START) =>
  news.reduce((state, one) => advance(script, state, one), from)
const brief = ({ step, reply, digits, optedOut }: FlowState) =>
  `${step} ${reply} ${digits}${optedOut ? ' opted out' : ''}`

describe('an RSVP call', () => {
  test.each<[string, CallEvent[], string]>([
    ['rings', [event({ type: 'ringing', at: 1 })], 'null null null'],
    ['begins with the answer', [answered(2)], '0 null null'],
    [
      'begins with a key when the answer was lost, and the key answers nothing that was asked',
      [key(3, '5')],
      '0 null null',
    ],
    ['accept', [answered(2), collected(5, 0, '5')], '1 accept 5'],
    ['accept, then the end', [answered(2), collected(5, 0, '5'), played(9, 1)], 'hang_up accept 5'],
    ['decline', [answered(2), collected(5, 0, '9')], '2 decline 9'],
    ['opting out', [answered(2), collected(5, 0, '0')], '2 opt_out 0'],
    ['another key', [answered(2), collected(5, 0, '7')], '2 null 7'],
    ['a key that is called like a method', [answered(2), collected(5, 0, 'constructor')], '2 null constructor'],
    ['nothing', [answered(2), collected(5, 0, '')], '2 null '],
    ['a prompt that cannot be played', [answered(2), collected(5, 0, '', 'failed')], '2 null '],
    ['a key tells it first, and once', [answered(2), key(5, '5'), collected(5, 0, '5')], '1 accept 5'],
    ['a key tells it when the rest is lost', [answered(2), key(5, '5'), ended(6)], '1 accept 5'],
    ['a key overtakes the answer', [key(5, '5'), answered(2), collected(5, 0, '5')], '1 accept 5'],
    ['a key is late: it was said that there was none', [answered(2), collected(5, 0, ''), key(4, '5')], '2 null '],
    ['a key pressed while the end is played', [answered(2), collected(5, 0, ''), key(7, '5')], '2 null '],
    ['a reply stands', [answered(2), collected(5, 0, '5'), collected(5, 0, '9')], '1 accept 5'],
    [
      'a reply of an earlier step arrives after all',
      [answered(2), collected(5, 0, ''), collected(5, 0, '5')],
      '2 accept ',
    ],
    ['a reply after the end', [answered(2), ended(9), collected(5, 0, '5')], '1 accept 5'],
    ['news of a step to come moves nothing', [answered(2), played(9, 1)], '0 null null'],
    ['news of another kind moves nothing', [answered(2), recorded(5, 0), played(5, 0)], '0 null null'],
    [
      'commands that are not ours',
      [
        answered(2),
        event({ type: 'playback', at: 3, commandId: 'step-99' }),
        event({ type: 'collected', at: 3, commandId: 'x', digits: '5' }),
      ],
      '0 null null',
    ],
    ['a second answer', [answered(2), collected(5, 0, '5'), answered(2)], '1 accept 5'],
    ['the end is no news', [answered(2), ended(4)], '0 null null'],
    ['the end before anything', [ended(4)], 'null null null'],
  ])('%s', (_, news, expected) => {
    expect(brief(run(RSVP, news))).toBe(expected)
  })
})

describe('a longer call', () => {
  const toFirst = [answered(10), played(20, 0)]
  const toSecond = [...toFirst, collected(30, 1, '2')]
  const toCode = [...toSecond, collected(40, 2, '')]
  test.each<[string, CallEvent[], string]>([
    ['a key during what is only played answers nothing', [answered(10), key(15, '1')], '0 null null'],
    ['nor when it is told late', [...toFirst, key(15, '1')], '1 null null'],
    [
      'nor the key that ended what was played',
      [answered(10), played(20, 0, 'interrupted'), key(20, '1')],
      '1 null null',
    ],
    ['a key at the first question', [...toFirst, key(25, '1')], '2 accept 1'],
    ['the same key, told twice, is not an answer to the second', [...toFirst, key(25, '2'), key(25, '2')], '2 null 2'],
    ['a key at the second question', [...toSecond, key(35, '1')], '3 decline 1'],
    ['the first reply stands', [...toFirst, key(25, '1'), key(35, '1')], '3 accept 1'],
    ['but opting out counts besides', [...toFirst, key(25, '1'), key(35, '9')], '3 accept 9 opted out'],
    [
      'also when it is told late',
      [...toFirst, key(25, '1'), collected(35, 2, ''), collected(35, 2, '9')],
      '3 accept  opted out',
    ],
    ['single keys of a longer answer tell nothing', [...toCode, key(41, '1'), key(42, '2')], '3 null '],
    ['a whole code', [...toCode, collected(45, 3, '123')], '4 accept 123'],
    ['a code that was ended early', [...toCode, collected(45, 3, '12', 'terminated')], '4 decline 12'],
    ['a code that time ended', [...toCode, collected(45, 3, '12', 'timeout')], '4 decline 12'],
    ['a code that was broken off is no answer', [...toCode, collected(45, 3, '12', 'failed')], '4 null '],
    ['an unknown code', [...toCode, collected(45, 3, '777')], '4 null 777'],
    ['a recording', [...toCode, collected(45, 3, ''), recorded(50, 4)], 'hang_up null '],
    ['a recording that failed', [...toCode, collected(45, 3, ''), recorded(50, 4, 'failed')], 'hang_up null '],
  ])('%s', (_, news, expected) => {
    expect(brief(run(LONG, news))).toBe(expected)
  })

  test('a state that does not say since when takes keys at the first step only', () => {
    const bare = ({ since: _, ...state }: FlowState) => state
    expect(brief(run(LONG, [key(25, '1')], bare(run(LONG, toFirst))))).toBe('1 null null')
    expect(brief(run(RSVP, [key(25, '5')], bare(run(RSVP, [answered(10)]))))).toBe('1 accept 5')
  })
})

test('what changes nothing gives the same state back', () => {
  const state = run(RSVP, [answered(2), collected(5, 0, '5')])
  for (const news of [answered(2), key(5, '5'), collected(5, 0, '5'), played(5, 2), ended(9)]) {
    expect(advance(RSVP, state, news)).toBe(state)
  }
})

test('a state survives being stored', () => {
  const state = run(LONG, [answered(10), played(20, 0)])
  expect(run(LONG, [key(25, '1')], JSON.parse(JSON.stringify(state)))).toEqual(run(LONG, [key(25, '1')], state))
})

const media = (sound: Sound): Media =>
  sound.kind === 'silence' ? sound : { kind: 'file', path: `${sound.voiceFileId}.wav` }
const at = (step: FlowState['step']): FlowState => ({ ...START, step })
const durationOf = () => 3_000

describe('commands, and how long to wait for their news', () => {
  test.each<[string, StepScript, FlowState, Command | undefined, number]>([
    ['before it begins', RSVP, START, undefined, 5_000],
    [
      'a question',
      RSVP,
      at(0),
      {
        ...{ id: 'step-0', kind: 'collect', media: [{ kind: 'file', path: 'start.wav' }], maxDigits: 1 },
        ...{ firstDigitTimeoutMs: 10_000, interDigitTimeoutMs: 10_000 },
      },
      18_000,
    ],
    [
      'what no key stops',
      RSVP,
      at(2),
      { id: 'step-2', kind: 'play', media: [{ kind: 'file', path: 'end.wav' }], interruptedBy: '' },
      8_000,
    ],
    [
      'what every key stops',
      {
        steps: [
          { do: 'play', sounds: [{ kind: 'silence', durationMs: 70 }], interruptible: true, then: 'hang_up' } as Step,
        ],
      },
      at(0),
      { id: 'step-0', kind: 'play', media: [{ kind: 'silence', durationMs: 70 }] },
      5_070,
    ],
    [
      'a code',
      LONG,
      at(3),
      {
        ...{ id: 'step-3', kind: 'collect', media: [], maxDigits: 3, terminators: '#' },
        ...{ firstDigitTimeoutMs: 10_000, interDigitTimeoutMs: 10_000 },
      },
      35_000,
    ],
    [
      'a recording',
      LONG,
      at(4),
      { id: 'step-4', kind: 'record', maxDurationMs: 5_000, maxSilenceMs: 2_000, beep: true, terminateOn: '#' },
      11_000,
    ],
    ['hanging up', RSVP, at('hang_up'), { id: 'hang_up', kind: 'hangUp' }, 5_000],
  ])('%s', (_, script, state, command, patience) => {
    expect(commandOf(script, state, media)).toEqual(command)
    expect(patienceMs(script, state, durationOf)).toBe(patience)
  })
})

describe('whatever happens to the news', () => {
  const scripts = fc.constantFrom(RSVP, LONG)
  const digits = fc.string({ unit: fc.constantFrom('1', '2', '3', '5', '9', '0'), maxLength: 3 })

  /**
   * A provider and an engine that hear of each other by rumours: `luck` says of each whether it arrives at once, is
   * overtaken by the latest, arrives twice, or is lost; later all arrive. What is lost is asked for again, as the engine
   * does. Gives every state that the flow was in, and what was truly said.
   */
  function converse(script: StepScript, presses: readonly string[], luck: readonly number[]) {
    const told = new Map<FlowState['step'], CallEvent>()
    const said: Reply[] = []
    const states = [START]
    const pool: CallEvent[] = []
    let now = 0
    const tick = () => {
      now += 10
      return now
    }

    const perform = (step: FlowState['step']) => {
      const known = told.get(step)
      if (known) pool.push(known)
      else if (step === null) tell(step, answered(tick()))
      else if (step !== 'hang_up') performOne(step, script.steps[step]!)
    }
    const tell = (step: FlowState['step'], result: CallEvent) => {
      told.set(step, result)
      pool.push(result)
    }
    const performOne = (index: number, step: Step) => {
      if (step.do === 'play') return tell(index, played(tick(), index))
      if (step.do === 'record') return tell(index, recorded(tick(), index))
      const pressed = (presses[index] ?? '').slice(0, step.maxDigits)
      for (const digit of pressed) pool.push(key(tick(), digit))
      const reply = step.replies[pressed]?.reply
      if (reply) said.push(reply)
      const isComplete = pressed.length === step.maxDigits
      tell(index, collected(isComplete ? now : tick(), index, pressed, isComplete ? 'complete' : 'timeout'))
    }

    perform(null)
    for (const chance of [...luck, ...Array<number>(200).fill(0)]) {
      const state = states.at(-1)!
      if (pool.length === 0) perform(state.step)
      const news = chance === 1 ? pool.pop() : pool.shift()
      if (!news) break
      if (chance === 2) pool.push(news)
      if (chance === 3) continue
      const next = advance(script, state, news)
      states.push(next)
      if (next.step !== state.step) perform(next.step)
    }
    return { states, said }
  }

  const states = (script: StepScript, news: readonly CallEvent[]) => {
    const all = [START]
    for (const one of news) all.push(advance(script, all.at(-1)!, one))
    return all
  }
  const rank = (step: FlowState['step']) => (step === null ? -1 : step === 'hang_up' ? Number.POSITIVE_INFINITY : step)

  function expectLegal(script: StepScript, course: readonly FlowState[]): void {
    let accepts = 0
    for (const [index, state] of course.entries()) {
      if (typeof state.step === 'number') expect(script.steps[state.step]).toBeDefined()
      expect(commandOf(script, state, media) === undefined).toBe(state.step === null)
      const before = course[index - 1]
      if (!before) continue
      expect(rank(state.step)).toBeGreaterThanOrEqual(rank(before.step))
      if (before.reply !== null) expect(state.reply).toBe(before.reply)
      if (before.optedOut) expect(state.optedOut).toBe(true)
      if (before.reply !== 'accept' && state.reply === 'accept') accepts++
    }
    expect(accepts).toBeLessThanOrEqual(1)
  }

  const conversations = fc.tuple(
    scripts,
    fc.array(digits, { minLength: 5, maxLength: 5 }),
    fc.array(fc.nat(3), { maxLength: 60 }),
  )

  test('the flow hears what was said, once, and comes to its end', () => {
    fc.assert(
      fc.property(conversations, ([script, presses, luck]) => {
        const { states: all, said } = converse(script, presses, luck)
        expectLegal(script, all)
        const { step, reply, optedOut = false } = all.at(-1)!
        expect(step).toBe('hang_up')
        expect(reply).toBe(said[0] ?? null)
        expect(optedOut).toBe(said.slice(1).includes('opt_out') && said[0] !== 'opt_out')
      }),
      { numRuns: 500 },
    )
  })

  test('of anything at all, the flow stays legal', () => {
    const instant = fc.nat(50)
    const step = fc.nat(6)
    const anything = fc.oneof(
      instant.map(answered),
      instant.map(ended),
      fc.tuple(instant, fc.constantFrom('1', '2', '5', '9', '#')).map(([when, digit]) => key(when, digit)),
      fc.tuple(instant, step).map(([when, which]) => played(when, which)),
      fc.tuple(instant, step).map(([when, which]) => recorded(when, which)),
      fc
        .tuple(instant, step, digits, fc.constantFrom('complete', 'terminated', 'timeout', 'stopped', 'failed'))
        .map(([when, which, pressed, outcome]) => collected(when, which, pressed, outcome)),
    )
    fc.assert(
      fc.property(scripts, fc.array(anything, { maxLength: 40 }), (script, news) => {
        expectLegal(script, states(script, news))
      }),
      { numRuns: 500 },
    )
  })
})
