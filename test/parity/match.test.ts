import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bindings } from './bindings.ts'
import type { Json } from './entry.ts'
import { below } from './json-path.ts'
import { differences } from './match.ts'
import { context, found } from './test-context.ts'

const A = '4041f961-328f-4c6d-a5d3-2125a80f1ec5'
const B = 'f4369f61-cdf8-423d-a9d0-5bf74c61761b'
const X = '019abcde-0000-7000-8000-000000000001'
const Y = '019abcde-0000-7000-8000-000000000002'

/** Written and read, as every body is: there is no -0 in JSON. */
const anyJson = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.parse(JSON.stringify(value)) as Json)

interface Leaf {
  path: string
  steps: (string | number)[]
  value: Json
}

function leavesOf(value: Json, path = '$', steps: (string | number)[] = []): Leaf[] {
  if (typeof value !== 'object' || value === null) return [{ path, steps, value }]
  const items: [string | number, Json][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return items.flatMap(([step, item]) => leavesOf(item, below(path, step), [...steps, step]))
}

function replaced(value: Json, [step, ...rest]: (string | number)[], leaf: Json): Json {
  if (step === undefined) return leaf
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? replaced(item, rest, leaf) : item))
  const entries = Object.entries(value as { [key: string]: Json })
  return Object.fromEntries(entries.map(([key, item]) => [key, key === step ? replaced(item, rest, leaf) : item]))
}

describe('any JSON', () => {
  test('matches itself', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(found(value, structuredClone(value), { keyOrder: true })).toEqual([])
      }),
    )
  })

  test('with another leaf that is no id and no date is found to differ there, and nowhere else', () => {
    const plain = fc.oneof(fc.boolean(), fc.constant(null), fc.integer(), fc.string())
    const keys = fc.stringMatching(/^[a-z]{1,4}$/).filter((key) => !/^(id|pk)s?$/.test(key))
    const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        plain,
        fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
        fc.dictionary(keys, tie('tree'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
      ) as fc.Arbitrary<Json>,
    }))
    const mutation = tree.chain((value) =>
      fc.record({
        value: fc.constant(value),
        leaf: fc.constantFrom(...leavesOf(value)),
        other: plain as fc.Arbitrary<Json>,
      }),
    )
    fc.assert(
      fc.property(mutation, ({ value, leaf, other }) => {
        fc.pre(leaf.value !== other)
        const mutated = replaced(value, leaf.steps, other)
        expect(differences(value, mutated, context()).map(({ path }) => path)).toEqual([leaf.path])
      }),
      { numRuns: 500 },
    )
  })

  test('less or more one key is found to differ in that key', () => {
    const objects = fc.dictionary(fc.string({ minLength: 1 }), anyJson, { minKeys: 1, noNullPrototype: true })
    fc.assert(
      fc.property(objects, fc.nat(), (object, nat) => {
        const keys = Object.keys(object)
        const key = keys[nat % keys.length]!
        const less = Object.fromEntries(Object.entries(object).filter(([name]) => name !== key))
        expect(found(object, less)).toEqual([`${below('$', key)} missing`])
        expect(found(less, object)).toEqual([`${below('$', key)} extra`])
        expect(found(less, object, { allowExtra: true })).toEqual([])
      }),
    )
  })
})

test('differences say where, what was expected, what came and why', () => {
  const then = { results: [{ name: 'a', status: 'completed', duration: 5.2, tags: ['x'] }], next: null }
  const now = { results: [{ status: 'started', duration: '5.2', tags: ['x', 'y'], 'odd key': 1 }], next: null }
  expect(differences(then, now, context())).toEqual([
    { path: '$.results[0].name', why: 'missing', expected: 'a' },
    { path: '$.results[0].status', why: 'value', expected: 'completed', actual: 'started' },
    {
      path: '$.results[0].duration',
      why: 'type',
      expected: 5.2,
      actual: '5.2',
      detail: 'number became string',
    },
    { path: '$.results[0].tags[1]', why: 'extra', actual: 'y' },
    { path: '$.results[0]["odd key"]', why: 'extra', actual: 1 },
  ])
})

