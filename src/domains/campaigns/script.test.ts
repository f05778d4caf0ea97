// biome-ignore-all lint/suspicious/noThenProperty: an index or a word, which no await takes for a promise
import { describe, expect, test } from 'vitest'
import { type Operations, operationsSchema, saidTexts } from './operations.ts'
import {
  asks,
  clickToCallScript,
  longestTalkMs,
  nextSteps,
  operationsScript,
  type RsvpContent,
  type RsvpVoiceFileType,
  rsvpScript,
  type Step,
  type StepScript,
  voiceFilesOf,
} from './script.ts'

const BUTTONS: RsvpContent['actionButtons'] = [
  { button: '5', action: 'accept' },
  { button: '9', action: 'decline' },
  { button: '0', action: 'opt_out' },
]
const rsvp = (types: RsvpVoiceFileType[], actionButtons = BUTTONS) =>
  rsvpScript({ voiceFiles: types.map((type) => ({ type, voiceFileId: type })), actionButtons })

/** A script in a few words: what is played, what the keys lead to. */
function outline({ steps }: StepScript): string[] {
  const sounds = (step: Exclude<Step, { do: 'record' }>) =>
    step.sounds.map((sound) => (sound.kind === 'voice_file' ? sound.voiceFileId : `${sound.durationMs} ms`)).join('+')
  return steps.map((step) => {
    if (step.do === 'record') return `record -> ${step.then}`
    if (step.do === 'play') return `play ${sounds(step)} -> ${step.then}`
    const replies = Object.entries(step.replies).map(([keys, one]) => `${keys}:${one.reply ?? ''} -> ${one.then}`)
    return `gather ${sounds(step)} ${[...replies, `else -> ${step.otherwise}`].join(', ')}`
  })
}

describe('an RSVP call', () => {
  test.each<[string, RsvpVoiceFileType[], string[]]>([
    [
      'all files, given in any order',
      ['end', 'accept', 'data', 'start', 'action_buttons'],
      [
        'gather start+data+action_buttons 0:opt_out -> 2, 5:accept -> 1, 9:decline -> 2, else -> 2',
        'play accept+end -> hang_up',
        'play end -> hang_up',
      ],
    ],
    [
      'without an end',
      ['start', 'accept'],
      [
        'gather start 0:opt_out -> hang_up, 5:accept -> 1, 9:decline -> hang_up, else -> hang_up',
        'play accept -> hang_up',
      ],
    ],
    [
      'with an end only',
      ['end'],
      [
        'gather  0:opt_out -> 2, 5:accept -> 1, 9:decline -> 2, else -> 2',
        'play end -> hang_up',
        'play end -> hang_up',
      ],
    ],
  ])('%s', (_, types, expected) => {
    expect(outline(rsvp(types))).toEqual(expected)
  })

  test('takes one key at any time, and for 10 seconds after the end', () => {
    const [question] = rsvp(['start']).steps
    expect(question).toMatchObject({ do: 'gather', maxDigits: 1, terminators: '', firstDigitTimeoutMs: 10_000 })
  })
})

test('a click to call asks over its file and hangs up', () => {
  expect(outline(clickToCallScript({ voiceFileId: 'file', actionButtons: BUTTONS }))).toEqual([
    'gather file 0:opt_out -> hang_up, 5:accept -> hang_up, 9:decline -> hang_up, else -> hang_up',
  ])
})

const broadcast = (operations: unknown) => {
  const parsed = operationsSchema.parse(operations)
  return operationsScript(parsed, new Map(saidTexts(parsed).map(({ key, text }) => [key, `"${text}"`])))
}
const play = (voiceFileId: string) => ({ do: 'play', voiceFileId })

