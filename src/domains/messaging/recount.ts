import type { Tx } from '../../db/database.ts'
import { ExpectedError } from '../../platform/errors.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { type CountRow, Counts, SUMS } from './counts.ts'
import { type Fact, factKey } from './fact.ts'
import { FactSums } from './fact-sums.ts'
import {
  addFactSums,
  deleteDaySums,
  findDaySumsFrom,
  findFactDays,
  findWrongDaySums,
  sumDays,
} from './fact-sums-store.ts'
import { factsOf, foldConversation, newConversation } from './fold-conversation.ts'
import { foldThread, NEW_THREAD, type ThreadState } from './fold-thread.ts'
import {
  addCounts,
  deleteCounts,
  deleteFacts,
  findCounts,
  findDays,
  findFacts,
  findItems,
  findItemsBetween,
  findOrphans,
  findResolvedBetween,
  pageOfConversations,
  pageOfOrphanedFacts,
  pageOfThreads,
  type StoredConversation,
  type StoredThread,
  saveConversations,
  saveFacts,
  saveThreads,
  tagsOfConversations,
  updateDerived,
} from './history-store.ts'
import { type Item, inOrder } from './item.ts'
import { holdPool, type Pool } from './pool-store.ts'
import { WordNumbers } from './word-store.ts'
import { isSame, openTimeBy } from './write-batch.ts'
import { runAll } from './writes.ts'

/** Something that is stored otherwise than the messages would have it. */
export interface Difference {
  kind: 'message' | 'conversation' | 'thread' | 'fact' | 'sum'
  /** Of the message, conversation or thread; of a sum null. */
  id: string | null
  /** What is stored, and what should be, in words for people. */
  stored: string
  expected: string
}

export interface Recount {
  conversations: number
  threads: number
  messages: number
  days: number
  /** How many there were in all; up to MAX_DIFFERENCES are listed. */
  differenceCount: number
  differences: Difference[]
}

export interface RecountOptions {
  /** Sums of days before it are left alone. Absent: all that the messages are there of. */
  from?: Date | undefined
}

const MAX_DIFFERENCES = 100
const PAGE = 500
/** Days whose sums are looked at in one transaction. */
const SUMMED_DAYS = 14
const DAY_MS = 86_400_000
/** Messages are of earlier times. */
const AFTER_ALL = Date.UTC(9999, 0, 1)
const LAST_DAY = AFTER_ALL / DAY_MS
const NIL = '00000000-0000-0000-0000-000000000000'

/**
 * Counts everything anew from the messages and tells what is stored otherwise; changes nothing. Goes by pages, each in a
 * transaction of its own, so that messages are added meanwhile. Throws INSUFFICIENT_SCOPE (`messages:read`),
 * MESSAGES_REDUCED when `from` is before what retention has left.
 */
export function verifyMetrics(world: World, viewer: Viewer, options: RecountOptions = {}): Promise<Recount> {
  requireScope(viewer, 'messages:read')
  return recount(world, viewer.workspaceId, options, false)
}

/**
 * Counts everything anew from the messages and writes what was stored otherwise, but for messages whose thread or
 * conversation is missing, which nothing tells anything of. Business hours are those of the business calendar as it is
 * now. Throws INSUFFICIENT_SCOPE (`messages:write`), MESSAGES_REDUCED when `from` is before
 * what retention has left.
 */
export function recomputeMetrics(world: World, viewer: Viewer, options: RecountOptions = {}): Promise<Recount> {
  requireScope(viewer, 'messages:write')
  return recount(world, viewer.workspaceId, options, true)
}

