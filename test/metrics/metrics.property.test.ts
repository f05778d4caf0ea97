import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Viewer } from '../../src/domains/auth/index.ts'
import { createWorkspace } from '../../src/domains/auth/workspaces.ts'
import {
  addMessages,
  createMessageWriter,
  type MessagingDeps,
  recomputeMetrics,
  resolveConversation,
  setBusinessCalendar,
  verifyMetrics,
} from '../../src/domains/messaging/index.ts'
import { settleWorkspace } from '../../src/domains/messaging/settle-metrics.ts'
import {
  type Contribution,
  contributionsTo,
  METRICS,
  type MetricRequest,
  type MetricResult,
  readMetric,
} from '../../src/domains/metrics/index.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { ExpectedError } from '../../src/platform/errors.ts'
import { onPostgres } from '../kit/database.ts'
import { testWorld, worldOn } from '../kit/world.ts'
import { COUNTRIES, type Entry, type History, histories, lastOf, requestOf, requests } from './histories.ts'
import {
  conversationKey,
  conversationsOf,
  type Item,
  type NaiveMessage,
  type NaivePool,
  type NaiveResolution,
  type NaiveResult,
  naiveMetric,
} from './naive.ts'
import { type Case, shrink } from './shrink.ts'

/** How many histories are made up; each is asked many things. */
const RUNS = Number(process.env.METRIC_RUNS ?? (onPostgres ? 500 : 6))
const MOST_QUESTIONS = 60
/** What was written a moment ago is quiet, whatever the clock of those who settle shows. */
const AT_ONCE = -10_000 * 86_400_000

const t = await testWorld()
let workspaces = 0

/** A history in the real domain, and the same as arrays. */
interface Played {
  deps: MessagingDeps
  viewer: Viewer
  pool: NaivePool
  /** Ids that the real domain gave: of messages, and of conversations by their key. */
  messageIds: Map<NaiveMessage, string>
  conversationIds: Map<string, string>
}

test(
  'metrics are what their definitions say, whatever the history',
  async () => {
    let failed: Case | undefined
    const many = fc.array(requests, { minLength: 1, maxLength: MOST_QUESTIONS, size: 'max' })
    const property = fc.asyncProperty(histories, many, async (history, specs) => {
      failed = undefined
      const questions = specs.map((spec) => requestOf(spec, history))
      await hold(history, questions, (request) => {
        failed = { history, request }
      })
    })
    const seed = process.env.METRIC_SEED ? { seed: Number(process.env.METRIC_SEED) } : {}
    const details = await fc.check(property, { numRuns: RUNS, endOnFailure: true, ...seed })
    if (!details.failed) return
    const smallest = await shrink(failed!, async (some) => (await problemOf(some)) !== undefined)
    const what = JSON.stringify(smallest, null, 1)
    throw new Error(`METRIC_SEED=${details.seed}, for which the smallest case is ${what}`, {
      cause: (await problemOf(smallest)) ?? details.errorInstance,
    })
  },
  60_000 + RUNS * 4_000,
)

/** Plays a history and asks all questions of it; before anything that may fail it says which question that is. */
async function hold(
  history: History,
  questions: readonly MetricRequest[],
  asking: (request: MetricRequest | undefined) => void,
): Promise<void> {
  asking(undefined)
  const played = await play(history)
  const { world } = played.deps
  for (const request of questions) {
    asking(request)
    await compare(played, request, history.now)
  }
  asking(undefined)
  expect((await verifyMetrics(world, played.viewer)).differences).toEqual([])
  // Business hours are those of the calendar as it was all along, so that nothing may change.
  expect((await recomputeMetrics(world, played.viewer)).differences).toEqual([])
  for (const request of questions.slice(0, 3)) {
    asking(request)
    await compare(played, request, history.now)
  }
}

async function problemOf({ history, request }: Case): Promise<unknown> {
  try {
    await hold(history, request ? [request] : [], () => undefined)
  } catch (error) {
    return error
  }
}

