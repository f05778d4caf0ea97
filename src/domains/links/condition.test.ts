import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Condition, type Conditional, judge, visibleFieldKeys } from './condition.ts'

/** The documented samples of contract/sayify.md 8, as they stand there. */
const lowRating = JSON.parse('{ "show_if": "field_value", "field": "rating", "operator": "less_than", "value": 7 }')
const inPerson = JSON.parse(
  '{ "show_if": "field_value", "field": "attendance_type", "operator": "equals", "value": "In-Person" }',
)
const aboutBugs = JSON.parse(
  '{ "show_if": "field_value", "field": "issue_type", "operator": "contains", "value": "bug" }',
)
const less = (value: unknown): Condition => ({ field: 'a', operator: 'less_than', value })
const equals = (value: unknown): Condition => ({ field: 'a', operator: 'equals', value })
const contains = (value: unknown): Condition => ({ field: 'a', operator: 'contains', value })

describe('judge', () => {
  test.each<[Condition, unknown, boolean]>([
    [lowRating, 6, true],
    [lowRating, 7, false],
    [lowRating, 6.999, true],
    [lowRating, -1, true],
    [lowRating, '6', true],
    [lowRating, ' 6 ', true],
    [lowRating, '7.0', false],
    [lowRating, '', false],
    [lowRating, ' ', false],
    [lowRating, 'six', false],
    [lowRating, true, false],
    [lowRating, false, false],
    [lowRating, [1], false],
    [less('7'), 6, true],
    [less('seven'), 6, false],
    [less(null), -1, false],
    [less(undefined), -1, false],
    [inPerson, 'In-Person', true],
    [inPerson, 'in-person', false],
    [inPerson, 'In-Person ', false],
    [inPerson, ['Online', 'In-Person'], true],
    [inPerson, ['Online'], false],
    [inPerson, [], false],
    [equals(true), true, true],
    [equals(true), 'true', false],
    [equals(false), false, true],
    [equals(5), 5, true],
    [equals(5), '5', false],
    [equals(0), 0, true],
    [equals(null), 0, false],
    [aboutBugs, 'a bug', true],
    [aboutBugs, 'BUGS everywhere', true],
    [aboutBugs, 'feature', false],
    [aboutBugs, ['feature', 'Bug'], true],
    [aboutBugs, ['debugging'], false],
    [contains('BUG'), 'a bug', true],
    [contains(''), 'anything', true],
    [contains(4), 142, true],
    [contains(4), '142', true],
    [contains(undefined), 'undefined', false],
    [contains({}), '[object Object]', false],
    [contains('x'), { x: 1 }, false],
  ])('%j of %j is %s', (condition, answer, verdict) => {
    expect(judge(condition, answer)).toBe(verdict)
  })

  test.each([undefined, null])('an answer that is %s satisfies nothing', (answer) => {
    for (const condition of [less(1), equals(null), equals(undefined), contains('')]) {
      expect(judge(condition, answer)).toBe(false)
    }
  })
})

const always: Conditional['condition'] = {}
const when = (field: string, value: unknown = 'yes'): Condition => ({ field, operator: 'equals', value })

function shown(questions: Record<string, Conditional['condition']>, answers: Record<string, unknown>): string[] {
  const list = Object.entries(questions).map(([fieldKey, condition]) => ({ fieldKey, condition }))
  return [...visibleFieldKeys(list, new Map(Object.entries(answers)))]
}

