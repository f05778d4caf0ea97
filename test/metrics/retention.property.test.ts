import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Viewer } from '../../src/domains/auth/index.ts'
import { createWorkspace } from '../../src/domains/auth/workspaces.ts'
import {
  addMessages,
  createMessageWriter,
  type MessagingDeps,
  recomputeMetrics,
  reduceMessages,
  resolveConversation,
  setBusinessCalendar,
  updateMessageSettings,
  verifyMetrics,
} from '../../src/domains/messaging/index.ts'
import { settleWorkspace } from '../../src/domains/messaging/settle-metrics.ts'
import {
  contributionsTo,
  GROUPINGS,
  METRICS,
  type MetricFilter,
  type MetricName,
  type MetricRequest,
  type MetricResult,
  readMetric,
} from '../../src/domains/metrics/index.ts'
import { nearestKept } from '../../src/domains/metrics/nearest-kept.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { ExpectedError } from '../../src/platform/errors.ts'
import { onPostgres } from '../kit/database.ts'
import { testWorld, worldOn } from '../kit/world.ts'
import { type Entry, type History, histories, lastOf, requestOf, requests } from './histories.ts'

/** How many histories are made up; each is asked many things. */
const RUNS = Number(process.env.METRIC_RUNS ?? (onPostgres ? 60 : 10))
const PATIENCE_MS = 60_000 + RUNS * 3_000
const DAY = 24 * 3_600_000

/** What was written a moment ago is quiet, whatever the clock of those who settle shows. */
const AT_ONCE = -10_000 * 86_400_000
const t = await testWorld()
let workspaces = 0

/** When messages are reduced: after how many batches, and so many days before or after the last of their times. */
const reductions = fc.array(fc.record({ after: fc.nat(12), days: fc.integer({ min: -3, max: 3 }) }), {
  minLength: 1,
  maxLength: 4,
})

test(
  'a workspace that reduces its messages has the numbers of one that keeps them',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        histories,
        reductions,
        fc.array(requests, { minLength: 1, maxLength: 25, size: 'max' }),
        async (history, when, specs) => {
          const twins = await play(history, when)
          const { deps, kept, reduced, floor } = twins
          const { world } = deps
          expect((await verifyMetrics(world, reduced)).differences).toEqual([])
          for (const request of alignedRequests(history, floor)) {
            const values = await Promise.all([kept, reduced].map((viewer) => readMetric(world, viewer, request)))
            const [expected, told] = values.map((result) => shown(result, request))
            expect({ request, ...told }).toEqual({ request, ...expected })
          }
          for (const spec of specs) await compare(twins, requestOf(spec, history))
          if (floor > 0) {
            const before = new Date(floor - 1)
            expect(await codeOf(recomputeMetrics(world, reduced, { from: before }))).toBe('MESSAGES_REDUCED')
          }
          expect((await recomputeMetrics(world, reduced)).differences).toEqual([])
        },
      ),
      {
        numRuns: RUNS,
        interruptAfterTimeLimit: PATIENCE_MS,
        markInterruptAsFailure: true,
        ...(process.env.METRIC_SEED && { seed: Number(process.env.METRIC_SEED) }),
      },
    )
  },
  PATIENCE_MS + 20_000,
)

interface Twins {
  deps: MessagingDeps
  kept: Viewer
  reduced: Viewer
  /** Milliseconds; 0: nothing was reduced. */
  floor: number
}