/** Hands a history over, in batches, to a workspace of its own. */
async function play({ entries, batches, settling, calendars, now }: History): Promise<Played> {
  // Nothing is taken from the future; read is at any moment.
  const clock = new FakeClock(lastOf({ entries, now }))
  const world = worldOn(t.db, clock)
  const { workspaceId, slug } = await createWorkspace(world, { slug: `history-${++workspaces}`, name: 'History' })
  const viewer = { ...t.viewer, workspaceId, workspaceSlug: slug }
  const deps = { world, writer: createMessageWriter(world) }
  const messages: NaiveMessage[] = []
  const resolutions: NaiveResolution[] = []
  const messageIds = new Map<NaiveMessage, string>()
  const conversationIds = new Map<string, string>()
  for (const { rules, effectiveFrom } of calendars) await setBusinessCalendar(world, viewer, { rules, effectiveFrom })
  const parts = batchesOf(entries, batches)
  const settle = async (batch: number | 'the rest') => {
    for (const { after, later } of settling) {
      if (batch === 'the rest' ? after < parts.length : after !== batch) continue
      const then = worldOn(t.db, new FakeClock(new Date(now.getTime() + later)))
      await settleWorkspace(then, workspaceId, { quietMs: AT_ONCE })
    }
  }
  for (const [batch, some] of parts.entries()) {
    await settle(batch)
    const inputs = some.flatMap((entry) => (entry.type === 'message' ? [entry.input] : []))
    if (inputs.length > 0) {
      const results = await addMessages(deps, viewer, inputs)
      for (const [n, input] of inputs.entries()) {
        const message = { ...input, seq: messages.length }
        const result = results[n]!
        expect([batch, n, result.error?.code]).toEqual([batch, n, refusalOfMessage(message, resolutions)])
        if (!result.ok) continue
        messages.push(message)
        messageIds.set(message, result.ok.id)
        if (result.ok.conversationId !== null) conversationIds.set(conversationKey(message), result.ok.conversationId)
      }
      continue
    }
    for (const { input } of some as Extract<Entry, { type: 'resolution' }>[]) {
      const refusal = await codeOf(resolveConversation(deps, viewer, input))
      expect([batch, refusal]).toEqual([batch, refusalOfResolution(input, messages, resolutions)])
      if (refusal === undefined) resolutions.push(input)
    }
  }
  await settle('the rest')
  await deps.writer.idle()
  clock.set(now)
  return { deps, viewer, pool: { messages, resolutions, calendars, countries: COUNTRIES }, messageIds, conversationIds }
}

/** Messages together, in numbers as wished; each resolution alone. */
function batchesOf(entries: readonly Entry[], sizes: readonly number[]): Entry[][] {
  const all: Entry[][] = []
  for (let n = 0; n < entries.length; n += all.at(-1)!.length) {
    const size = entries[n]!.type === 'resolution' ? 1 : sizes[all.length % sizes.length]!
    const some = entries.slice(n, n + size)
    const end = some.findIndex(({ type }, index) => index > 0 && type === 'resolution')
    all.push(end < 0 ? some : some.slice(0, end))
  }
  return all
}

function refusalOfMessage(message: NaiveMessage, resolutions: readonly NaiveResolution[]): string | undefined {
  const over = message.conversation
    ? resolutions.find((resolution) => conversationKey(resolution) === conversationKey(message))
    : undefined
  return over && message.time >= over.time ? 'CONVERSATION_RESOLVED' : undefined
}

function refusalOfResolution(
  resolution: NaiveResolution,
  messages: readonly NaiveMessage[],
  resolutions: readonly NaiveResolution[],
): string | undefined {
  const isOf = (one: NaiveMessage | NaiveResolution) => conversationKey(one) === conversationKey(resolution)
  if (!conversationsOf({ messages, resolutions }).some(({ key }) => key === conversationKey(resolution)))
    return 'NOT_FOUND'
  return resolutions.some(isOf) ? 'CONVERSATION_RESOLVED' : undefined
}