describe('visibleFieldKeys', () => {
  test('what depends on a hidden question is hidden, whatever was answered there', () => {
    const questions = { a: always, b: when('a'), c: when('b'), d: when('c') }
    expect(shown(questions, {})).toEqual(['a'])
    expect(shown(questions, { a: 'yes' })).toEqual(['a', 'b'])
    expect(shown(questions, { a: 'yes', b: 'yes', c: 'yes' })).toEqual(['a', 'b', 'c', 'd'])
    expect(shown(questions, { a: 'no', b: 'yes', c: 'yes' })).toEqual(['a'])
    expect(shown(questions, { b: 'yes', c: 'yes' })).toEqual(['a'])
  })

  test('an unknown reference hides, also when an answer by that key exists', () => {
    expect(shown({ a: when('gone') }, { gone: 'yes' })).toEqual([])
  })

  test('rings are hidden, and so is what hangs on them', () => {
    const yes = { a: 'yes', b: 'yes', c: 'yes', d: 'yes', e: 'yes' }
    expect(shown({ a: when('a') }, yes)).toEqual([])
    expect(shown({ a: when('b'), b: when('a') }, yes)).toEqual([])
    expect(shown({ d: when('c'), a: when('b'), b: when('c'), c: when('a'), e: always }, yes)).toEqual(['e'])
  })

  test('a reference forward works as one backward', () => {
    expect(shown({ later: when('first'), first: always }, { first: 'yes' })).toEqual(['later', 'first'])
  })

  test.each(['in order', 'reversed'])('a chain of 200 questions, %s', (order) => {
    const questions: Conditional[] = Array.from({ length: 200 }, (_, n) => ({
      fieldKey: `q${n}`,
      condition: n === 0 ? {} : when(`q${n - 1}`),
    }))
    const answers = new Map<string, unknown>(questions.map(({ fieldKey }) => [fieldKey, 'yes']))
    const list = order === 'reversed' ? questions.toReversed() : questions
    expect(visibleFieldKeys(list, answers).size).toBe(200)
    answers.set('q99', 'no')
    expect(visibleFieldKeys(list, answers)).toEqual(new Set(questions.slice(0, 100).map(({ fieldKey }) => fieldKey)))
  })

  test('three thousand questions in a chain do not exhaust the stack', () => {
    const questions: Conditional[] = Array.from({ length: 3_000 }, (_, n) => ({
      fieldKey: `q${n}`,
      condition: n === 0 ? {} : when(`q${n - 1}`),
    }))
    const answers = new Map<string, unknown>(questions.map(({ fieldKey }) => [fieldKey, 'yes']))
    expect(visibleFieldKeys(questions, answers).size).toBe(3_000)
  })

  const keys = ['a', 'b', 'c', 'd', 'e', 'f']
  const answer = fc.oneof(fc.constantFrom('yes', 'no'), fc.integer({ min: 0, max: 3 }))
  const condition = fc.oneof(
    { weight: 1, arbitrary: fc.constant({}) },
    {
      weight: 4,
      arbitrary: fc.record({
        field: fc.constantFrom(...keys, 'unknown'),
        operator: fc.constantFrom('less_than', 'equals', 'contains'),
        value: answer,
      }),
    },
  ) as fc.Arbitrary<Conditional['condition']>
  const survey = fc.record({
    questions: fc
      .shuffledSubarray(keys, { minLength: 1 })
      .chain((chosen) =>
        fc.tuple(...chosen.map((fieldKey) => fc.record({ fieldKey: fc.constant(fieldKey), condition }))),
      ),
    answers: fc.dictionary(fc.constantFrom(...keys, 'unknown'), answer),
  })

  test('agrees with a naive second implementation: the least set that follows the rules', () => {
    fc.assert(
      fc.property(survey, ({ questions, answers }) => {
        const known = new Map(Object.entries(answers))
        expect(visibleFieldKeys(questions, known)).toEqual(naive(questions, known))
      }),
      { numRuns: 2_000 },
    )
  })

  test('the order of the questions does not matter', () => {
    fc.assert(
      fc.property(
        survey.chain(({ questions, answers }) =>
          fc.record({
            questions: fc.constant(questions as Conditional[]),
            shuffled: fc.shuffledSubarray(questions as Conditional[], { minLength: questions.length }),
            answers: fc.constant(answers),
          }),
        ),
        ({ questions, shuffled, answers }) => {
          const known = new Map(Object.entries(answers))
          expect(visibleFieldKeys(shuffled, known)).toEqual(visibleFieldKeys(questions, known))
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

/** Shows what has no condition, then again and again what is satisfied by something shown, until nothing changes. */
function naive(questions: readonly Conditional[], answers: ReadonlyMap<string, unknown>): Set<string> {
  const shown = new Set<string>()
  for (let changed = true; changed; ) {
    changed = false
    for (const { fieldKey, condition } of questions) {
      if (shown.has(fieldKey)) continue
      const { field } = condition as Partial<Condition>
      if (field !== undefined && !(shown.has(field) && judge(condition as Condition, answers.get(field)))) continue
      shown.add(fieldKey)
      changed = true
    }
  }
  return shown
}
