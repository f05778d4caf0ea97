import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type StoredAnswer, storeResponses } from '../../../test/kit/answers.ts'
import { brokenRules, codeOf, testWorld } from '../../../test/kit/world.ts'
import { createReader } from '../../db/reader/index.ts'
import { sql } from '../../db/sql.ts'
import { createLink } from '../links/index.ts'
import { meets, type ResponseFilter, responseWhere } from './response-filter.ts'
import { type AnswerSearch, countMatches, searchAnswers } from './search-answers.ts'

const t = await testWorld()
const { world, viewer, otherViewer, workspaceId, db } = t
const { newId } = world
const at = (minute: number) => new Date(Date.UTC(2026, 5, 1, 12, minute))
const PAGE = { limit: 100, after: null, before: null, backward: false }

const link = await createLink(world, viewer, { name: 'One', questions: [{ prompt: 'Say', fieldKey: 'say' }] })
const second = await createLink(world, viewer, { name: 'Two', questions: [] })
const foreign = await createLink(world, otherViewer, { name: 'Theirs', questions: [] })

const spoken = (text: string, more: Partial<StoredAnswer> = {}): StoredAnswer => ({
  ...{ fieldKey: 'say', type: 'voice', text, transcripts: [text] },
  ...more,
})
const store = (linkId: string, texts: string[], of = workspaceId) =>
  storeResponses(
    { db, newId },
    ...([of, linkId] as const),
    texts.map((text, n) => ({ channel: 'web', startedAt: at(n), submittedAt: at(n), answers: [spoken(text)] })),
  )

const TEXTS = [
  'The deliveries were late again and nobody called.',
  'Friendly staff, quick delivery. Delivery was great, the delivery man too.',
  'Toimitukset olivat myöhässä, mutta kissani pitivät pakkauksesta.',
  'To be or not to be, that is the question.',
  'Price was too high; e-mail support at help@example.com was slow.',
]
await store(link.id, TEXTS)
await store(second.id, ['Another delivery, of the second link.'])
await store(foreign.id, ['Their delivery is a secret.'], otherViewer.workspaceId)
// Neither spoken nor written in own words.
await storeResponses({ db, newId }, workspaceId, link.id, [
  {
    ...{ channel: 'web', startedAt: at(9) },
    answers: [
      { fieldKey: 'which', type: 'multiple_choice', value: 'delivery', text: 'delivery' },
      { fieldKey: 'mail', type: 'email', value: 'delivery@x.example', text: 'delivery@x.example' },
      { fieldKey: 'silent', type: 'voice' },
    ],
  },
])

async function found(query: string, search: Omit<AnswerSearch, 'query'> = { linkId: link.id }, by = viewer) {
  const matches = await searchAnswers(world, by, { query, ...search }, PAGE)
  expect(await countMatches(world, by, { query, ...search })).toBe(matches.length)
  return matches.map(({ fragments }) =>
    fragments.map(({ parts }) => parts.map((p) => (p.isMatch ? `[${p.text}]` : p.text)).join('')).join(' … '),
  )
}
const numbers = async (query: string) =>
  (await found(query)).map((text) => TEXTS.indexOf(text.replaceAll(/[[\]]/g, ''))).sort()

