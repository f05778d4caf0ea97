import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type StoredAnswer, type StoredResponse, storeResponses } from '../../../test/kit/answers.ts'
import { brokenRules, codeOf, testWorld } from '../../../test/kit/world.ts'
import { createLink, deleteQuestion, listQuestions, type QuestionType } from '../links/index.ts'
import { linkSummaries } from './link-summary.ts'
import type { Sentiment } from './response-filter.ts'
import type { LinkSummary, SentimentCounts, SummaryRequest } from './summary.ts'

const t = await testWorld()
const { world, viewer, otherViewer, workspaceId, db } = t
const { newId } = world

const QUESTIONS = [
  { prompt: 'Would you recommend us?', fieldKey: 'nps', type: 'rating', configuration: { scale_type: 'nps' } },
  { prompt: 'And our shop?', fieldKey: 'nps2', type: 'rating', configuration: { scale_type: 'nps' } },
  { prompt: 'Stars', fieldKey: 'stars', type: 'rating', configuration: { scale_type: 'stars', max_value: 3 } },
  { prompt: 'How many?', fieldKey: 'many', type: 'number' },
  { prompt: 'One of', fieldKey: 'one', type: 'multiple_choice', configuration: { options: ['a', 'b', 'c'] } },
  {
    ...{ prompt: 'Some of', fieldKey: 'some', type: 'multiple_choice' },
    configuration: { options: ['x', 'y'], allow_multiple: true },
  },
  {
    ...{ prompt: 'Card', fieldKey: 'card', type: 'image_choice' },
    configuration: { cards: [{ id: '1', label: 'Red' }, { id: '2' }] },
  },
  { prompt: 'Yes?', fieldKey: 'yes', type: 'yes_no' },
  { prompt: 'When?', fieldKey: 'when', type: 'date' },
  { prompt: 'Say', fieldKey: 'say', type: 'voice' },
  { prompt: 'Write', fieldKey: 'write', type: 'text' },
  { prompt: 'Gone soon', fieldKey: 'gone', type: 'yes_no' },
] as const satisfies { prompt: string; fieldKey: string; type: QuestionType; configuration?: object }[]

const VALUES: Record<string, fc.Arbitrary<unknown>> = {
  nps: fc.integer({ min: 0, max: 10 }),
  nps2: fc.integer({ min: 0, max: 10 }),
  // One step beyond the scale, from a time when it was longer.
  stars: fc.integer({ min: 1, max: 4 }),
  many: fc.oneof(fc.integer({ min: -5, max: 1_000_000 }), fc.constantFrom(0.1, 0.2, 2.5)),
  one: fc.constantFrom('a', 'b', 'old option'),
  some: fc.subarray(['x', 'y'], { minLength: 1 }),
  card: fc.constantFrom('1', '2'),
  yes: fc.boolean(),
  when: fc.constantFrom('2026-01-31', '2026-02-01', '2025-12-24'),
  gone: fc.boolean(),
}

const insight = fc.record({
  sentiment: fc.constantFrom<(Sentiment | undefined)[]>('positive', 'neutral', 'negative', 'mixed', undefined),
  actionable: fc.constantFrom(true, false, undefined),
  topics: fc.array(fc.constantFrom('Price', 'price', 'PRICE', 'delivery', 'staff'), { maxLength: 4 }),
  customFields: fc.constantFrom({ tone: 'angry', city: null }, { tone: '' }, undefined),
})

const answer = fc.constantFrom(...QUESTIONS).chain(({ fieldKey, type, prompt }) =>
  fc.record({
    fieldKey: fc.constant(fieldKey as string),
    type: fc.constant(type as QuestionType),
    prompt: fc.constant(prompt as string),
    value: VALUES[fieldKey] ?? fc.constant(undefined),
    seconds: fc.option(fc.constantFrom(0.5, 1.25, 60), { nil: undefined }),
    insights: fc.array(insight, { maxLength: 2 }),
    follow: fc.option(insight, { nil: undefined }),
  }),
)

const DAY = 86_400_000
/** Around the night in which clocks are set forward in Helsinki, and the turn of a month. */
const START = Date.UTC(2026, 2, 27)
const response = fc.record({
  channel: fc.constantFrom('web' as const, 'phone' as const),
  hours: fc.integer({ min: 0, max: 24 * 40 }),
  completed: fc.boolean(),
  answers: fc.uniqueArray(answer, { selector: ({ fieldKey }) => fieldKey, maxLength: 8, size: 'max' }),
})

