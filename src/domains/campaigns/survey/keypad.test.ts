import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { QuestionRow } from '../../links/index.ts'
import { keysOf, phoneInput, readDigits } from './keypad.ts'
import { phrasesOf } from './phrases.ts'

const question = (type: QuestionRow['type'], configuration: Record<string, unknown> = {}): QuestionRow => ({
  ...{ id: '', prompt: 'What?', field_key: 'q', type, order: 0, required: true, configuration, condition: {} },
  ...{ enable_dynamic_probing: false, fallback_to_text: false, evaluator_config: {} },
})
const english = phrasesOf('en')
const inputOf = (...asked: Parameters<typeof question>) => phoneInput(question(...asked), english)
const read = (digits: string, ...asked: Parameters<typeof question>) => {
  const known = inputOf(...asked)
  if (!known || known.input.kind === 'voice') throw new Error('no keys')
  return readDigits(known.input, digits)
}

describe('what keys say', () => {
  const options = (count: number) => Array.from({ length: count }, (_, n) => `Option ${n + 1}`)
  test.each<[string, unknown, Parameters<typeof question>]>([
    ['1', true, ['yes_no']],
    ['2', false, ['yes_no']],
    ['3', undefined, ['yes_no']],
    ['', undefined, ['yes_no']],
    ['1', 1, ['rating']],
    ['5', 5, ['rating', { scale_type: 'stars' }]],
    ['6', undefined, ['rating', { scale_type: 'stars' }]],
    ['0', undefined, ['rating', { scale_type: 'numbers', max_value: 7 }]],
    ['7', 7, ['rating', { scale_type: 'numbers', max_value: 7 }]],
    ['0', 0, ['rating', { scale_type: 'nps' }]],
    ['10', 10, ['rating', { scale_type: 'nps' }]],
    ['11', undefined, ['rating', { scale_type: 'nps' }]],
    ['010', 10, ['rating', { scale_type: 'nps' }]],
    ['100', 100, ['rating', { scale_type: 'numbers', max_value: 100 }]],
    ['2', 'Green', ['multiple_choice', { options: ['Blue', 'Green'] }]],
    ['3', undefined, ['multiple_choice', { options: ['Blue', 'Green'] }]],
    ['10', 'Option 10', ['multiple_choice', { options: options(12) }]],
    ['01', 'Option 1', ['multiple_choice', { options: options(12) }]],
    ['1', undefined, ['multiple_choice', { options: options(12) }]],
    ['13', undefined, ['multiple_choice', { options: options(12) }]],
    ['31', ['Option 1', 'Option 3'], ['multiple_choice', { options: options(4), allow_multiple: true }]],
    ['11', ['Option 1'], ['multiple_choice', { options: options(4), allow_multiple: true }]],
    ['15', undefined, ['multiple_choice', { options: options(4), allow_multiple: true }]],
    [
      '2',
      'b',
      [
        'image_choice',
        {
          cards: [
            { id: 'a', label: 'A' },
            { id: 'b', label: 'B' },
          ],
        },
      ],
    ],
    ['42', 42, ['number']],
    ['4*25', 4.25, ['number']],
    ['4*', undefined, ['number']],
    ['*5', undefined, ['number']],
    ['4*2*5', undefined, ['number']],
    ['4*5', undefined, ['number', { step: 1 }]],
    ['4', undefined, ['number', { min: 5 }]],
    ['12', undefined, ['number', { max: 11 }]],
    ['25', 25, ['number', { min: 5, step: 10 }]],
    ['26', undefined, ['number', { min: 5, step: 10 }]],
    ['29022028', '2028-02-29', ['date']],
    ['29022027', undefined, ['date']],
    ['31042026', undefined, ['date']],
    ['00012026', undefined, ['date']],
    ['1012026', undefined, ['date']],
  ])('%s is %j to %j', (digits, value, asked) => {
    expect(read(digits, ...asked)).toEqual(value)
  })

  test.each<Parameters<typeof question>>([
    ['text'],
    ['email'],
    ['file_upload'],
    ['image_choice', { cards: [{ id: 'a', label: 'A' }, { id: 'b' }] }],
    ['multiple_choice', { options: options(31) }],
    ['multiple_choice', { options: options(10), allow_multiple: true }],
    ['number', { max: -1 }],
  ])('a phone cannot ask for %s %j', (...asked) => {
    expect(inputOf(...asked)).toBeUndefined()
  })

  test.each<[Parameters<typeof question>, string]>([
    [['yes_no'], 'For yes, press 1. For no, press 2.'],
    [['rating', { scale_type: 'stars' }], 'Press a number from 1 to 5.'],
    [['rating', { scale_type: 'nps' }], 'Enter a number from 0 to 10, then press the hash key.'],
    [['multiple_choice', { options: options(10) }], 'For Option 10, press 1 0.'],
    [['number'], 'Enter the number, then press the hash key. For the decimal point, press star.'],
    [['number', { min: 0, max: 9, step: 1 }], 'Enter a number from 0 to 9, then press the hash key.'],
    [['voice'], 'Please speak after the tone, and press the hash key when you are done.'],
  ])('%j is explained', (asked, menu) => {
    expect(inputOf(...asked)!.menu).toContain(menu)
  })

  test('every menu of a choice leads to every option, by keys that are waited for', () => {
    const choices = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(choices, fc.boolean(), (names, several) => {
        const known = inputOf('multiple_choice', { options: names, allow_multiple: several })
        if (several && names.length > 9) {
          expect(known).toBeUndefined()
          return
        }
        const input = known!.input as Extract<typeof known, object>['input'] & { values: Record<string, string> }
        expect(Object.values(input.values).toSorted()).toEqual(names.toSorted())
        const { maxDigits } = keysOf(input as never)
        for (const key of Object.keys(input.values)) expect(key.length).toBeLessThanOrEqual(maxDigits)
      }),
    )
  })

  test('a recording is as long as its question says, up to an hour', () => {
    expect(inputOf('voice', { max_duration: 90 })!.input).toMatchObject({ kind: 'voice', maxDurationMs: 90_000 })
    expect(inputOf('voice_text_fallback')!.input).toMatchObject({ kind: 'voice', maxDurationMs: 120_000 })
  })
})