async function recount(world: World, workspaceId: string, { from }: RecountOptions, mend: boolean): Promise<Recount> {
  const told: Recount = { conversations: 0, threads: 0, messages: 0, days: 0, differenceCount: 0, differences: [] }
  const report = (difference: Difference) => {
    told.differenceCount++
    if (told.differences.length < MAX_DIFFERENCES) told.differences.push(difference)
  }
  /** The transaction of a piece tells when it mended something. */
  const inPiece: InPiece = (run) => {
    if (!mend) return world.db.transaction(run)
    const before = { ...told, differences: [...told.differences] }
    return world.events.write(workspaceId, async (tx, emit) => {
      // What was found in a transaction that was given up is found again.
      Object.assign(told, { ...before, differences: [...before.differences] })
      const result = await run(tx)
      const count = told.differenceCount - before.differenceCount
      if (count > 0) emit('messages.recounted', { count })
      return result
    })
  }
  const now = world.clock.now()
  const hold = (tx: Tx) => holdPool(tx, workspaceId, 0, now)
  const words = new WordNumbers()
  const reducedBefore = await world.db.transaction(async (tx) => (await hold(tx)).reducedBefore)
  if (from && reducedBefore !== null && from.getTime() < reducedBefore) {
    const before = new Date(reducedBefore).toISOString()
    throw new ExpectedError(
      'MESSAGES_REDUCED',
      `Messages before ${before} were reduced, so nothing can be counted anew there.`,
      {
        path: ['from'],
        details: { before },
      },
    )
  }
  for (let after = NIL; ; ) {
    const page = await inPiece(async (tx) => {
      const pool = await hold(tx)
      const conversations = await pageOfConversations(tx, workspaceId, after, PAGE)
      const openTime = openTimeBy(pool.calendars)
      await recountConversations(tx, workspaceId, conversations, {
        openTime,
        words,
        report,
        mend,
        now,
        summedBefore: pool.summedBefore,
      })
      return conversations
    })
    told.conversations += page.length
    if (page.length < PAGE) break
    after = page.at(-1)!.id
  }
  for (let after = NIL; ; ) {
    const page = await inPiece(async (tx) => {
      const { summedBefore } = await hold(tx)
      const threads = await pageOfThreads(tx, workspaceId, after, PAGE)
      told.messages += await recountThreads(tx, workspaceId, threads, { report, mend, now, summedBefore })
      return threads
    })
    told.threads += page.length
    if (page.length < PAGE) break
    after = page.at(-1)!.id
  }
  const beginning = Math.min(Math.max(from?.getTime() ?? 0, reducedBefore ?? 0), AFTER_ALL)
  const firstDay = Math.ceil(beginning / DAY_MS) * DAY_MS
  for (const day of await findDays(world.db, workspaceId, firstDay)) {
    const isThere = await inPiece(async (tx) => {
      const { reducedBefore: before } = await hold(tx)
      // Retention may have come by since.
      if (before !== null && day < before) return false
      await recountDay(tx, workspaceId, day, { report, mend })
      return true
    })
    if (isThere) told.days++
  }
  await recountDaySums(workspaceId, inPiece, hold, { report, mend })
  await recountOrphanedFacts(world, workspaceId, inPiece, hold, { report, mend })
  const orphans = await findOrphans(world.db, workspaceId, MAX_DIFFERENCES)
  for (const { id, lacks } of orphans.messages) report({ kind: 'message', id, stored: lacks, expected: 'nothing such' })
  told.differenceCount += orphans.more
  return told
}

/** Sums of days are of facts, which stay when messages are reduced. */
async function recountDaySums(
  workspaceId: string,
  inPiece: InPiece,
  hold: (tx: Tx) => Promise<Pool>,
  { report, mend }: Pick<Recounting, 'report' | 'mend'>,
): Promise<void> {
  for (let from: number | undefined = 0; from !== undefined; ) {
    const begin: number = from
    from = await inPiece(async (tx) => {
      const { summedBefore } = await hold(tx)
      // The first piece has what is before all facts as well, and the last one what is after those that are summed up.
      const first = begin === 0 ? ((await findFactDays(tx, workspaceId)).firstFact ?? 0) : begin
      const end = Math.min(first + SUMMED_DAYS, summedBefore)
      const isLast = end >= summedBefore
      const wrong = begin < end ? await findWrongDaySums(tx, workspaceId, begin, end) : []
      const beyond = isLast ? await findDaySumsFrom(tx, workspaceId, summedBefore) : []
      for (const { what, stored, expected } of [...wrong, ...beyond]) {
        report({ kind: 'sum', id: null, stored: `${what}: ${stored ?? 'nothing'}`, expected: expected ?? 'nothing' })
      }
      if (mend && wrong.length > 0) {
        await deleteDaySums(tx, workspaceId, begin, end)
        await sumDays(tx, workspaceId, begin, end)
      }
      if (mend && beyond.length > 0) await deleteDaySums(tx, workspaceId, summedBefore, LAST_DAY)
      return isLast ? undefined : end
    })
  }
}