describe('a search in what people said', () => {
  it('finds words by their stems, in English and in Finnish, and shows where', async () => {
    expect(await found('delivery late')).toEqual(['The [deliveries] were [late] again and nobody called.'])
    expect(await found('toimitukset kissa')).toEqual([
      '[Toimitukset] olivat myöhässä, mutta [kissani] pitivät pakkauksesta.',
    ])
    expect(await numbers('PRICES')).toEqual([4])
    expect(await numbers('pakkaus')).toEqual([2])
  })

  it.each([
    ['delivery -late', [1]],
    ['delivery -"were late"', [1]],
    // What is excluded is excluded in every form that is known, not in one of them.
    ['-deliveries', [2, 3, 4]],
    ['price or kissa', [2, 4]],
    ['"friendly staff"', [1]],
    ['"staff friendly"', []],
    ['"to be or not to be"', [3]],
    // Common words alone, and beside others, where they are passed over.
    ['to be', [3]],
    ['the staff', [1]],
    ['a question', [3]],
    ['ja pakkaus', [2]],
    ['toimituksia', [2]],
    ['toimitus', [2]],
    ['e-mail', [4]],
    ['help@example.com', [4]],
    ['-nothing', [0, 1, 2, 3, 4]],
    ['nobody staff', []],
    ['& | !', []],
  ])('means %s as people mean it', async (query, expected) => {
    expect(await numbers(query)).toEqual(expected)
  })

  it('gives the best first, page by page, forward and backward', async () => {
    const all = await searchAnswers(world, viewer, { query: 'delivery' }, PAGE)
    expect(all.length).toBe(3)
    expect(all[0]!.fragments[0]!.parts[0]!.text).toBe('Friendly staff, quick ')
    expect(all.map(({ score }) => score)).toEqual(all.map(({ score }) => score).toSorted((a, b) => b - a))
    expect(all.every(({ score }) => score > 0 && score < 1_000_000)).toBe(true)
    const ids = all.map(({ id }) => id)
    const page = async (rest: object) =>
      (await searchAnswers(world, viewer, { query: 'delivery' }, { ...PAGE, ...rest })).map(({ id }) => id)
    expect(await page({ limit: 1 })).toEqual(ids.slice(0, 1))
    expect(await page({ after: all[0]! })).toEqual(ids.slice(1))
    expect(await page({ backward: true, limit: 2 })).toEqual([ids[2], ids[1]])
    expect(await page({ backward: true, before: all[2]! })).toEqual([ids[1], ids[0]])
  })

  it('stays within the workspace, the link and the filter', async () => {
    expect(await found('delivery', {})).toHaveLength(3)
    expect(await found('secret', {})).toEqual([])
    expect(await found('delivery', {}, otherViewer)).toEqual(['Their [delivery] is a secret.'])
    expect(await found('delivery', { linkId: foreign.id })).toEqual([])
    expect(await found('delivery', { linkId: second.id })).toHaveLength(1)
    expect(await found('delivery', { filter: { submittedBefore: at(1) } })).toHaveLength(2)
    expect(await found('delivery', { filter: { channel: 'phone' } })).toEqual([])
    expect(await codeOf(searchAnswers(world, { ...viewer, scopes: new Set() }, { query: 'x' }, PAGE))).toBe(
      'INSUFFICIENT_SCOPE',
    )
  })

  it('follows the newest transcript', async () => {
    const [made] = await store(link.id, ['An umbrella'])
    await db.query(sql`UPDATE answer SET text = 'A parasol' WHERE id = ${made!.answerIds[0]}::uuid`)
    expect(await found('umbrella')).toEqual([])
    expect(await found('parasols')).toEqual(['A [parasol]'])
    await db.query(sql`UPDATE answer SET text = NULL WHERE id = ${made!.answerIds[0]}::uuid`)
    expect(await found('parasol')).toEqual([])
  })

  it('refuses what is no search, and nothing else', async () => {
    expect(await brokenRules(searchAnswers(world, viewer, { query: ' ' }, PAGE))).toEqual(['query too_short'])
    expect(await brokenRules(searchAnswers(world, viewer, { query: 'x'.repeat(501) }, PAGE))).toEqual([
      'query too_long',
    ])
    expect(await brokenRules(searchAnswers(world, viewer, { query: 'a\0b' }, PAGE))).toEqual([
      'query unstorable_character',
    ])
    const unit = fc.constantFrom(...`abö '"\\-&|!()<>:*%_@./#$€\n😀`, 'or ', 'the ', "'::", '<->', '\u0301')
    await fc.assert(
      fc.asyncProperty(fc.string({ unit, minLength: 1, maxLength: 200 }), async (query) => {
        fc.pre(query.trim() !== '')
        const matches = await searchAnswers(world, viewer, { query }, PAGE)
        expect(await countMatches(world, viewer, { query })).toBe(matches.length)
      }),
      { numRuns: 40 },
    )
    for (const query of [
      'x '.repeat(250),
      '-x '.repeat(166),
      '"a" or '.repeat(71),
      'ä'.repeat(500),
      'a-'.repeat(250),
    ]) {
      await searchAnswers(world, viewer, { query }, PAGE)
    }
  })

  it('takes texts of any length and kind', async () => {
    const threes = Array.from({ length: 46_656 }, (_, n) => n.toString(36).padStart(3, '0'))
    const rare = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => String.fromCodePoint(from + (n % 40_000), from + ((n * 7) % 40_000)))
    const huge = [
      `${threes.join(' ').slice(0, 99_000)} lighthouse`,
      `lighthouse ${threes.map((word, n) => `${word}-${(n * 31).toString(36)}`).join(' ')}`.slice(0, 100_000),
      `lighthouse ${rare(0x2_0000, 40_000).join(' ')}`.slice(0, 200_000),
      `lighthouse ${rare(0x4e00, 20_000).join('-')}`.slice(0, 100_000),
      `lighthouse ${'w'.repeat(99_000)}`,
      `lighthouse ${threes.map((word) => `http://${word}.fi/${word}ssa?${word}`).join(' ')}`.slice(0, 100_000),
    ].map((text) => text.toWellFormed())
    await store(link.id, huge)
    expect(await found('lighthouses')).toHaveLength(huge.length)
  }, 60_000)
})