function stored(made: ReturnType<typeof sample>): StoredResponse[] {
  return made.map(({ channel, hours, completed, answers }) => {
    const startedAt = new Date(START + hours * 3_600_000)
    return {
      ...{ channel, startedAt },
      ...(completed ? { submittedAt: new Date(startedAt.getTime() + 90 * DAY) } : {}),
      answers: answers.flatMap(({ seconds, follow, insights, value, ...rest }): StoredAnswer[] => {
        const isVoice = rest.type === 'voice'
        const spoken = (key: string) => ({
          upload: {
            storageKey: key,
            mediaType: 'audio/webm',
            size: 1,
            ...(seconds ? { durationSeconds: seconds } : {}),
          },
        })
        const one = {
          ...{ ...rest, value, insights: insights as never },
          ...(isVoice ? spoken(newId()) : {}),
        }
        if (!isVoice || !follow) return [one]
        const fieldKey = `${rest.fieldKey}__follow_up_1`
        const reply = { ...rest, fieldKey, follows: rest.fieldKey, insights: [follow] as never, ...spoken(newId()) }
        return [one, reply]
      }),
    }
  })
}

const sample = (count: number, seed: number) =>
  fc.sample(fc.array(response, { minLength: count, maxLength: count, size: 'max' }), { seed, numRuns: 1 })[0]!

