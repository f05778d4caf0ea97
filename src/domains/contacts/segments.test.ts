import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { brokenRules, eventsAfter, headOf, refusal, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { NO_FIELDS } from './contact-fields.ts'
import { createSegment, deleteContacts, deleteSegment, updateSegment } from './index.ts'
import {
  DECIMAL,
  SEGMENT_FIELDS,
  SEGMENT_OPERATORS,
  type SegmentField,
  type SegmentFilter,
  type SegmentValue,
  segmentSchema,
} from './segment-filter.ts'
import { countSegments, segmentBatch, segmentPages } from './segment-store.ts'
import { type ContactRow, insertContacts } from './store.ts'

let kit: TestWorld
beforeAll(async () => {
  kit = await testWorld()
})

/** Words that tempt: numbers in several forms, letters that differ by case and accent, wildcards, what needs quoting. */
const WORDS = [
  ...['a', 'A', 'ä', 'a\u0308', 'Z', 'ab', 'aB', '%', '_', '\\', "'", '"', '{}', '[null]', 'null', '𝒳', '\uffff', '~'],
  ...['1', '01', '1.0', '-1', '+1', '10', '9', '99999999999999999999', '1e3', '0.5', '.5', '5.', '00100', '100000'],
  ...['\u0661', 'Helsinki', 'helsinki', ' ', 'x y', '1 ', '2026-11-22 10:00:00', '\n'],
]

const TEXT_FIELDS = Object.entries(SEGMENT_FIELDS).flatMap(([field, kind]) => (kind === 'text' ? [field] : []))

interface Person extends ContactRow {
  createdAt: Date
  updatedAt: Date
}

function people(): Person[] {
  const word = fc.option(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...WORDS) }, { weight: 1, arbitrary: words }))
  const fields = Object.fromEntries(TEXT_FIELDS.map((field) => [field, word]))
  const arbitrary = fc.record({ ...fields, birthYear: fc.option(fc.constantFrom(1, 9, 10, 1980, 9999)) })
  const samples = fc.sample(arbitrary, { numRuns: 120, seed: 7 }) as Partial<ContactRow>[]
  return samples.map((each, n) => {
    // Three instants, of which two are in the same second.
    const at = new Date(Date.parse('2026-11-22T10:00:00.000Z') + [0, 999, 1_000][n % 3]!)
    const key = each.externalKey == null ? null : `${each.externalKey}/${n}`
    return {
      ...NO_FIELDS,
      ...each,
      ...{ externalKey: key, sharesEmail: true, id: kit.world.newId(), legacyId: n + 1 },
      ...{ createdAt: at, updatedAt: at },
    }
  })
}

const words = fc
  .string({ minLength: 1, maxLength: 3, unit: 'binary' })
  .filter((text) => !text.includes('\0') && text.isWellFormed())

/** contract/multisender.md 5.2 and A3 in plain code: what the database must do. */
function meetsAll(person: Person, filters: readonly SegmentFilter[]): boolean {
  return filters.every(({ field, operator, value }) => {
    const have = fieldOf(person, field)
    const wanted = (Array.isArray(value) ? value : [value]).map((each) => asCompared(field, each))
    const [want] = wanted
    switch (operator) {
      case '==':
        return have === want
      case '!=':
        return have !== want
      case 'in':
        return wanted.includes(have)
      case 'contains':
        return have?.includes(want ?? '') ?? false
      default: {
        if (have === null || want == null) return false
        const order = compare(have, want)
        return { '<': order < 0, '>': order > 0, '<=': order <= 0, '>=': order >= 0 }[operator]
      }
    }
  })
}

function fieldOf(person: Person, field: SegmentField): string | null {
  const value = person[field]
  if (value instanceof Date) return String(Math.floor(value.getTime() / 1000))
  return value === null ? null : String(value)
}

function asCompared(field: SegmentField, value: SegmentValue): string | null {
  if (value === null || value === '') return null
  if (SEGMENT_FIELDS[field] === 'instant') return String(Math.floor(Date.parse(String(value)) / 1000))
  if (SEGMENT_FIELDS[field] === 'number' && Number.isInteger(Number(value))) return String(Number(value))
  return String(value)
}

