import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  MAX_OPERATION_DEPTH,
  type Operations,
  operationsSchema,
  parseOperations,
  replaceVoiceFiles,
  saidKey,
  saidTexts,
  voiceFileReferences,
} from './operations.ts'
import { nextSteps, operationsScript } from './script.ts'

const parsed = (value: unknown) => parseOperations(JSON.stringify(value))
const accepted = (value: unknown): Operations => {
  const result = parsed(value)
  if ('unsupported' in result) throw new Error(JSON.stringify(result.unsupported))
  return result.operations
}
const broken = (result: ReturnType<typeof parseOperations>) =>
  'unsupported' in result ? result.unsupported.map(({ path, rule }) => `${path.join('.')} ${rule}`) : []

const play = (voiceFileId: unknown) => ({ do: 'play', voiceFileId })
const gather = (change: object) => [{ do: 'gather', ...change }]
const nested = (depth: number): unknown[] => (depth === 1 ? [play('a')] : gather({ otherwise: nested(depth - 1) }))

test('what is left out has its default', () => {
  expect(accepted([{ do: 'gather' }, { do: 'record', maxSeconds: 9 }])).toEqual([
    { do: 'gather', prompt: [], digits: 1, timeoutSeconds: 10, finishOn: null, replies: {} },
    { do: 'record', maxSeconds: 9, silenceSeconds: null, beep: true, finishOn: null },
  ])
})

test('both forms of a reply, and of a reference', () => {
  const [first, ...rest] = accepted([
    ...gather({ replies: { 1: 'accept', 2: { reply: 'optOut' }, 3: {} } }),
    play(7),
    play(' 7 '),
  ])
  expect(first).toMatchObject({ replies: { 1: { reply: 'accept' }, 2: { reply: 'optOut' }, 3: {} } })
  expect(rest).toEqual([play('7'), play('7')])
})