test('the order of keys counts when it is asked for, and only among those that both have', () => {
  const [then, now] = [
    { a: 1, b: { c: 1, d: 2 } },
    { b: { d: 2, c: 1 }, a: 1 },
  ] as Json[]
  expect(found(then!, now!)).toEqual([])
  expect(found(then!, now!, { keyOrder: true })).toEqual(['$.b order', '$ order'])
  expect(found({ a: 1, b: 2 }, { a: 1, x: 0, b: 2 }, { keyOrder: true, allowExtra: true })).toEqual([])
})

describe('ids', () => {
  test('one recorded id stands for one actual id', () => {
    expect(found([A, B, A], [X, Y, X])).toEqual([])
    expect(found([A, A], [X, Y])).toEqual(['$[1] binding'])
    expect(found([A, B], [X, X])).toEqual(['$[1] binding'])
  })

  test('a UUID is answered by a UUID, of any version and in capitals too', () => {
    expect(found({ uuid: A }, { uuid: 'abc' })).toEqual(['$.uuid form'])
    expect(found({ uuid: A }, { uuid: 7 })).toEqual(['$.uuid type'])
    expect(found({ uuid: A }, { uuid: null })).toEqual(['$.uuid type'])
    expect(found({ uuid: A }, { uuid: X.toUpperCase() })).toEqual([])
  })

  test('a text counts as an id when the recording says so', () => {
    const options = () => ({ bindings: new Bindings(['resp-uuid-1', 'ans-uuid-1']) })
    expect(found(['resp-uuid-1', 'ans-uuid-1', 'resp-uuid-1'], [X, Y, X], options())).toEqual([])
    expect(found(['resp-uuid-1', 'ans-uuid-1'], [X, X], options())).toEqual(['$[1] binding'])
    expect(found('resp-uuid-1', 'two words', options())).toEqual(['$ form'])
    expect(found('resp-uuid-1', X)).toEqual(['$ value'])
  })

  test('numbers are ids below keys that say so, each kind by itself', () => {
    const then: Json = { accounts: [{ id: 1, name: 'a' }, { id: 2 }], groups: [{ id: 1, account_id: 2 }] }
    expect(found(then, { accounts: [{ id: 7, name: 'a' }, { id: 8 }], groups: [{ id: 1, account_id: 8 }] })).toEqual([])
    expect(found(then, { accounts: [{ id: 7, name: 'a' }, { id: 7 }], groups: [{ id: 1, account_id: 7 }] })).toEqual([
      '$.accounts[1].id binding',
      '$.groups[0].account_id binding',
    ])
    expect(found({ count: 1 }, { count: 2 })).toEqual(['$.count value'])
    expect(found({ id: 1 }, { id: '1' })).toEqual(['$.id type'])
    expect(found({ id: 1.5 }, { id: 2.5 })).toEqual(['$.id value'])
  })

  test('so are decimal texts, lists of them, and lists of numbers', () => {
    expect(found({ id: '12', accountId: '12' }, { id: '3', accountId: '3' }, { about: 'account' })).toEqual([])
    expect(found({ id: '12', accountId: '12' }, { id: '3', accountId: '4' }, { about: 'account' })).toEqual([
      '$.accountId binding',
    ])
    expect(found({ respondent_ids: '1,2' }, { respondent_ids: '5,6' })).toEqual([])
    expect(found({ respondent_ids: '1,2' }, { respondent_ids: '5' })).toEqual(['$.respondent_ids value'])
    expect(found({ respondentIds: [1, 2, 1] }, { respondentIds: [5, 6, 6] })).toEqual(['$.respondentIds[2] binding'])
    expect(found({ id: '12' }, { id: 'twelve' })).toEqual(['$.id value'])
  })

  test('the recording may name the kind of a key', () => {
    const named = () => ({ bindings: new Bindings([], { owner: 'user' }) })
    expect(found({ user_id: 3, owner: 3 }, { user_id: 9, owner: 9 }, named())).toEqual([])
    expect(found({ user_id: 3, owner: 3 }, { user_id: 9, owner: 8 }, named())).toEqual(['$.owner binding'])
    expect(found({ owner: 3 }, { owner: 9 })).toEqual(['$.owner value'])
  })

  test('a UUID that the client chose comes back as it is', () => {
    const bindings = new Bindings()
    bindings.sent(A)
    expect(found({ key: A }, { key: X }, { bindings })).toEqual(['$.key value'])
    expect(found({ key: A }, { key: A }, { bindings })).toEqual([])
  })
})

