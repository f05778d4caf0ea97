import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { issuesOf } from '../../platform/validation.ts'
import type { Fault } from '../legacy/index.ts'
import { faultTree } from './fault-tree.ts'
import { writeInstant } from './instants.ts'
import { wordsOf } from './words.ts'

/** What a domain's schema says of a value, in Sayify's words. */
function said(schema: z.ZodType, value: unknown): string[] {
  const { error } = z.object({ at: schema }).safeParse(value === undefined ? {} : { at: value })
  return issuesOf(error!).map((issue) => wordsOf({ ...issue, value }))
}

describe('words for the faults that domains find', () => {
  it.each<[string, z.ZodType, unknown, string]>([
    ['missing', z.string(), undefined, 'This field is required.'],
    ['a missing choice', z.enum(['a']), undefined, 'This field is required.'],
    ['null', z.int(), null, 'This field may not be null.'],
    ['blank', z.string().trim().min(1, 'must not be blank'), '  ', 'This field may not be blank.'],
    ['text', z.string(), 5, 'Not a valid string.'],
    ['integer', z.int(), 1.5, 'A valid integer is required.'],
    ['number', z.number(), 'x', 'A valid number is required.'],
    ['boolean', z.boolean(), 'x', 'Must be a valid boolean.'],
    ['list', z.array(z.string()), { a: 1 }, 'Expected a list of items but got type "dict".'],
    ['an empty list', z.array(z.string()).min(1, 'must not be empty'), [], 'This list may not be empty.'],
    ['object', z.object({}), true, 'Expected a dictionary of items but got type "bool".'],
    ['record', z.record(z.string(), z.unknown()), [], 'Expected a dictionary of items but got type "list".'],
    ['choice', z.enum(['a', 'b']), 'c', '"c" is not a valid choice.'],
    ['a choice of another type', z.enum(['a', 'b']), { x: 1 }, '"{"x":1}" is not a valid choice.'],
    ['anything else', z.string().max(1, 'must be short'), 'long', 'Must be short.'],
  ])('%s', (_, schema, value, words) => {
    expect(said(schema, value)).toEqual([words])
  })
})

describe('the tree of faults', () => {
  const fault = (path: Fault['path'], message: string, value?: unknown): Fault => ({ path, message, value })

  it('follows the input', () => {
    const input = { questions: [{}, { configuration: { options: ['a', 'b'] } }, {}], name: 'x' }
    expect(
      faultTree(
        [
          fault(['name'], 'One.'),
          fault(['name'], 'Two.'),
          fault(['name'], 'Two.'),
          fault(['questions', 1, 'configuration', 'options', 1], 'Three.'),
          fault(['questions', 1, 'prompt'], 'Four.'),
        ],
        input,
      ),
    ).toEqual({
      name: ['One.', 'Two.'],
      questions: [{}, { configuration: { options: ['Three.'] }, prompt: ['Four.'] }, {}],
    })
  })

  it('tells what is wrong with the whole, beside what is wrong within', () => {
    expect(faultTree([fault([], 'All.')], {})).toEqual({ non_field_errors: ['All.'] })
    expect(faultTree([fault([], 'All.'), fault(['a'], 'One.')], {})).toEqual({
      non_field_errors: ['All.'],
      a: ['One.'],
    })
    expect(faultTree([fault(['a'], 'All.'), fault(['a', 0, 'b'], 'One.')], { a: [{}] })).toEqual({ a: ['All.'] })
  })
})

describe('instants', () => {
  it.each([
    ['2026-02-22T17:15:55.291121Z', '2026-02-22T17:15:55.291121Z'],
    ['2026-02-10T13:30:00.000000Z', '2026-02-10T13:30:00Z'],
    ['2026-02-10T13:30:00.100000Z', '2026-02-10T13:30:00.100000Z'],
    ['2026-02-10T13:30:00.000001Z', '2026-02-10T13:30:00.000001Z'],
    ['2026-02-10T13:30:00.120Z', '2026-02-10T13:30:00.120000Z'],
    ['2026-02-10T13:30:00Z', '2026-02-10T13:30:00Z'],
  ])('%s is written %s', (canonical, written) => {
    expect(writeInstant(canonical)).toBe(written)
  })

  it('are absent, or nothing else', () => {
    expect(writeInstant(null)).toBe(null)
    expect(() => writeInstant('2026-02-10 13:30:00+01')).toThrow('not an instant')
  })
})