describe('each rule, just within and just beyond', () => {
  const eighty = Array(80).fill('word').join(' ')
  test.each<[string, unknown, string[]]>([
    ['no array', {}, [' type']],
    ['null', null, [' type']],
    ['nothing', [], [' too_short']],
    ['no object', ['play'], ['0 type']],
    ['no operation', [{}], ['0.do unknown_option']],
    ['an unknown operation', [{ do: 'dance' }], ['0.do unknown_option']],
    ['an inherited name', [{ do: 'constructor' }], ['0.do unknown_option']],
    ['an unknown field', [{ ...play('a'), loop: 2 }], ['0 unknown_key']],
    ['no voice file', [{ do: 'play' }], ['0.voiceFileId type']],
    ['a blank voice file', [play(' ')], ['0.voiceFileId too_short']],
    ['a voice file that is no number', [play(1.5)], ['0.voiceFileId type']],
    ['80 words', [{ do: 'say', text: eighty, voice: 'en' }], []],
    ['81 words', [{ do: 'say', text: `${eighty} x`, voice: 'en' }], ['0.text too_many_words']],
    ['nothing to say', [{ do: 'say', text: '…', voice: 'en' }], ['0.text nothing_to_say']],
    ['no voice', [{ do: 'say', text: 'Hello' }], ['0.voice type']],
    ['a minute of silence', [{ do: 'pause', seconds: 60 }], []],
    ['more than a minute', [{ do: 'pause', seconds: 60.1 }], ['0.seconds too_large']],
    ['no pause', [{ do: 'pause', seconds: 0 }], ['0.seconds too_small']],
    ['endless', '[{"do":"pause","seconds":1e999}]', ['0.seconds type']],
    ['20 digits', gather({ digits: 20 }), []],
    ['21 digits', gather({ digits: 21 }), ['0.digits too_large']],
    ['no digits', gather({ digits: 0 }), ['0.digits too_small']],
    ['half a digit', gather({ digits: 1.5 }), ['0.digits type']],
    ['a long wait', gather({ timeoutSeconds: 61 }), ['0.timeoutSeconds too_large']],
    ['ended by a digit', gather({ finishOn: '5' }), ['0.finishOn unknown_option']],
    ['a question within a prompt', gather({ prompt: gather({}) }), ['0.prompt.0.do unknown_option']],
    ['a reply to a letter', gather({ replies: { a: 'accept' } }), ['0.replies.a digits']],
    ['a reply to nothing', gather({ replies: { '': 'accept' } }), ['0.replies. digits']],
    ['a reply that is too long', gather({ replies: { 12: 'accept' } }), ['0.replies.12 unreachable']],
    ['a reply of two digits', gather({ digits: 2, replies: { 12: 'accept' } }), []],
    ['a reply of the last key', gather({ finishOn: '#', replies: { '#': 'accept' } }), ['0.replies.# unreachable']],
    ['a key that ends nothing', gather({ replies: { '#': 'accept' } }), []],
    ['an unknown reply', gather({ replies: { 1: 'maybe' } }), ['0.replies.1 unknown_option']],
    ['an unknown reply in full', gather({ replies: { 1: { reply: 'maybe' } } }), ['0.replies.1.reply unknown_option']],
    ['a reply that is none', gather({ replies: { 1: null } }), ['0.replies.1 type']],
    ['an unknown field of a reply', gather({ replies: { 1: { repyl: 'accept' } } }), ['0.replies.1 unknown_key']],
    [
      'a nested fault',
      gather({ replies: { 1: { operations: [{}] } } }),
      ['0.replies.1.operations.0.do unknown_option'],
    ],
    ['5 minutes', [{ do: 'record', maxSeconds: 300 }], []],
    ['more than 5 minutes', [{ do: 'record', maxSeconds: 301 }], ['0.maxSeconds too_large']],
    ['no end', [{ do: 'record' }], ['0.maxSeconds type']],
    ['ended by any key', [{ do: 'record', maxSeconds: 1, finishOn: 'any' }], []],
    ['after the end', [{ do: 'hangUp' }, play('a')], ['1 unreachable']],
    [
      'after the end of a reply',
      gather({ otherwise: [{ do: 'hangUp' }, { do: 'hangUp' }] }),
      ['0.otherwise.1 unreachable'],
    ],
    ['as deep as it goes', nested(MAX_OPERATION_DEPTH), []],
    ['too deep', nested(MAX_OPERATION_DEPTH + 1), ['0.otherwise.0.otherwise.0.otherwise too_deep']],
    ['50', Array(50).fill(play('a')), []],
    ['51', Array(51).fill(play('a')), [' too_long']],
    ['51 with a prompt', [...Array(48).fill(play('a')), ...gather({ prompt: [play('a'), play('a')] })], [' too_long']],
    ['a flood, told of once', Array(10_000).fill({}), [' too_long']],
    ['several faults', [{}, play('')], ['0.do unknown_option', '1.voiceFileId too_short']],
  ])('%s', (_, value, expected) => {
    expect(broken(typeof value === 'string' ? parseOperations(value) : parsed(value))).toEqual(expected)
  })

  test.each<[string, string, string]>([
    ['no JSON', '[{"do":"hangUp"}', ' json'],
    ['no text', '', ' json'],
    ['too much', `[${' '.repeat(100_000)}]`, ' too_long'],
    ['a tower', '['.repeat(50_000) + ']'.repeat(50_000), '0 type'],
  ])('%s', (_, text, expected) => {
    expect(broken(parseOperations(text))).toEqual([expected])
  })
})

const DEEP = [
  play(1),
  { do: 'say', text: 'Hi', voice: 'en' },
  ...gather({
    prompt: [play('2'), { do: 'say', text: 'Hi', voice: 'fi' }],
    replies: { 1: { operations: [play('1'), { do: 'say', text: 'Hi', voice: 'en' }] }, 2: 'accept' },
    otherwise: [play('3'), { do: 'hangUp' }],
  }),
]