/** Facts of what is not there, which no foreign key keeps away (docs/decisions/0013). */
async function recountOrphanedFacts(
  world: World,
  workspaceId: string,
  inPiece: InPiece,
  hold: (tx: Tx) => Promise<Pool>,
  { report, mend }: Pick<Recounting, 'report' | 'mend'>,
): Promise<void> {
  for (let after = NIL; ; ) {
    // Nobody waits while they are looked for: what they are of is written with them, and never comes later.
    const ids = await pageOfOrphanedFacts(world.db, workspaceId, after, PAGE)
    if (ids.length === 0) return
    await inPiece(async (tx) => {
      const { summedBefore } = await hold(tx)
      const facts = new FactChanges()
      facts.compare(await findFacts(tx, workspaceId, new Map(ids.map((id) => [id, 0]))), [], report)
      if (mend) await facts.save(tx, workspaceId, summedBefore)
    })
    if (ids.length < PAGE) return
    after = ids.at(-1)!
  }
}

/** Does a piece of a recount in a transaction of its own. */
type InPiece = <T>(run: (tx: Tx) => Promise<T>) => Promise<T>

interface Recounting {
  report(difference: Difference): void
  /** Whether differences are mended. */
  mend: boolean
  now: Date
  /** Of the pool. */
  summedBefore: number
}

async function recountConversations(
  tx: Tx,
  workspaceId: string,
  conversations: readonly (StoredConversation & { key: string })[],
  {
    openTime,
    words,
    report,
    mend,
    now,
    summedBefore,
  }: Recounting & { openTime: ReturnType<typeof openTimeBy>; words: WordNumbers },
): Promise<void> {
  if (conversations.length === 0) return
  const since = new Map(conversations.map(({ id, checkpoint }) => [id, checkpoint?.before ?? 0]))
  const items = await findItems(tx, workspaceId, { threads: new Map(), conversations: since })
  const byConversation = Map.groupBy(items, ({ conversationId }) => conversationId!)
  const factsById = Map.groupBy(await findFacts(tx, workspaceId, since), ({ entityId }) => entityId)
  const tagIds = [...new Set([...items.flatMap((item) => item.tagIds), ...conversations.flatMap((one) => one.tagIds)])]
  const isUserTag = await words.userTags(tx, workspaceId, tagIds)
  const changed: (StoredConversation & { key: string })[] = []
  const facts = new FactChanges()
  for (const before of conversations) {
    const { id, channelId, providerId, checkpoint, resolution } = before
    const own = (byConversation.get(id) ?? []).sort(inOrder)
    const base = checkpoint?.state ?? newConversation(id, channelId, providerId)
    const tags = [...base.tagIds, ...own.flatMap((item) => item.tagIds), ...(resolution?.tagIds ?? [])]
    // One before the checkpoint has had its place there.
    const later = checkpoint && resolution && resolution.at < checkpoint.before ? null : resolution
    const folded = foldConversation({ ...base, id, tagIds: [...new Set(tags)] }, own, later, {
      openTime,
      isUserTag,
    })
    const after = { ...before, ...folded.after, settled: before.settled }
    const [stored, expected] = [canonical(before), canonical(after)]
    if (stored !== expected) {
      report({ kind: 'conversation', id, stored, expected })
      changed.push(after)
    }
    facts.compare(factsById.get(id) ?? [], [...folded.facts, ...factsOf(after)], report)
  }
  const moved = items.filter(
    (item) => item.derived.replyMs !== item.stored!.replyMs || item.derived.replyAgentId !== item.stored!.replyAgentId,
  )
  for (const item of moved) report(messageDifference(item))
  if (!mend) return
  await runAll(tx, [updateDerived(workspaceId, moved), saveConversations(workspaceId, changed, now)])
  await facts.save(tx, workspaceId, summedBefore)
}

/** Returns how many messages the threads have. */
async function recountThreads(
  tx: Tx,
  workspaceId: string,
  threads: readonly (StoredThread & { customer: string })[],
  { report, mend, now, summedBefore }: Recounting,
): Promise<number> {
  if (threads.length === 0) return 0
  const since = new Map(threads.map(({ id, checkpoint }) => [id, checkpoint?.before ?? 0]))
  const items = await findItems(tx, workspaceId, { threads: since, conversations: new Map() })
  const byThread = Map.groupBy(items, ({ threadId }) => threadId)
  const factsById = Map.groupBy(await findFacts(tx, workspaceId, since), ({ entityId }) => entityId)
  const changed: (StoredThread & { customer: string; state: ThreadState })[] = []
  const facts = new FactChanges()
  for (const thread of threads) {
    const own = (byThread.get(thread.id) ?? []).sort(inOrder)
    const folded = foldThread({ ...thread, state: thread.checkpoint?.state ?? NEW_THREAD }, own)
    const [stored, expected] = [canonical(thread.state), canonical(folded.state)]
    if (stored !== expected) {
      report({ kind: 'thread', id: thread.id, stored, expected })
      changed.push({ ...thread, state: folded.state })
    }
    facts.compare(factsById.get(thread.id) ?? [], folded.facts, report)
  }
  const moved = items.filter((item) => !isSame(item.derived, item.stored!))
  for (const item of moved) report(messageDifference(item))
  if (mend) {
    await runAll(tx, [updateDerived(workspaceId, moved), saveThreads(workspaceId, changed, now)])
    await facts.save(tx, workspaceId, summedBefore)
  }
  return items.length
}

