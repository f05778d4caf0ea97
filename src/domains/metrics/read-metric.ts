import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { BoundedMap } from '../../platform/bounded-map.ts'
import { ValidationError } from '../../platform/errors.ts'
import { parse, text } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { Page } from '../messaging/index.ts'
import type { World } from '../world.ts'
import { bucketsOf, countBuckets, MAX_BUCKETS } from './buckets.ts'
import { METRICS } from './definitions.ts'
import { type ItemsRequest, itemsOf } from './items.ts'
import { nearestKept } from './nearest-kept.ts'
import { EARLIEST, moment, zoneName } from './period.ts'
import { readAverages } from './read-averages.ts'
import { readCounts } from './read-counts.ts'
import { readDistincts } from './read-distincts.ts'
import { readItems } from './read-items.ts'
import { readValues } from './read-values.ts'
import type { Contribution, MetricGroup, MetricRequest, MetricResult } from './request.ts'
import { isEmpty, type Selection, select } from './selection.ts'
import { type Reading, type Span, UNREADABLE } from './span.ts'

const MAX_VALUES = 200
const MAX_LENGTH = 200
const list = z.array(text(MAX_LENGTH)).max(MAX_VALUES, `must be at most ${MAX_VALUES}`).optional()

const schema = z
  .object({
    from: moment,
    to: moment,
    timeZone: zoneName.optional(),
    filter: z
      .object({ agents: list, channels: list, providers: list, tags: list, identifiers: list, conversations: list })
      .optional(),
  })
  .refine(({ from, to }) => from < to, {
    path: ['to'],
    params: { rule: 'order' },
    message: 'must be later than the beginning of the period',
  })

/** Reads one metric. Throws INSUFFICIENT_SCOPE (`messages:read`), VALIDATION_FAILED (paths as in MetricRequest). */
export async function readMetric(world: World, viewer: Viewer, request: MetricRequest): Promise<MetricResult> {
  requireScope(viewer, 'messages:read')
  parse(schema, request)
  const { metric, from, to, granularity, timeZone = 'UTC', filter, groupBy } = request
  if (granularity && countBuckets(granularity, from, to) > MAX_BUCKETS) {
    const message = `must be coarser, since the period would have more than ${MAX_BUCKETS} buckets`
    throw new ValidationError([{ path: ['granularity'], rule: 'too_many_buckets', message }])
  }
  const { db } = world
  const { workspaceId } = viewer
  const selection = await select(db, workspaceId, filter)
  const span: Span = { from, to, buckets: granularity ? bucketsOf(granularity, timeZone, from, to) : [] }
  const items = { metric, workspaceId, selection, groupBy, now: world.clock.now() }
  const { withPrevious = false, withCalendarVersions = true } = request
  const start = withPrevious instanceof Date ? withPrevious.getTime() : 2 * from.getTime() - to.getTime()
  const readAll = (mayReadItems: MayReadItems) => {
    const told = (one: Span) => (request.nearestKept ? nearestKept(metric, one, (at) => !mayReadItems(at)) : one)
    const present = told(span)
    const earlier = told({ from: new Date(Math.max(start, EARLIEST)), to: present.from, buckets: [] })
    return Promise.all([
      readOrTotal(db, items, present, mayReadItems, request.nearestKept),
      withPrevious ? read(db, { ...items, groupBy: undefined }, earlier, mayReadItems) : undefined,
      withCalendarVersions && metric.startsWith('open') ? versionsOf(db, { ...items, from, to }) : [],
    ])
  }
  const { result, reducedBefore } = await whatIsThere(db, workspaceId, readAll)
  const [{ reading, series }, previous, calendarVersions] = result
  const isCount = ['count', 'distinct'].includes(METRICS[metric].aggregate)
  /** Counts of nothing are 0, but only where they could be made. */
  const none = isCount && series !== UNREADABLE ? 0 : null
  return {
    value: reading.total,
    ...(previous && { previousValue: previous.total }),
    points: span.buckets.map(({ start, end }, index) => ({
      ...{ start, end, value: series.buckets.get(index + 1) ?? none },
    })),
    groups: sorted(reading.groups),
    calendarVersions,
    isReduced: reducedBefore !== null && from < reducedBefore,
    unknown: {
      value: reading === UNREADABLE,
      previousValue: previous === UNREADABLE,
      points: span.buckets.length > 0 && series === UNREADABLE,
    },
  }
}