function compare(a: string, b: string): number {
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  const difference = scaled(a) - scaled(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** A decimal number, times ten to the thirtieth. */
function scaled(text: string): bigint {
  const [, sign, whole, fraction = ''] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text)!
  const size = BigInt(whole! + fraction.padEnd(30, '0'))
  return sign === '-' ? -size : size
}

describe('segments', () => {
  let all: Person[]
  beforeAll(async () => {
    all = people()
    for (const at of new Set(all.map((each) => each.createdAt.getTime()))) {
      const group = all.filter((each) => each.createdAt.getTime() === at)
      await kit.db.transaction((tx) => insertContacts(tx, kit.workspaceId, group, new Date(at)))
    }
  })

  /** A filter whose values are mostly those that somebody has. */
  function filter(): fc.Arbitrary<SegmentFilter> {
    const fields = Object.keys(SEGMENT_FIELDS) as SegmentField[]
    return fc
      .record({ field: fc.constantFrom(...fields), operator: fc.constantFrom(...SEGMENT_OPERATORS) })
      .filter(({ field, operator }) => operator !== 'contains' || SEGMENT_FIELDS[field] === 'text')
      .chain(({ field, operator }) => {
        const one = valueFor(field)
        const value = operator === 'in' ? fc.array(one, { maxLength: 4 }) : one
        return value.map((each): SegmentFilter => ({ field, operator, value: each }))
      })
  }

  function valueFor(field: SegmentField): fc.Arbitrary<SegmentValue> {
    const kind = SEGMENT_FIELDS[field]
    const empty = fc.constantFrom<SegmentValue>(null, '')
    if (kind === 'instant') {
      const offset = fc.constantFrom(-1_000, 0, 1, 999, 1_000, 2_000)
      const instant = offset.map((ms) => new Date(all[0]!.createdAt.getTime() + ms).toISOString())
      return fc.oneof(empty, instant)
    }
    if (kind === 'number')
      return fc.oneof(empty, fc.constantFrom<SegmentValue>(0, 1, 9, '10', '0009', '+1980', 1980.5, -3, '9999.0', 60))
    const theirs = fc.constantFrom(...all.map((each) => each[field] as string | null))
    return fc.oneof(empty, theirs, fc.constantFrom(...WORDS), fc.integer({ min: -11, max: 11 }), words)
  }

  test('have whom plain code finds, whatever is asked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(filter(), { minLength: 1, maxLength: 3 }), async (filters) => {
        const parsed = segmentSchema.parse({ filters })
        expect(parsed.filters.map((each) => each.filter)).toEqual(filters)
        const conditions = parsed.filters.map((each) => each.condition)
        const found = await segmentBatch(kit.db, kit.workspaceId, conditions, 0, 1_000)
        const expected = all.filter((person) => meetsAll(person, filters))
        expect(found.map((each) => each.legacyId)).toEqual(expected.map((each) => each.legacyId))
      }),
      { numRuns: 600 },
    )
  })

  test('are read in pages from both ends, several at once, and counted', async () => {
    const ids: string[] = []
    for (const filters of [
      [{ field: 'birthYear', operator: '>=', value: 10 }],
      [{ field: 'city', operator: '==', value: null }],
    ]) {
      ids.push((await createSegment(kit.world, kit.viewer, { filters })).id)
    }
    const expected = [all.filter((each) => (each.birthYear ?? 0) >= 10), all.filter((each) => each.city === null)].map(
      (group) => group.map((each) => each.id),
    )
    const counts = await countSegments(kit.db, kit.workspaceId, ids)
    expect(ids.map((id) => counts.get(id))).toEqual(expected.map((group) => group.length))
    const numberOf = (id: string | undefined) => all.find((each) => each.id === id)!.legacyId
    const bounds = { after: null, before: null }
    const second = numberOf(expected[0]![4])
    const pages = await segmentPages(kit.db, kit.workspaceId, [
      { segmentId: ids[0]!, ...bounds, limit: 5, backward: false },
      { segmentId: ids[0]!, ...bounds, after: second, limit: 5, backward: false },
      { segmentId: ids[1]!, ...bounds, limit: 3, backward: true },
      { segmentId: ids[0]!, ...bounds, before: second, limit: 2, backward: true },
    ])
    expect(pages).toEqual([
      expected[0]!.slice(0, 5),
      expected[0]!.slice(5, 10),
      expected[1]!.slice(-3).reverse(),
      expected[0]!.slice(2, 4).reverse(),
    ])
    const foreign = await segmentPages(kit.db, kit.otherViewer.workspaceId, [
      { segmentId: ids[0]!, ...bounds, limit: 5, backward: false },
    ])
    expect(foreign).toEqual([[]])
  })

  test('of the documented example compare numbers as numbers', async () => {
    const filters = [
      { field: 'postalCode', operator: '>=', value: '00001' },
      { field: 'postalCode', operator: '<=', value: '100000' },
      { field: 'city', operator: 'in', value: ['city', 'Helsinki', 'helsinki', 'a', 'A'] },
    ]
    const conditions = segmentSchema.parse({ filters }).filters.map((each) => each.condition)
    const found = await segmentBatch(kit.db, kit.workspaceId, conditions, 0, 1_000)
    expect(found.length).toBeGreaterThan(0)
    expect(found.map((each) => each.legacyId)).toEqual(
      all.filter((person) => meetsAll(person, filters as SegmentFilter[])).map((each) => each.legacyId),
    )
  })

  test('tell of their changes, and end', async () => {
    const before = await headOf(kit.world, kit.workspaceId)
    const { id } = await createSegment(kit.world, kit.viewer, {
      name: 'Early',
      filters: [{ field: 'legacyId', operator: '<=', value: '3' }],
    })
    await updateSegment(kit.world, kit.viewer, id, { filters: [{ field: 'legacyId', operator: '<=', value: 2 }] })
    expect(await deleteContacts(kit.world, kit.viewer, { segmentId: id })).toBe(2)
    expect((await countSegments(kit.db, kit.workspaceId, [id])).get(id)).toBe(0)
    await deleteSegment(kit.world, kit.viewer, id)
    const types = (await eventsAfter(kit.world, kit.workspaceId, before)).map(([, type]) => type)
    expect(types).toEqual(['segment.created', 'segment.updated', 'contacts.deleted', 'segment.deleted'])
    for (const attempt of [
      () => deleteSegment(kit.world, kit.viewer, id),
      () => updateSegment(kit.world, kit.viewer, id, { name: 'x' }),
      () => deleteContacts(kit.world, kit.viewer, { segmentId: id }),
    ]) {
      expect((await refusal(attempt())).code).toBe('NOT_FOUND')
    }
  })
})