async function recountDay(
  tx: Tx,
  workspaceId: string,
  day: number,
  { report, mend }: Pick<Recounting, 'report' | 'mend'>,
): Promise<void> {
  const end = day + DAY_MS
  const items = await findItemsBetween(tx, workspaceId, day, end)
  const ids = [...new Set(items.flatMap(({ conversationId: id }) => (id === null ? [] : [id])))]
  const tags = await tagsOfConversations(tx, workspaceId, ids)
  const counts = new Counts()
  for (const item of items) {
    counts.addMessage(item, item.derived, item.conversationId === null ? [] : (tags.get(item.conversationId) ?? []), 1)
  }
  for (const conversation of await findResolvedBetween(tx, workspaceId, day, end))
    counts.addConversation(conversation, 1)
  const expected = new Map(counts.rows().map((row) => [countKey(row), row]))
  let isChanged = false
  for (const row of await findCounts(tx, workspaceId, day, end)) {
    const should = expected.get(countKey(row))
    expected.delete(countKey(row))
    if (sumsText(row) === (should ? sumsText(should) : '')) continue
    isChanged = true
    report({
      kind: 'sum',
      id: null,
      stored: `${countKey(row)}: ${sumsText(row)}`,
      expected: should ? sumsText(should) : 'nothing',
    })
  }
  for (const row of expected.values()) {
    isChanged = true
    report({ kind: 'sum', id: null, stored: 'nothing', expected: `${countKey(row)}: ${sumsText(row)}` })
  }
  if (!isChanged || !mend) return
  await runAll(tx, [deleteCounts(workspaceId, day, end), addCounts(workspaceId, counts.rows())])
}

class FactChanges {
  readonly #added: Fact[] = []
  readonly #gone: Fact[] = []

  compare(stored: readonly Fact[], expected: readonly Fact[], report: Recounting['report']): void {
    const left = new Map(stored.map((fact) => [factKey(fact), fact]))
    for (const fact of expected) {
      const was = left.get(factKey(fact))
      left.delete(factKey(fact))
      if (was && canonical(was) === canonical(fact)) continue
      report({ kind: 'fact', id: fact.entityId, stored: was ? canonical(was) : 'nothing', expected: canonical(fact) })
      this.#added.push(fact)
      if (was) this.#gone.push(was)
    }
    for (const fact of left.values()) {
      report({ kind: 'fact', id: fact.entityId, stored: canonical(fact), expected: 'nothing' })
      this.#gone.push(fact)
    }
  }

  async save(tx: Tx, workspaceId: string, summedBefore: number): Promise<void> {
    const sums = new FactSums(summedBefore)
    sums.add(this.#gone, -1)
    sums.add(this.#added, 1)
    await runAll(tx, [
      deleteFacts(workspaceId, this.#gone),
      saveFacts(workspaceId, this.#added),
      ...addFactSums(workspaceId, sums),
    ])
  }
}

function messageDifference({ id, stored, derived }: Item): Difference {
  return { kind: 'message', id, stored: canonical(stored), expected: canonical(derived) }
}

/** JSON that is the same for the same content: keys sorted, and lists of numbers, which are sets here. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (Array.isArray(item))
      return item.every((one) => typeof one === 'number') ? [...item].sort((a, b) => a - b) : item
    if (item === null || typeof item !== 'object') return item
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function countKey({ wordId, grain, at }: CountRow): string {
  return `word ${wordId}, ${grain === 1 ? 'day' : 'quarter'} ${new Date(at).toISOString()}`
}

/** The sums that are not 0; none at all gives an empty text, as if the row were not there. */
function sumsText({ sums }: CountRow): string {
  return SUMS.flatMap((name, index) => (sums[index] === 0 ? [] : [`${name} ${sums[index]}`])).join(', ')
}