/** Hands a history over to two workspaces; what the one refuses since it is too old, the other is not told. */
async function play(history: History, when: { after: number; days: number }[]): Promise<Twins> {
  // Nothing is taken from the future; read is at any moment.
  const clock = new FakeClock(lastOf(history))
  const world = worldOn(t.db, clock)
  const deps = { world, writer: createMessageWriter(world) }
  const [kept, reduced] = (await Promise.all(['kept', 'reduced'].map(workspaceOf))) as [Viewer, Viewer]
  await updateMessageSettings(world, reduced, { retentionDays: 1 })
  let floor = 0
  let latest = 0
  for (const [number, entries] of batchesOf(history).entries()) {
    await hand(entries)
    latest = Math.max(latest, ...entries.map(({ input }) => input.time.getTime()))
    for (const { days } of when.filter(({ after }) => after === number)) {
      const now = new Date(latest + days * DAY)
      await settleWorkspace(worldOn(t.db, new FakeClock(now)), reduced.workspaceId, { quietMs: AT_ONCE })
      await reduceMessages(worldOn(t.db, new FakeClock(now)))
      floor = Math.max(floor, Math.floor(now.getTime() / DAY - 1) * DAY)
    }
  }
  clock.set(history.now)
  return { deps, kept, reduced, floor }

  async function workspaceOf(name: string): Promise<Viewer> {
    const { workspaceId, slug } = await createWorkspace(world, { slug: `${name}-${++workspaces}`, name })
    const viewer = { ...t.viewer, workspaceId, workspaceSlug: slug }
    for (const { rules, effectiveFrom } of history.calendars)
      await setBusinessCalendar(world, viewer, { rules, effectiveFrom })
    return viewer
  }

  async function hand(entries: readonly Entry[]): Promise<void> {
    const messages = entries.flatMap((entry) => (entry.type === 'message' ? [entry.input] : []))
    for (const entry of entries) {
      if (entry.type !== 'resolution') continue
      const code = await codeOf(resolveConversation(deps, reduced, entry.input))
      if (code !== 'MESSAGES_REDUCED') expect(await codeOf(resolveConversation(deps, kept, entry.input))).toBe(code)
    }
    const results = await addMessages(deps, reduced, messages)
    const codes = results.map(({ error }) => error?.code)
    for (const [n, { time }] of messages.entries()) {
      expect([n, codes[n] === 'MESSAGES_REDUCED']).toEqual([n, time.getTime() < floor])
    }
    const isTaken = (n: number) => codes[n] !== 'MESSAGES_REDUCED'
    const twin = await addMessages(
      deps,
      kept,
      messages.filter((_, n) => isTaken(n)),
    )
    expect(twin.map(({ error }) => error?.code)).toEqual(codes.filter((_, n) => isTaken(n)))
  }
}

/** Messages and resolutions by turns, as they arrive. */
function batchesOf({ entries, batches }: History): Entry[][] {
  const all: Entry[][] = []
  for (let n = 0; n < entries.length; n += all.at(-1)!.length) {
    const some = entries.slice(n, n + batches[all.length % batches.length]!)
    const end = some.findIndex(({ type }) => type !== some[0]!.type)
    all.push(end < 0 ? some : some.slice(0, end))
  }
  return all
}

/** Of what sums are kept (docs/metrics.md). */
const FILTERS: MetricFilter[] = [
  {},
  { agents: ['ada'] },
  { tags: ['VIP'] },
  { tags: ['team:Sales'] },
  { channels: ['WHATSAPP'] },
  { channels: ['sms', 'WHATSAPP'] },
  { providers: ['TWILIO', 'smooch'] },
  { direction: 'in' },
  { initiatedBy: 'business' },
]

/** What must be told as if nothing had been reduced: everything by days in UTC. */
function alignedRequests({ entries, now }: History, floor: number): MetricRequest[] {
  const times = entries.map(({ input }) => input.time.getTime())
  const first = Math.min(now.getTime(), ...times)
  const last = Math.max(now.getTime(), ...times)
  const day = (ms: number, more: number) => new Date((Math.floor(ms / DAY) + more) * DAY)
  const periods = [
    { from: day(first, 0), to: day(last, 1) },
    ...(floor > 0 ? [{ from: day(floor, -3), to: day(floor, 3), granularity: 'day' as const }] : []),
    ...(floor > 0 ? [{ from: day(floor, -2), to: day(floor, 0), granularity: 'day' as const }] : []),
  ]
  return (Object.keys(METRICS) as MetricName[])
    .flatMap((metric): MetricRequest[] => [
      ...FILTERS.flatMap((filter, n) =>
        // Other filters of only what is reduced, so that it does not take for ever.
        (n < 4 ? periods : periods.slice(-1)).map((period) => ({ metric, filter, ...period })),
      ),
      ...GROUPINGS.map((groupBy) => ({ metric, groupBy, ...periods[0]! })),
    ])
    .filter((request) => isKept(request))
}