test.each<[unknown, string[]]>([
  [[], ['filters too_short']],
  [[{ field: 'password', operator: '==', value: 1 }], ['filters.0.field unknown_option']],
  [[{ field: 'name; DROP TABLE contact', operator: '==', value: 1 }], ['filters.0.field unknown_option']],
  [[{ field: 'name', operator: 'like', value: 1 }], ['filters.0.operator unknown_option']],
  [[{ field: 'name', operator: 'in', value: 'a' }], ['filters.0.value type']],
  [[{ field: 'name', operator: '==', value: ['a'] }], ['filters.0.value type']],
  [[{ field: 'name', operator: '==', value: { a: 1 } }], ['filters.0.value type']],
  [[{ field: 'name', operator: 'in', value: ['a', true] }], ['filters.0.value.1 type']],
  [[{ field: 'name', operator: '==', value: 'a\0' }], ['filters.0.value unstorable_character']],
  [[{ field: 'birthYear', operator: 'contains', value: '19' }], ['filters.0.operator operator']],
  [[{ field: 'birthYear', operator: '>', value: 'old' }], ['filters.0.value number']],
  [[{ field: 'createdAt', operator: '>', value: '2026-02-31' }], ['filters.0.value date_time']],
  [[{ field: 'createdAt', operator: '>', value: 'yesterday' }], ['filters.0.value date_time']],
  [[{ field: 'name', operator: '==' }], ['filters.0.value type']],
])('%j is refused', async (filters, rules) => {
  expect(await brokenRules(createSegment(kit.world, kit.viewer, { filters: filters as [] }))).toEqual(rules)
})