/**
 * What the value of a request was computed from, oldest first (`at`, then `id`): a page of it, from its front or, `backward`,
 * from its end towards the front, and how many there are in all. Of different ones each is listed by what it was counted for first in the period. Empty, with
 * `isReduced`, where messages of the period were reduced. Throws INSUFFICIENT_SCOPE (`messages:read`), VALIDATION_FAILED.
 */
export async function contributionsTo(
  world: World,
  viewer: Viewer,
  request: MetricRequest,
  { limit, after, before, backward = false }: Page,
): Promise<{ items: Contribution[]; total: number; isReduced: boolean }> {
  requireScope(viewer, 'messages:read')
  parse(schema, request)
  const { db } = world
  const { workspaceId } = viewer
  const { metric, from, to } = request
  const selection = await select(db, workspaceId, request.filter)
  if (isEmpty(withoutIgnored({ metric, selection }))) {
    const reducedBefore = await reductionOf(db, workspaceId)
    return { items: [], total: 0, isReduced: reducedBefore !== null && from < reducedBefore }
  }
  const all = itemsOf({ ...{ metric, workspaceId, selection, from, to }, now: world.clock.now() })
  const each =
    METRICS[metric].aggregate === 'distinct'
      ? sql`SELECT DISTINCT ON (entity) * FROM (${all}) d ORDER BY entity, at, id`
      : all
  const readAll = async (mayReadItems: MayReadItems) => {
    if (!mayReadItems(from)) return undefined
    const [rows, [count]] = await Promise.all([
      db.query<{ kind: 'message' | 'conversation'; id: string; at: Date; ms: number | null }>(
        sql`SELECT kind, id, at, ms FROM (${each}) i
            WHERE ${after ? sql`(at, id) > (${after.at}::timestamptz, ${after.id}::uuid)` : sql`true`}
              AND ${before ? sql`(at, id) < (${before.at}::timestamptz, ${before.id}::uuid)` : sql`true`}
            ORDER BY ${backward ? sql`at DESC, id DESC` : sql`at, id`} LIMIT ${limit}::int`,
      ),
      db.query<{ total: number }>(sql`SELECT count(*)::int AS total FROM (${each}) i`),
    ])
    return { rows, total: count!.total }
  }
  const { result } = await whatIsThere(db, workspaceId, readAll)
  if (!result) return { items: [], total: 0, isReduced: true }
  const items = result.rows.map(({ kind, id, at, ms }) => ({
    ...{ kind, id, at, value: ms === null ? 1 : Number(ms) / 1_000 },
  }))
  return { items, total: result.total, isReduced: false }
}

/** Whether messages from a moment on are all there. */
type MayReadItems = (from: Date) => boolean

/** Until when messages were reduced, as it was when they were last looked at; a first guess that saves waiting for it. */
const lastReductions = new BoundedMap<string, number>(10_000)

/**
 * Reads while it is found out what retention has left, and again where something was read that is not there any more: what
 * is to be removed is marked first.
 */
async function whatIsThere<Result>(
  db: Queryable,
  workspaceId: string,
  run: (mayReadItems: MayReadItems) => Promise<Result>,
): Promise<{ result: Result; reducedBefore: Date | null }> {
  for (let guess = lastReductions.get(workspaceId) ?? 0; ; ) {
    let looked = false
    const mayReadItems = (from: Date) => {
      looked = true
      return from.getTime() >= guess
    }
    const running = run(mayReadItems)
    // Where it is known at once that messages are looked at, it is asked afterwards only.
    const [result, meanwhile] = await Promise.all([running, looked ? null : reductionOf(db, workspaceId)])
    const reducedBefore = looked ? await reductionOf(db, workspaceId) : meanwhile
    const known = reducedBefore?.getTime() ?? 0
    if (known > 0) lastReductions.set(workspaceId, known)
    if (!looked || known === guess) return { result, reducedBefore }
    guess = known
  }
}

/** What is asked for apart from its period, which `read` takes from a span. */
type Question = Omit<ItemsRequest, 'from' | 'to'>