describe('dates', () => {
  test('are compared by form', () => {
    expect(found('2026-02-10T13:30:00Z', '2026-11-22T10:00:00Z')).toEqual([])
    expect(found('2026-02-10T13:30:00Z', '2026-11-22T10:00:00.5Z')).toEqual(['$ form'])
    expect(found('2026-02-10T13:30:00Z', '2026-11-31T10:00:00Z')).toEqual(['$ form'])
    expect(found('2026-02-10T13:30:00Z', 'yesterday')).toEqual(['$ form'])
    expect(found('2026-02-10T13:30:00.000001Z', '2026-11-22T10:00:00Z', { dates: 'sayify' })).toEqual([])
  })

  test('that the client chose come back as the same instant', () => {
    const bindings = new Bindings()
    bindings.sent('2026-02-10T13:30:00Z')
    expect(found('2026-02-10T13:30:00Z', '2026-11-22T10:00:00Z', { bindings })).toEqual(['$ value'])
    expect(found('2026-02-10T13:30:00.000Z', '2026-02-10T13:30:00.000Z', { bindings })).toEqual([])
    expect(found('2026-02-10T13:30:00.000Z', '2026-02-10T13:30:00Z', { bindings })).toEqual(['$ form'])
  })

  test('that the server chose are not the client’s when it sends them back', () => {
    const bindings = new Bindings()
    expect(found('2026-02-10T13:30:00Z', '2026-11-22T10:00:00Z', { bindings })).toEqual([])
    bindings.sent('2026-02-10T13:30:00Z')
    expect(found('2026-02-10T13:30:00Z', '2026-11-22T10:00:00Z', { bindings })).toEqual([])
  })
})

test('secrets are compared by form, and remembered', () => {
  const bindings = new Bindings()
  expect(found('sk_live_AbC0', 'sk_live_other', { bindings })).toEqual([])
  expect(bindings.secretFor('sk_live_AbC0')).toBe('sk_live_other')
  expect(found('sk_live_AbC0', 'sk_live_…ther')).toEqual(['$ form'])
  expect(found('sk_live_…AbC0', 'sk_live_…ther')).toEqual([])
  expect(found('sk_live_AbC0', 'key')).toEqual(['$ form'])
  expect(found('eyJh.eyJp.c2ln', 'eyJx.eyJy.enp6')).toEqual([])
})

describe('rules', () => {
  test('say what a value must be where the recorded one is an example', () => {
    const match = { '$.count': 'integer', '$.results[*].text': 'string?', '$.results[*].at': 'date-time-us' } as const
    const then = { count: 42, results: [{ text: 'a', at: '2026-02-22T17:15:55.291121Z' }] }
    const now = { count: 1, results: [{ text: null, at: '2026-11-22T10:00:00.000001Z' }] }
    expect(found(then, now, { match })).toEqual([])
    expect(found(then, { count: 1.5, results: [{ at: '2026-11-22T10:00:00Z' }] }, { match })).toEqual([
      '$.count form',
      '$.results[0].at form',
    ])
  })

  test('ask for keys that were not recorded, or allow them', () => {
    const match = { '$[*].value': 'any', '$[*].field_key': 'string?' } as const
    expect(found([{}, {}], [{ value: null }, { value: 1, field_key: 'a' }], { match })).toEqual([])
    expect(found([{}], [{ field_key: 7 }], { match })).toEqual(['$[0].field_key form', '$[0].value missing'])
    expect(found([{}], [{ value: 1, other: 1 }], { match })).toEqual(['$[0].other extra'])
    expect(found({ a: 1 }, {}, { match: { '$.a': 'absent' } })).toEqual([])
    expect(found({ a: 1 }, { a: 1 }, { match: { '$.a': 'absent' } })).toEqual(['$.a form'])
  })

  test('may say that an array begins with what was recorded', () => {
    const match = { '$.results': 'begins' } as const
    expect(found({ results: [{ a: 1 }] }, { results: [{ a: 1 }, { a: 2 }] }, { match })).toEqual([])
    expect(found({ results: [{ a: 1 }] }, { results: [{ a: 2 }] }, { match })).toEqual(['$.results[0].a value'])
    expect(found({ results: [{ a: 1 }] }, { results: [] }, { match })).toEqual(['$.results[0] missing'])
    expect(found({ results: [1] }, {}, { match })).toEqual(['$.results missing'])
    expect(found({ results: [1] }, { results: 1 }, { match })).toEqual(['$.results type'])
  })
})