describe('a broadcast', () => {
  test.each<[string, unknown[], string[]]>([
    [
      'what is heard in one go is one step',
      [play('a'), { do: 'pause', seconds: 1.5 }, play('b')],
      ['play a+1500 ms+b -> hang_up'],
    ],
    ['what is said is a voice file', [{ do: 'say', text: 'Hello', voice: 'en' }], ['play "Hello" -> hang_up']],
    ['hanging up is no step of its own', [play('a'), { do: 'hangUp' }], ['play a -> hang_up']],
    ['nothing but hanging up', [{ do: 'hangUp' }], []],
    [
      'a question in the middle: what follows it comes after every answer that does not hang up',
      [
        play('a'),
        {
          do: 'gather',
          prompt: [play('q')],
          replies: {
            1: { reply: 'accept', operations: [play('thanks')] },
            2: { reply: 'decline', operations: [play('pity'), { do: 'hangUp' }] },
            3: 'optOut',
          },
          otherwise: [{ do: 'record', maxSeconds: 5 }],
        },
        play('bye'),
      ],
      [
        'play a -> 1',
        'gather q 1:accept -> 4, 2:decline -> 3, 3:opt_out -> 5, else -> 2',
        'record -> 5',
        'play pity -> hang_up',
        'play thanks -> 5',
        'play bye -> hang_up',
      ],
    ],
    [
      'questions within answers',
      [
        {
          do: 'gather',
          replies: { 1: { operations: [{ do: 'gather', replies: { 1: 'accept' }, otherwise: [play('no')] }] } },
        },
        play('bye'),
      ],
      ['gather  1: -> 1, else -> 3', 'gather  1:accept -> 3, else -> 2', 'play no -> 3', 'play bye -> hang_up'],
    ],
  ])('%s', (_, operations, expected) => {
    const script = broadcast(operations)
    expect(outline(script)).toEqual(expected)
    for (const [index, step] of script.steps.entries()) {
      for (const then of nextSteps(step)) if (then !== 'hang_up') expect(then).toBeGreaterThan(index)
    }
  })

  test('carries what a gather and a record say', () => {
    const { steps } = broadcast([
      { do: 'gather', digits: 4, timeoutSeconds: 7, finishOn: '#' },
      { do: 'record', maxSeconds: 60, silenceSeconds: 3, beep: false, finishOn: 'any' },
    ])
    expect(steps).toEqual([
      {
        ...{ do: 'gather', sounds: [], maxDigits: 4, terminators: '#', firstDigitTimeoutMs: 7_000 },
        ...{ interDigitTimeoutMs: 7_000, replies: {}, otherwise: 1 },
      },
      { do: 'record', maxDurationMs: 60_000, maxSilenceMs: 3_000, beep: false, terminateOn: 'any', then: 'hang_up' },
    ])
  })

  test('a text that nobody has said is a defect', () => {
    const operations: Operations = [{ do: 'say', text: 'Hello', voice: 'en' }]
    expect(() => operationsScript(operations, new Map())).toThrow('Hello')
  })
})

test('the voice files of a script, each once', () => {
  expect(voiceFilesOf(rsvp(['start', 'accept', 'end']))).toEqual(['start', 'accept', 'end'])
  expect(voiceFilesOf(broadcast([{ do: 'record', maxSeconds: 1 }]))).toEqual([])
})

describe('the longest talk', () => {
  const durations = new Map([
    ...Object.entries({ start: 1_000, data: 2_000, action_buttons: 4_000, accept: 500, end: 300, a: 100, q: 10 }),
  ])
  test.each<[string, StepScript, number]>([
    [
      'RSVP: until the last key, then the longer end',
      rsvp(['start', 'data', 'action_buttons', 'accept', 'end']),
      17_800,
    ],
    ['RSVP: nothing is played after it', rsvp(['start']), 11_000],
    ['several digits', broadcast([{ do: 'gather', prompt: [play('q')], digits: 3, timeoutSeconds: 2 }]), 6_010],
    ['a recording with its tone', broadcast([{ do: 'record', maxSeconds: 5 }]), 6_000],
    ['a recording without', broadcast([{ do: 'record', maxSeconds: 5, beep: false }]), 5_000],
    [
      'the longer answer and what follows',
      broadcast([
        {
          do: 'gather',
          timeoutSeconds: 1,
          replies: { 1: { operations: [play('start')] }, 2: { operations: [play('data'), { do: 'hangUp' }] } },
        },
        play('action_buttons'),
      ]),
      6_000,
    ],
    ['nothing', broadcast([{ do: 'hangUp' }]), 0],
  ])('%s', (_, script, expected) => {
    expect(longestTalkMs(script, durations)).toBe(expected)
  })

  test('a file of unknown length is a defect', () => {
    expect(() => longestTalkMs(rsvp(['start']), new Map())).toThrow('start')
  })
})

test.each<[string, StepScript, boolean]>([
  ['keys that answer', rsvp(['start']), true],
  ['no keys', rsvp(['start'], []), false],
  ['keys that lead on only', broadcast([{ do: 'gather', replies: { 1: {} } }]), false],
  [
    'an answer within an answer',
    broadcast([{ do: 'gather', replies: { 1: { operations: [{ do: 'gather', replies: { 2: 'accept' } }] } } }]),
    true,
  ],
  ['a recording', broadcast([{ do: 'record', maxSeconds: 5 }]), false],
])('whether anything is asked: %s', (_, script, expected) => {
  expect(asks(script)).toBe(expected)
})