describe('a filter of responses', () => {
  it('means the same to the reader and to a statement', async () => {
    const filters = await createLink(world, viewer, { name: 'Filtered', questions: [] })
    const insight = fc.record({
      sentiment: fc.constantFrom('positive' as const, 'negative' as const, undefined),
      topics: fc.subarray(['Price', 'ÄÄNI', 'delivery time', 'price']),
    })
    const answer = fc.record({
      type: fc.constantFrom('voice' as const, 'text' as const, 'file_upload' as const),
      text: fc.constantFrom('50% off_', 'Ääni', undefined),
      recorded: fc.boolean(),
      insights: fc.array(insight, { maxLength: 2 }),
    })
    const response = fc.record({
      channel: fc.constantFrom('web' as const, 'phone' as const),
      submitted: fc.option(fc.integer({ min: 0, max: 3 })),
      analyzed: fc.boolean(),
      email: fc.constantFrom('ann@x.example', undefined),
      answers: fc.array(answer, { maxLength: 2 }),
    })
    const [sample] = fc.sample(fc.array(response, { minLength: 60, maxLength: 60, size: 'max' }), {
      seed: 7,
      numRuns: 1,
    })
    await storeResponses(
      { db, newId },
      ...([workspaceId, filters.id] as const),
      sample!.map(({ channel, submitted, analyzed, email, answers }) => ({
        ...{ channel, startedAt: at(0), ...(email ? { email } : {}) },
        ...(submitted === null ? {} : { submittedAt: at(submitted) }),
        ...(analyzed ? { analyzedAt: at(5) } : {}),
        answers: answers.map(({ type, text, recorded, insights }, n) => ({
          ...{ fieldKey: `k${n}`, type, ...(text ? { text } : {}) },
          ...(recorded ? { upload: { storageKey: newId(), mediaType: 'audio/webm', size: 1 } } : {}),
          insights: insights.map(({ sentiment, topics }) => ({ topics, ...(sentiment ? { sentiment } : {}) })),
        })),
      })),
    )
    let fallbacks = 0
    const reader = createReader({ db, onFallback: () => fallbacks++ }).forWorkspace(workspaceId)
    const read = async (filter: ResponseFilter) => {
      const where = { AND: [{ linkId: filters.id }, responseWhere(filter)] }
      const rows = await reader.response.findMany({ where, select: { id: true }, orderBy: { id: 'asc' } })
      return rows.map(({ id }) => id)
    }
    const option = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { freq: 2 })
    const filter = fc.record({
      status: option('started' as const, 'completed' as const),
      channel: option('web' as const, 'phone' as const),
      search: option('50% OFF_', '%', 'ÄÄ', 'ann@', 'x\0'),
      submittedFrom: option(at(1), at(2)),
      submittedBefore: option(at(2), at(3)),
      sentiment: option('positive' as const, 'negative' as const),
      topic: option('PRICE', ' ääni', 'delivery', 'Delivery Time'),
      hasRecording: option(true, false),
      analyzed: option(true, false),
    })
    const sizes = new Set<number>()
    const single = fc.tuple(
      filter,
      fc.subarray(['search', 'sentiment', 'topic', 'hasRecording', 'analyzed', 'channel'] as const, { maxLength: 2 }),
    )
    await fc.assert(
      fc.asyncProperty(single, async ([all, keys]) => {
        const given: ResponseFilter = keys.length === 0 ? all : Object.fromEntries(keys.map((key) => [key, all[key]]))
        const rows = await db.query<{ id: string }>(
          sql`SELECT r.id FROM response r WHERE r.workspace_id = ${workspaceId}::uuid
                AND r.link_id = ${filters.id}::uuid AND ${meets(given)} ORDER BY r.id`,
        )
        const ids = await read(given)
        expect(rows.map(({ id }) => id)).toEqual(ids)
        sizes.add(ids.length)
      }),
      { numRuns: 60, seed: 11 },
    )
    expect(sizes.size).toBeGreaterThan(10)
    expect(fallbacks).toBe(0)
    // What a naive reading of the sample says.
    type Sampled = NonNullable<typeof sample>[number]
    const newest = (of: Sampled) => of.answers.flatMap(({ insights }) => insights.at(-1) ?? [])
    const count = (holds: (of: Sampled) => boolean) => sample!.filter(holds).length
    expect(await read({ sentiment: 'negative' })).toHaveLength(
      count((of) => newest(of).some(({ sentiment }) => sentiment === 'negative')),
    )
    expect(await read({ topic: 'price', sentiment: 'positive' })).toHaveLength(
      count((of) =>
        newest(of).some(
          ({ topics, sentiment }) => sentiment === 'positive' && topics.some((each) => each.toLowerCase() === 'price'),
        ),
      ),
    )
    expect(await read({ hasRecording: true })).toHaveLength(
      count(({ answers }) => answers.some(({ type, recorded }) => type === 'voice' && recorded)),
    )
  }, 60_000)
})