async function codeOf(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof ExpectedError) return error.code
    throw error
  }
}

/** Holds what the real domain answers against what the naive one does. */
async function compare(played: Played, request: MetricRequest, now: Date): Promise<void> {
  const { deps, viewer, pool } = played
  const naive = naiveMetric(pool, request, now)
  const told = await readMetric(deps.world, viewer, request)
  // Told together with the request, so that a failure says what was asked.
  expect({ request, ...shown(told, request) }).toEqual({ request, ...shown(naive, request) })
  for (const [n, { key, value }] of told.groups.entries()) {
    const next = told.groups[n + 1]
    if (next) expect(value! > next.value! || (value === next.value && key < next.key)).toBe(true)
  }
  await compareProof(played, request, told, naive)
}

/** An answer without what two ways of adding up may differ in: beyond milliseconds, and groups of nearly one value. */
function shown(
  { value, previousValue, points, groups, calendarVersions }: MetricResult | NaiveResult,
  { metric }: MetricRequest,
) {
  const rounded = (number: number | null | undefined) =>
    typeof number !== 'number' || METRICS[metric].unit !== 'seconds' ? number : Math.round(number * 1000) / 1000
  const byKey = [...groups].sort((a, b) => (a.key < b.key ? -1 : 1))
  return {
    value: rounded(value),
    previousValue: rounded(previousValue),
    points: points.map((point) => [
      new Date(point.start).toISOString(),
      new Date(point.end).toISOString(),
      rounded(point.value),
    ]),
    calendarVersions,
    groups: byKey.map((group) => [group.key, rounded(group.value)]),
  }
}

/** What a value was computed from: exactly the items of the definition, which give the value once more. */
async function compareProof(played: Played, request: MetricRequest, told: MetricResult, naive: NaiveResult) {
  const { deps, viewer } = played
  const { aggregate, unit } = METRICS[request.metric]
  const items: Contribution[] = []
  let after: { at: Date; id: string } | undefined
  let total: number
  do {
    const page = await contributionsTo(deps.world, viewer, request, { limit: 50, after })
    total = page.total
    items.push(...page.items)
    const last = page.items.length === 50 ? page.items.at(-1) : undefined
    after = last && { at: last.at, id: last.id }
  } while (after)
  const seconds = unit === 'seconds'
  const expected = proofOf(naive.items, played, aggregate === 'distinct').map(({ item, id, kind }) => ({
    ...{ kind, id, at: new Date(item.at), value: seconds ? item.value / 1000 : 1 },
  }))
  expect({ request, items, total }).toEqual({ request, items: expected, total: expected.length })
  const values = items.map(({ value }) => value).sort((a, b) => a - b)
  if (aggregate === 'count' || aggregate === 'distinct') expect(told.value).toBe(total)
  else if (total === 0) expect(told.value).toBeNull()
  else if (aggregate === 'average') expect(told.value).toBeCloseTo(values.reduce((sum, one) => sum + one, 0) / total, 2)
  else if (aggregate === 'median') {
    const middle = [values[Math.ceil(total / 2) - 1]!, values[Math.floor(total / 2)]!]
    expect(told.value).toBeCloseTo((middle[0]! + middle[1]!) / 2, 2)
  }
}

/** The items with the ids of the real domain, in the order of a proof; of the same ones the first. */
function proofOf(items: readonly Item[], { messageIds, conversationIds }: Played, isDistinct: boolean) {
  const known = items.map((item) =>
    item.message
      ? { item, kind: 'message' as const, id: messageIds.get(item.message)! }
      : { item, kind: 'conversation' as const, id: conversationIds.get(item.conversation!.key)! },
  )
  known.sort((a, b) => a.item.at - b.item.at || (a.id < b.id ? -1 : 1))
  return known.filter(({ item }, n) => !isDistinct || known.findIndex((one) => one.item.same === item.same) === n)
}