/** The same from the responses themselves, one question at a time, the slow way. */
function naive(all: readonly StoredResponse[], request: SummaryRequest, local: (at: Date) => string): LinkSummary {
  const { from, to, channel } = request
  const picked = all.filter(
    (each) =>
      (!from || each.startedAt >= from) && (!to || each.startedAt < to) && (!channel || each.channel === channel),
  )
  const counts = (of: readonly StoredResponse[]) => {
    const completed = of.filter(({ submittedAt }) => submittedAt).length
    return { started: of.length, completed, completionRate: of.length > 0 ? completed / of.length : null }
  }
  const done = picked.filter(({ submittedAt }) => submittedAt)
  const newest = (of: readonly StoredResponse[]) =>
    of.flatMap(({ answers }) => answers.flatMap(({ insights = [] }) => insights.slice(-1)))
  const sentiments = (of: ReturnType<typeof newest>): SentimentCounts => ({
    positive: of.filter(({ sentiment }) => sentiment === 'positive').length,
    neutral: of.filter(({ sentiment }) => sentiment === 'neutral').length,
    negative: of.filter(({ sentiment }) => sentiment === 'negative').length,
    mixed: of.filter(({ sentiment }) => sentiment === 'mixed').length,
  })
  const nps = (ratings: readonly number[]) => {
    const [promoters, detractors] = [ratings.filter((n) => n > 8).length, ratings.filter((n) => n < 7).length]
    const score = ratings.length > 0 ? ((promoters - detractors) * 100) / ratings.length : null
    return { promoters, passives: ratings.length - promoters - detractors, detractors, score }
  }
  const valuesOf = (key: string) => done.flatMap(({ answers }) => answers.filter(({ fieldKey }) => fieldKey === key))
  const steps = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => `${first + n}`)
  const offered: Record<string, string[]> = {
    ...{ nps: steps(0, 10), nps2: steps(0, 10), stars: steps(1, 3), one: ['a', 'b', 'c'], some: ['x', 'y'] },
    ...{ card: ['1', '2'], yes: ['true', 'false'] },
  }
  const labels: Record<string, string> = { 1: 'Red' }
  const questions = QUESTIONS.flatMap(({ fieldKey, type, prompt }) => {
    const answered = valuesOf(fieldKey)
    const isGone = fieldKey === 'gone'
    if (isGone && answered.length === 0) return []
    const numeric = ['number', 'rating'].includes(type)
    const numbers = numeric ? answered.map(({ value }) => value as number).sort((a, b) => a - b) : []
    const middle = [numbers[Math.floor((numbers.length - 1) / 2)]!, numbers[Math.floor(numbers.length / 2)]!]
    const given = answered.flatMap(({ value }) =>
      type === 'date' ? String(value).slice(0, 7) : [value].flat().map(String),
    )
    const counted = ['multiple_choice', 'image_choice', 'yes_no', 'rating', 'date'].includes(type)
    const listed = [...new Set([...(offered[fieldKey] ?? []), ...given.toSorted()])]
    return [
      {
        ...{ fieldKey, type, prompt, questionId: isGone ? null : expect.any(String), answered: answered.length },
        average: numbers.length > 0 ? expect.closeTo(numbers.reduce((a, b) => a + b, 0) / numbers.length, 6) : null,
        median: numbers.length > 0 ? expect.closeTo((middle[0]! + middle[1]!) / 2, 6) : null,
        min: numbers[0] ?? null,
        max: numbers.at(-1) ?? null,
        nps: fieldKey.startsWith('nps') ? nps(numbers) : null,
        distribution: counted
          ? listed.map((value) => {
              const count = given.filter((each) => each === value).length
              const label = type === 'image_choice' ? (labels[value] ?? value) : value
              return { value, label, count, share: answered.length > 0 ? count / answered.length : null }
            })
          : [],
      },
    ]
  })
  const recordings = done.flatMap(({ answers }) => answers.filter(({ type, upload }) => type === 'voice' && upload))
  const lengths = recordings.flatMap(({ upload }) => upload!.durationSeconds ?? [])
  const total = lengths.reduce((a, b) => a + b, 0)
  const found = newest(done)
  const topics = [...new Set(found.flatMap(({ topics = [] }) => topics.map((each) => each.toLowerCase())))].map(
    (key) => {
      const naming = found.filter(({ topics = [] }) => topics.some((each) => each.toLowerCase() === key))
      const spelled = naming.flatMap(({ topics = [] }) => topics.filter((each) => each.toLowerCase() === key)).sort()
      const often = (spelling: string) => spelled.filter((each) => each === spelling).length
      const topic = spelled.reduce((best, each) => (often(each) > often(best) ? each : best), spelled[0]!)
      return { topic, count: naming.length, sentiments: sentiments(naming) }
    },
  )
  const looked = done.flatMap((of, n) =>
    of.answers.flatMap(({ fieldKey, insights = [] }) =>
      Object.entries(insights.at(-1)?.customFields ?? {}).map(([name, value]) => ({
        ...{ n, name, value, fieldKey: fieldKey.split('__')[0]! },
      })),
    ),
  )
  const people = (rows: typeof looked) => new Set(rows.map(({ n }) => n)).size
  const fields = [...new Set(looked.map(({ fieldKey, name }) => `${fieldKey} ${name}`))].sort().map((each) => {
    const [fieldKey, name] = each.split(' ') as [string, string]
    const rows = looked.filter((row) => row.fieldKey === fieldKey && row.name === name)
    return { fieldKey, name, asked: people(rows), filled: people(rows.filter(({ value }) => value)) }
  })
  const days = [...new Set(picked.map(({ startedAt }) => local(startedAt)))].sort()
  return {
    counts: counts(picked),
    channels: (['web', 'phone'] as const).map((one) => ({
      channel: one,
      ...counts(picked.filter((r) => r.channel === one)),
    })),
    // Compared by day, where there is anything.
    points: request.granularity
      ? days.map((day) => {
          const here = picked.filter(({ startedAt }) => local(startedAt) === day)
          const { started, completed } = counts(here)
          const said = sentiments(newest(here.filter(({ submittedAt }) => submittedAt)))
          return { start: day as never, end: day as never, started, completed, sentiments: said }
        })
      : [],
    questions,
    nps: nps([...valuesOf('nps'), ...valuesOf('nps2')].map(({ value }) => value as number)),
    voice: {
      recordings: recordings.length,
      totalSeconds: lengths.length > 0 ? expect.closeTo(total, 6) : null,
      averageSeconds: lengths.length > 0 ? expect.closeTo(total / lengths.length, 6) : null,
    },
    analyzedAnswers: found.length,
    actionableAnswers: found.filter(({ actionable }) => actionable).length,
    sentiments: sentiments(found),
    topics: topics.sort((a, b) => b.count - a.count || (a.topic.toLowerCase() < b.topic.toLowerCase() ? -1 : 1)),
    customFields: fields,
  }
}

async function linkWith(responses: readonly StoredResponse[], by = viewer) {
  const link = await createLink(world, by, { name: 'Visit', questions: QUESTIONS as never })
  await storeResponses({ db, newId }, by.workspaceId, link.id, responses)
  return link
}
const summaryOf = async (id: string, request: SummaryRequest = {}, by = viewer) =>
  (await linkSummaries(world, by, [id], request)).get(id)!

/** The calendar day, or the first day of its week or month, in the zone. */
function localBucket(granularity: SummaryRequest['granularity'], timeZone = 'UTC') {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' })
  return (at: Date) => {
    const day = format.format(at)
    if (granularity === 'month') return `${day.slice(0, 7)}-01`
    if (granularity !== 'week') return day
    const date = new Date(`${day}T00:00:00Z`)
    return new Date(date.getTime() - ((date.getUTCDay() + 6) % 7) * DAY).toISOString().slice(0, 10)
  }
}

