import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { brokenRules } from '../../../test/kit/world.ts'
import type { QuestionRow, QuestionType, RatingScale } from '../links/index.ts'
import { parseAnswerValue, ratingBounds } from './answer-value.ts'

function question(type: QuestionType, configuration: Record<string, unknown> = {}, fallback = true): QuestionRow {
  return {
    id: '0193a1f0-0000-7000-8000-000000000000',
    prompt: 'q',
    field_key: 'q',
    type,
    order: 0,
    required: false,
    configuration,
    condition: {},
    enable_dynamic_probing: false,
    fallback_to_text: fallback,
    evaluator_config: {},
  }
}

const colours = { options: ['Red', 'Green', 'Blue'] }
const several = { ...colours, allow_multiple: true }
const cards = { cards: [{ id: 'card-uuid-1', label: 'Modern Blue' }, { id: 'card-uuid-2' }] }

describe('accepted', () => {
  test.each<[QuestionType, Record<string, unknown>, unknown, unknown?]>([
    ['text', {}, ' kept as sent\n'],
    ['text', { max_characters: 3 }, 'abc'],
    ['text', {}, 'x'.repeat(20_000)],
    ['voice', {}, 'typed instead of spoken'],
    ['voice_text_fallback', { max_characters: 500 }, 'x'.repeat(500)],
    ['multiple_choice', colours, 'Green'],
    ['multiple_choice', several, ['Blue', 'Red']],
    ['multiple_choice', several, ['Red', 'Green', 'Blue']],
    ['number', {}, -1.5e-300],
    ['number', { min: 1, max: 10, step: 1 }, 1],
    ['number', { min: 1, max: 10, step: 1 }, 10],
    ['number', { step: 0.1 }, 0.30000000000000004],
    ['number', { step: 0.1 }, 0.3],
    ['number', { min: 0.05, step: 0.1 }, 0.35],
    ['number', { step: 0.01 }, 123456.78],
    ['number', { step: 3 }, -9],
    ['rating', {}, 1],
    ['rating', {}, 5],
    ['rating', { scale_type: 'nps' }, 0],
    ['rating', { scale_type: 'nps' }, 10],
    ['rating', { scale_type: 'emojis', max_value: 3 }, 3],
    ['image_choice', cards, 'card-uuid-2'],
    ['email', {}, ' Ann@Example.com ', 'Ann@Example.com'],
    ['date', {}, '2026-02-28'],
    ['date', {}, '2028-02-29'],
    ['yes_no', {}, false],
    ['yes_no', {}, true],
  ])('%s %j takes %j', (type, configuration, value, stored = value) => {
    expect(parseAnswerValue(question(type, configuration), value)).toEqual(stored)
  })
})

describe('refused', () => {
  test.each<[QuestionType, Record<string, unknown>, unknown, string]>([
    ['text', {}, ' \n', 'required'],
    ['text', {}, 5, 'type'],
    ['text', { max_characters: 3 }, 'abcd', 'too_long'],
    ['text', {}, 'x'.repeat(20_001), 'too_long'],
    ['text', {}, 'a\0', 'unstorable_character'],
    ['text', {}, '\ud83d', 'unstorable_character'],
    ['voice', {}, '', 'required'],
    ['voice_text_fallback', { max_characters: 500 }, 'x'.repeat(501), 'too_long'],
    ['multiple_choice', colours, 'red', 'unknown_option'],
    ['multiple_choice', colours, ['Red'], 'type'],
    ['multiple_choice', several, 'Red', 'type'],
    ['multiple_choice', several, [], 'too_short'],
    ['multiple_choice', several, ['Red', 'Red'], 'duplicate'],
    ['multiple_choice', several, ['Red', 'Green', 'Blue', 'Red'], 'too_long'],
    ['number', {}, '5', 'type'],
    ['number', {}, Number.NaN, 'type'],
    ['number', {}, Number.POSITIVE_INFINITY, 'type'],
    ['number', { min: 1 }, 0.999, 'too_small'],
    ['number', { max: 10 }, 10.001, 'too_large'],
    ['number', { min: 1, max: 10, step: 1 }, 1.5, 'step'],
    ['number', { step: 0.1 }, 0.35, 'step'],
    ['number', { min: 0.05, step: 0.1 }, 0.3, 'step'],
    ['number', { step: 0.01 }, 123456.789, 'step'],
    ['rating', {}, 0, 'too_small'],
    ['rating', {}, 6, 'too_large'],
    ['rating', {}, 4.5, 'type'],
    ['rating', { scale_type: 'nps' }, -1, 'too_small'],
    ['rating', { scale_type: 'nps' }, 11, 'too_large'],
    ['rating', { scale_type: 'emojis', max_value: 3 }, 4, 'too_large'],
    ['image_choice', cards, 'card-uuid-3', 'unknown_option'],
    ['image_choice', cards, 'Modern Blue', 'unknown_option'],
    ['image_choice', cards, ['card-uuid-1'], 'type'],
    ['email', {}, 'ann@', 'email'],
    ['email', {}, 'a b@example.com', 'email'],
    ['email', {}, ' ', 'too_short'],
    ['email', {}, `${'a'.repeat(320)}@example.com`, 'too_long'],
    ['date', {}, '2026-02-29', 'date'],
    ['date', {}, '2026-2-1', 'date'],
    ['date', {}, '2026-02-28T00:00:00Z', 'date'],
    ['date', {}, 20260228, 'type'],
    ['yes_no', {}, 'yes', 'type'],
    ['yes_no', {}, 1, 'type'],
    ['file_upload', {}, 'resume.pdf', 'needs_upload'],
    ['file_upload', {}, undefined, 'needs_upload'],
  ])('%s %j refuses %j by rule %4$s', async (type, configuration, value, rule) => {
    expect(await brokenRules(() => parseAnswerValue(question(type, configuration), value))).toEqual([`value ${rule}`])
  })

  test('a voice question without fallback takes no text', async () => {
    expect(await brokenRules(() => parseAnswerValue(question('voice', {}, false), 'text'))).toEqual([
      'value needs_upload',
    ])
  })

  test.each<QuestionType>(['text', 'number', 'rating', 'yes_no', 'date', 'email'])(
    '%s is not answered by null',
    async (type) => {
      expect(await brokenRules(() => parseAnswerValue(question(type), null))).toEqual(['value type'])
    },
  )
})

test.each<[RatingScale | undefined, number | undefined, number, number]>([
  [undefined, undefined, 1, 5],
  [undefined, 7, 1, 7],
  ['stars', undefined, 1, 5],
  ['emojis', undefined, 1, 5],
  ['numbers', undefined, 1, 10],
  ['numbers', 100, 1, 100],
  ['nps', undefined, 0, 10],
])(
  'a rating on the scale %s with the highest value %s goes from %d to %d',
  (scale_type, max_value, lowest, highest) => {
    const configuration = { ...(scale_type && { scale_type }), ...(max_value && { max_value }) }
    expect(ratingBounds(configuration)).toEqual({ lowest, highest })
  },
)

test('any whole number of decimal steps from the minimum is on a step; half a step off is not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: -1_000, max: 1_000 }),
      fc.integer({ min: 1, max: 999 }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.constantFrom(1, 10, 100, 1_000),
      async (min, step, count, scale) => {
        const number = question('number', { min: min / scale, step: step / scale })
        const on = (min + count * step) / scale
        expect(parseAnswerValue(number, on)).toBe(on)
        const off = (min + (count + 0.5) * step) / scale
        expect(await brokenRules(() => parseAnswerValue(number, off))).toEqual(['value step'])
      },
    ),
  )
})