/** Reads a value with its series; with `orTotal` also without, where only the series is not known. */
async function readOrTotal(
  db: Queryable,
  question: Question,
  span: Span,
  mayReadItems: MayReadItems,
  orTotal = false,
): Promise<{ reading: Reading; series: Reading }> {
  const series = await read(db, question, span, mayReadItems)
  if (series !== UNREADABLE || !orTotal || span.buckets.length === 0) return { reading: series, series }
  return { reading: await read(db, question, { ...span, buckets: [] }, mayReadItems), series }
}

async function read(db: Queryable, question: Question, span: Span, mayReadItems: MayReadItems): Promise<Reading> {
  const request: ItemsRequest = { ...question, from: span.from, to: span.to }
  if (isEmpty(withoutIgnored(request))) return nothingOf(request)
  const kept = await readKept(db, request, span, mayReadItems)
  if (kept) return kept
  // Conversations are kept when their messages are not.
  const areThere = METRICS[request.metric].proof === 'conversation' || mayReadItems(span.from)
  return areThere ? readItems(db, request, span) : UNREADABLE
}

/** From what is kept of messages, where that suffices. */
async function readKept(
  db: Queryable,
  request: ItemsRequest,
  span: Span,
  mayReadItems: MayReadItems,
): Promise<Reading | undefined> {
  if (request.metric !== 'messagesPerConversation') {
    return (
      (await readCounts(db, request, span, mayReadItems)) ??
      (await readDistincts(db, request, span, mayReadItems)) ??
      (await readAverages(db, request, span)) ??
      (await readValues(db, request, span))
    )
  }
  const [messages, conversations] = await Promise.all([
    readCounts(db, request, span, mayReadItems),
    readDistincts(db, request, span, mayReadItems),
  ])
  if (!messages || !conversations) return undefined
  if (messages === UNREADABLE || conversations === UNREADABLE) return UNREADABLE
  const ratio = (count: number | null | undefined, of: number | null | undefined) => (count && of ? count / of : null)
  const ratios = <Key>(counts: Map<Key, number>, of: Map<Key, number>) =>
    new Map([...counts].flatMap(([key, count]) => (of.get(key) ? [[key, count / of.get(key)!]] : [])))
  return {
    total: ratio(messages.total, conversations.total),
    buckets: ratios(messages.buckets, conversations.buckets),
    groups: ratios(messages.groups, conversations.groups),
  }
}

/** Tags are no filter of what is counted by tag. */
function withoutIgnored({ metric, selection }: Pick<ItemsRequest, 'metric' | 'selection'>): Selection {
  return metric === 'taggedConversations' ? { ...selection, tags: null } : selection
}

function nothingOf({ metric }: ItemsRequest): Reading {
  const isCount = ['count', 'distinct'].includes(METRICS[metric].aggregate)
  return { total: isCount ? 0 : null, buckets: new Map(), groups: new Map() }
}

async function reductionOf(db: Queryable, workspaceId: string): Promise<Date | null> {
  const [row] = await db.query<{ reduced_before: Date | null }>(
    sql`SELECT reduced_before FROM message_pool WHERE workspace_id = ${workspaceId}::uuid`,
  )
  return row?.reduced_before ?? null
}

/** Of the business calendar, those by which times of the period were counted. */
async function versionsOf(db: Queryable, request: ItemsRequest): Promise<number[]> {
  const { workspaceId } = request
  const calendars = await db.query(sql`SELECT FROM business_calendar WHERE workspace_id = ${workspaceId}::uuid LIMIT 1`)
  if (calendars.length === 0 || isEmpty(request.selection)) return []
  const rows = await db.query<{ version: number }>(
    sql`SELECT DISTINCT c.calendar_version AS version FROM (${itemsOf({ ...request, groupBy: undefined })}) i
        JOIN conversation c ON c.id = i.id WHERE c.calendar_version IS NOT NULL ORDER BY 1`,
  )
  return rows.map(({ version }) => version)
}

function sorted(groups: ReadonlyMap<string, number>): MetricGroup[] {
  return [...groups]
    .map(([key, value]) => ({ key, value }))
    .sort((a, b) => b.value - a.value || (a.key < b.key ? -1 : 1))
}