describe('the summary of a link', () => {
  it.each([1, 2, 3])('is what counting by hand gives (%i)', async (seed) => {
    const responses = stored(sample(60, seed))
    const link = await linkWith(responses)
    // Answers to it stay.
    const asked = await listQuestions(db, workspaceId, link.id)
    await deleteQuestion(world, viewer, asked.find(({ field_key }) => field_key === 'gone')!.id)
    const request: fc.Arbitrary<SummaryRequest> = fc.record({
      from: fc.option(fc.integer({ min: 0, max: 20 }).map((day) => new Date(START + day * DAY))),
      to: fc.option(fc.integer({ min: 21, max: 40 }).map((day) => new Date(START + day * DAY + 3_600_000))),
      channel: fc.constantFrom('web' as const, 'phone' as const, null, null),
      granularity: fc.constantFrom('day' as const, 'week' as const, 'month' as const, null),
      timeZone: fc.constantFrom('Europe/Helsinki', 'America/St_Johns', null),
    })
    await fc.assert(
      fc.asyncProperty(request, async (asked) => {
        const local = localBucket(asked.granularity, asked.timeZone ?? 'UTC')
        const { points, ...found } = await summaryOf(link.id, asked)
        const expected = naive(responses, asked, local)
        expect({ ...found, points: [] }).toEqual({ ...expected, points: [] })
        const filled = points.filter(({ started }) => started > 0)
        expect(filled.map(({ start, ...point }) => ({ ...point, start: local(start), end: local(start) }))).toEqual(
          expected.points,
        )
        // Every bucket is there, without holes.
        for (const [n, { start }] of points.entries()) if (n > 0) expect(start).toEqual(points[n - 1]!.end)
      }),
      { numRuns: 15, seed },
    )
  })

  it('has null where nothing is measured, never 0', async () => {
    const link = await linkWith([])
    const summary = await summaryOf(link.id, { granularity: 'day' })
    expect(summary).toMatchObject({
      counts: { started: 0, completed: 0, completionRate: null },
      ...{ points: [], voice: { recordings: 0, totalSeconds: null, averageSeconds: null }, topics: [] },
      nps: { promoters: 0, passives: 0, detractors: 0, score: null },
      sentiments: { positive: 0, neutral: 0, negative: 0, mixed: 0 },
    })
    expect(summary.questions.map(({ average, median, min, max }) => [average, median, min, max])).toEqual(
      QUESTIONS.map(() => [null, null, null, null]),
    )
    expect(summary.questions[2]!.distribution[0]).toEqual({ value: '1', label: '1', count: 0, share: null })
    const bare = await createLink(world, viewer, { name: 'Bare', questions: [] })
    expect((await summaryOf(bare.id)).nps).toBeNull()
    expect(JSON.stringify(summary)).not.toContain('NaN')
  })

  it('tells links apart, and workspaces', async () => {
    const [one, two] = [stored(sample(10, 5)), stored(sample(20, 6))]
    const links = [await linkWith(one), await linkWith(two)]
    const theirs = await linkWith(stored(sample(10, 7)), otherViewer)
    const ids = [...links, theirs].map(({ id }) => id)
    const mine = await linkSummaries(world, viewer, ids, {})
    expect([...mine.values()].map(({ counts }) => counts.started)).toEqual([10, 20, 0])
    for (const { id } of links) expect(mine.get(id)).toEqual(await summaryOf(id))
    expect(mine.get(theirs.id)!.questions).toEqual([])
    expect((await summaryOf(theirs.id, {}, otherViewer)).counts.started).toBe(10)
    expect(await codeOf(linkSummaries(world, { ...viewer, scopes: new Set() }, ids, {}))).toBe('INSUFFICIENT_SCOPE')
  })

  it('counts what is asked for only', async () => {
    const link = await linkWith(stored(sample(20, 8)))
    const summary = (await linkSummaries(world, viewer, [link.id], {}, new Set(['counts']))).get(link.id)!
    expect(summary.counts.started).toBe(20)
    expect([summary.questions, summary.topics, summary.analyzedAnswers]).toEqual([[], [], 0])
  })

  it('refuses what is no period', async () => {
    const ask = (request: object) => brokenRules(linkSummaries(world, viewer, [newId()], request))
    const [from, to] = [new Date('2026-01-02'), new Date('2026-01-01')]
    expect(await ask({ from, to })).toEqual(['to order'])
    expect(await ask({ timeZone: 'Mars' })).toEqual(['timeZone time_zone'])
    expect(await ask({ from: new Date('0001-01-01') })).toEqual(['from out_of_range'])
    expect(await ask({ from: new Date('1990-01-01'), to, granularity: 'day' })).toEqual([
      'granularity too_many_buckets',
    ])
  })
})