/** Whether numbers are kept of what is asked for, whatever the period (docs/metrics.md). */
function isKept({ metric, filter = {}, groupBy }: MetricRequest): boolean {
  const { agents = [], tags = [], channels = [], providers = [], identifiers = [], conversations = [] } = filter
  const filters = [agents, tags, channels, providers].filter((list) => list.length > 0)
  if (identifiers.length + conversations.length > 0) return false
  if (filters.length + (groupBy ? 1 : 0) > 1 || agents.length > 1 || tags.length > 1) return false
  switch (metric) {
    case 'activeContacts':
      return providers.length === 0 && groupBy !== 'provider'
    case 'messagesPerConversation':
      return filter.direction === undefined && groupBy !== 'country'
    case 'taggedConversations':
      return groupBy !== 'team' && groupBy !== 'country'
    default:
      return groupBy !== 'country'
  }
}

/** Whether it is kept by moments at which the period and its buckets begin and end. */
function isAligned({ metric, from, to, granularity, timeZone = 'UTC' }: MetricRequest, floor: number): boolean {
  const { aggregate } = METRICS[metric]
  const isOfDifferent = aggregate === 'distinct' || aggregate === 'ratio'
  const isAt = (at: Date, unit: number) => at.getTime() >= floor || at.getTime() % unit === 0
  if (!isAt(from, isOfDifferent ? DAY : DAY / 96) || !isAt(to, DAY / 96)) return false
  return granularity === undefined || (timeZone === 'UTC' && !['minute', 'hour'].includes(granularity))
}

/** Holds two answers against each other: the same, but for what cannot be told any more. */
async function compare({ deps: { world }, kept, reduced, floor }: Twins, request: MetricRequest): Promise<void> {
  const [expected, told] = (await Promise.all([kept, reduced].map((viewer) => readMetric(world, viewer, request)))) as [
    MetricResult,
    MetricResult,
  ]
  const page = { limit: 100 }
  const [all, left] = await Promise.all([
    contributionsTo(world, kept, request, page),
    contributionsTo(world, reduced, request, page),
  ])
  expect(left.isReduced).toBe(told.isReduced)
  if (told.isReduced) expect([left.items, left.total]).toEqual([[], 0])
  else {
    expect({ request, total: left.total }).toEqual({ request, total: all.total })
    expect(left.items.map(({ at, value }) => [at, value])).toEqual(all.items.map(({ at, value }) => [at, value]))
  }
  if (isKept(request)) {
    const { from, to } = nearestKept(request.metric, { ...request, buckets: [] }, (at) => at.getTime() < floor)
    const values = await Promise.all([
      readMetric(world, kept, { ...request, from, to, granularity: undefined, withPrevious: false }),
      readMetric(world, reduced, { ...request, nearestKept: true, withPrevious: false }),
    ])
    const [rounded, near] = values.map((result) => ({ ...shown(result, request), points: [] }))
    expect({ request, ...near, unknown: values[1].unknown.value }).toEqual({ request, ...rounded, unknown: false })
  }
  const [should, is] = [shown(expected, request), shown(told, request)]
  if (told.isReduced && told.value === null && expected.value !== null) {
    // Conversations are known when their messages are not; and not measurable is never half measured.
    const { proof } = METRICS[request.metric]
    const isPromised = isKept(request) && isAligned(request, floor)
    expect({ request, proof, isPromised, unknown: told.unknown.value }).toEqual({
      ...{ request, proof: 'message', isPromised: false, unknown: true },
    })
    expect(told.points.every(({ value }) => value === null)).toBe(true)
    expect(told.groups).toEqual([])
    return
  }
  expect({ request, ...is, previousValue: null }).toEqual({ request, ...should, previousValue: null })
  if (told.previousValue !== null) expect({ request, ...is }).toEqual({ request, ...should })
}

/** Without what two ways of adding up may differ in: beyond milliseconds, and the order of groups of nearly one value. */
function shown({ value, previousValue, points, groups }: MetricResult, { metric }: MetricRequest) {
  const rounded = (number: number | null | undefined) =>
    typeof number !== 'number' || METRICS[metric].unit !== 'seconds' ? number : Math.round(number * 1000) / 1000
  const byKey = [...groups].sort((a, b) => (a.key < b.key ? -1 : 1))
  return {
    value: rounded(value),
    previousValue: rounded(previousValue),
    points: points.map((point) => [point.start.toISOString(), rounded(point.value)]),
    groups: byKey.map((group) => [group.key, rounded(group.value)]),
  }
}

async function codeOf(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof ExpectedError) return error.code
    throw error
  }
}