test('voice files are found wherever they are, and replaced', () => {
  const operations = accepted(DEEP)
  const found = voiceFileReferences(operations)
  expect(found.map(({ voiceFileId, path }) => `${path.join('.')} ${voiceFileId}`)).toEqual([
    '0.voiceFileId 1',
    '2.prompt.0.voiceFileId 2',
    '2.replies.1.operations.0.voiceFileId 1',
    '2.otherwise.0.voiceFileId 3',
  ])
  const replaced = replaceVoiceFiles(operations, (id) => `file ${id}`)
  expect(voiceFileReferences(replaced)).toEqual(
    found.map((one) => ({ ...one, voiceFileId: `file ${one.voiceFileId}` })),
  )
  expect(replaceVoiceFiles(replaced, (id) => id.slice(5))).toEqual(operations)
})

test('what is said is found once, by voice', () => {
  expect(saidTexts(accepted(DEEP)).map(({ key, path }) => [key, path.join('.')])).toEqual([
    [saidKey({ text: 'Hi', voice: 'en' }), '1'],
    [saidKey({ text: 'Hi', voice: 'fi' }), '2.prompt.1'],
  ])
})

test('whatever JSON comes, it is understood for good or refused with reasons', () => {
  const spoken = fc.oneof(
    fc.record({ do: fc.constant('play'), voiceFileId: fc.constantFrom('a', 'b', 7) }),
    fc.record({ do: fc.constant('say'), text: fc.constantFrom('Hi', 'Ho'), voice: fc.constant('en') }),
    fc.record({ do: fc.constant('pause'), seconds: fc.constantFrom(0.5, 3) }),
  )
  const { operations } = fc.letrec<{ operations: unknown[]; operation: unknown; gather: unknown }>((tie) => ({
    operations: fc.array(tie('operation'), { minLength: 1, maxLength: 4 }),
    operation: fc.oneof(
      { depthSize: 'small' },
      spoken,
      fc.record({ do: fc.constant('record'), maxSeconds: fc.constant(3) }),
      fc.record({ do: fc.constant('hangUp') }),
      tie('gather'),
      fc.jsonValue(),
    ),
    gather: fc.record(
      {
        do: fc.constant('gather'),
        prompt: fc.array(spoken, { maxLength: 2 }),
        digits: fc.constantFrom(1, 2),
        finishOn: fc.constantFrom('#', null),
        replies: fc.dictionary(
          fc.constantFrom('1', '22', '#'),
          fc.oneof(fc.constantFrom('accept', 'decline'), fc.record({ operations: tie('operations') })),
        ),
        otherwise: tie('operations'),
      },
      { requiredKeys: ['do'] },
    ),
  }))
  let understood = 0
  fc.assert(
    fc.property(operations, (value) => {
      const result = parsed(value)
      if ('unsupported' in result) {
        expect(result.unsupported.length).toBeGreaterThan(0)
        return
      }
      understood++
      expect(operationsSchema.parse(result.operations)).toEqual(result.operations)
      const said = new Map(saidTexts(result.operations).map(({ key }) => [key, key]))
      const { steps } = operationsScript(result.operations, said)
      // Forwards only, and never beyond the end.
      for (const [index, step] of steps.entries()) {
        for (const next of nextSteps(step)) {
          if (next !== 'hang_up') expect(next > index && next < steps.length).toBe(true)
        }
      }
    }),
    { numRuns: 500 },
  )
  expect(understood).toBeGreaterThan(50)
})

test('docs/operations.md: its examples are understood, and what it says is refused is', async () => {
  const text = await readFile(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
  const examples = [...text.matchAll(/```json( refused)?\n(.*?)```/gs)].map(([, refused, json]) => ({ refused, json }))
  expect(examples.length).toBeGreaterThan(3)
  for (const { refused, json } of examples) {
    const faults = broken(parseOperations(json!))
    if (!refused) expect(faults).toEqual([])
    else
      expect(faults).toEqual(
        [...text.matchAll(/^\| (\d\S*) \| (\w+) \|$/gm)].map(([, path, rule]) => `${path} ${rule}`),
      )
  }
})
