import type { Tx } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { ExpectedError } from '../../platform/errors.ts'
import type { World } from '../world.ts'
import { openMilliseconds } from './business-hours.ts'
import { countryOfCustomer } from './country.ts'
import { Counts } from './counts.ts'
import type { Entry, NewMessage, NewResolution, Outcome } from './entry.ts'
import { type Fact, factKey } from './fact.ts'
import { FactSums } from './fact-sums.ts'
import { addFactSums } from './fact-sums-store.ts'
import {
  type Conversation,
  factsOf,
  foldConversation,
  newConversation,
  type OpenTime,
  type Resolution,
} from './fold-conversation.ts'
import { foldThread, NEW_THREAD, type ThreadState } from './fold-thread.ts'
import {
  addCounts,
  deleteFacts,
  deletePresence,
  findConversationsByKey,
  findItems,
  findReducedQuarters,
  findThreads,
  type ItemRest,
  insertMessages,
  type LateTags,
  type StoredConversation,
  type StoredThread,
  saveConversations,
  saveFacts,
  saveLatePresence,
  saveThreads,
  tagsOfConversations,
  updateDerived,
} from './history-store.ts'
import { type Derived, type Item, inOrder, NOTHING_DERIVED } from './item.ts'
import { type BusinessCalendar, holdPool, type Pool } from './pool-store.ts'
import { channelText, type WordNumbers, wordText } from './word-store.ts'
import { together } from './writes.ts'

export interface BatchDeps {
  world: World
  words: WordNumbers
}

/** A thread that is written to. */
interface ThreadWork {
  thread: StoredThread & { customer: string }
  isNew: boolean
  items: Item[]
}

/** A conversation that is written to. */
interface ConversationWork {
  before: StoredConversation & { key: string }
  isNew: boolean
  items: Item[]
  resolution: Resolution | null
}

/** How many conversations one event names. */
const NAMED_BY_ONE_EVENT = 1_000

/**
 * Stores messages and resolutions with everything that is counted of them, in the order in which they are given. What
 * follows on all that is known of its thread and conversation is counted from where they stand; what is late, or changes
 * the tags of messages that were counted before, has its thread or conversation counted anew and the difference written.
 * An entry that is refused leaves nothing. `writes` are to be the last that the transaction does, and `commit` is to be
 * called once it is committed.
 */
export async function writeBatch(
  { world, words }: BatchDeps,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  entries: readonly Entry[],
): Promise<{ outcomes: Outcome[]; writes: Sql[]; commit(): void }> {
  const now = world.clock.now()
  const [providers, channels] = [providersOf(entries), channelsOf(entries)]
  const hold = () => holdPool(tx, workspaceId, entries.filter(({ type }) => type === 'message').length, now)
  const known = words.known(workspaceId, providers, channels)
  let places: { numbers: ReadonlyMap<string, number>; commit(): void }
  let pool: Pool
  let batch: Batch
  if (known) {
    places = { numbers: known, commit: () => {} }
    batch = new Batch(world, tx, workspaceId, known)
    // Sent at once: the connection carries them out one after the other, so what is read is as it is under the lock.
    ;[pool] = await Promise.all([hold(), batch.load(entries)])
    // Except where there was no lock to wait for yet.
    if (pool.isNew) await batch.load(entries)
  } else {
    pool = await hold()
    places = await words.take(tx, workspaceId, providers, channels)
    batch = new Batch(world, tx, workspaceId, places.numbers)
    await batch.load(entries)
  }
  batch.hold(pool)
  const outcomes = entries.map((entry) => batch.take(entry))
  // Only of what was taken: agents and tags come into being with messages that are there.
  const named = await words.take(tx, workspaceId, wordsOf(entries.filter((_, index) => outcomes[index]!.ok)), new Set())
  batch.name(named.numbers)
  const writes = await batch.save(words, now)
  batch.tell(emit)
  return {
    outcomes,
    writes,
    commit() {
      places.commit()
      named.commit()
    },
  }
}

class Batch {
  readonly #world: World
  readonly #tx: Tx
  readonly #workspaceId: string
  #pool!: Pool
  readonly #numbers: ReadonlyMap<string, number>
  readonly #threads = new Map<string, ThreadWork>()
  readonly #conversations = new Map<string, ConversationWork>()
  readonly #ownIds = new Map<string, string>()
  readonly #messages: (Item & ItemRest)[] = []
  readonly #resolved: string[] = []
  /** Gives agents and tags their numbers, once they are known. */
  readonly #naming: ((numbers: ReadonlyMap<string, number>) => void)[] = []
  #seq = 0

  constructor(world: World, tx: Tx, workspaceId: string, numbers: ReadonlyMap<string, number>) {
    this.#world = world
    this.#tx = tx
    this.#workspaceId = workspaceId
    this.#numbers = numbers
  }

  /** The pool as it is held. */
  hold(pool: Pool): void {
    this.#pool = pool
    this.#seq = pool.seq
  }

  /** Reads what is known of the threads and conversations of the entries. */
  async load(entries: readonly Entry[]): Promise<void> {
    const threads = new Map<string, { channelId: number; customer: string }>()
    const conversations = new Map<string, { providerId: number; channelId: number; key: string }>()
    const ownIds: string[] = []
    for (const entry of entries) {
      const channelId = this.#channel(entry)
      if (entry.type === 'message') {
        threads.set(`${channelId}\n${entry.customerIdentifier}`, { channelId, customer: entry.customerIdentifier })
        if (entry.own) ownIds.push(entry.own.id)
      }
      if (entry.conversation === null) continue
      const key = { providerId: this.#provider(entry), channelId, key: entry.conversation }
      conversations.set(conversationText(key), key)
    }
    const [foundThreads, foundConversations, own] = await Promise.all([
      findThreads(this.#tx, this.#workspaceId, [...threads.values()]),
      findConversationsByKey(this.#tx, this.#workspaceId, [...conversations.values()]),
      ownIds.length === 0 ? [] : findOwn(this.#tx, this.#workspaceId, ownIds),
    ])
    for (const thread of foundThreads) {
      this.#threads.set(`${thread.channelId}\n${thread.customer}`, { thread, isNew: false, items: [] })
    }
    for (const before of foundConversations) {
      this.#conversations.set(conversationText(before), { before, isNew: false, items: [], resolution: null })
    }
    for (const { own_kind, own_id, id } of own) this.#ownIds.set(`${own_kind}\n${own_id}`, id)
  }

  /** Takes one entry, or refuses it. */
  take(entry: Entry): Outcome {
    return entry.type === 'message' ? this.#takeMessage(entry) : this.#takeResolution(entry)
  }

  #takeMessage(entry: NewMessage): Outcome {
    const { at, own } = entry
    if (this.#pool.reducedBefore !== null && at < this.#pool.reducedBefore)
      return refused(tooOld(this.#pool.reducedBefore))
    const { tenants } = this.#pool
    if (entry.tenant !== null && tenants.length > 0 && !tenants.includes(entry.tenant)) return refused(unknownTenant())
    const channelId = this.#channel(entry)
    const providerId = this.#provider(entry)
    let conversation: ConversationWork | undefined
    if (entry.conversation !== null) {
      const key = { providerId, channelId, key: entry.conversation }
      conversation = this.#conversations.get(conversationText(key))
      const resolvedAt = conversation && resolutionOf(conversation)?.at
      if (resolvedAt !== undefined && at >= resolvedAt) return refused(isResolved('conversation'))
      if (!conversation) {
        const before = {
          ...newConversation(this.#world.newId(), channelId, providerId),
          checkpoint: null,
          key: key.key,
        }
        conversation = { before, isNew: true, items: [], resolution: null }
        this.#conversations.set(conversationText(key), conversation)
      }
    }
    const threadKey = `${channelId}\n${entry.customerIdentifier}`
    let thread = this.#threads.get(threadKey)
    if (!thread) {
      const customer = entry.customerIdentifier
      const known = {
        id: this.#world.newId(),
        channelId,
        customer,
        country: countryOfCustomer(customer),
        state: NEW_THREAD,
      }
      thread = { thread: { ...known, checkpoint: null }, isNew: true, items: [] }
      this.#threads.set(threadKey, thread)
    }
    const conversationId = conversation?.before.id ?? null
    const threadId = thread.thread.id
    // Told twice of something that the workspace did itself: the first time counts.
    const known = own && this.#ownIds.get(`${own.kind}\n${own.id}`)
    if (known) return { ok: true, id: known, threadId, conversationId }
    const id = this.#world.newId()
    if (own) this.#ownIds.set(`${own.kind}\n${own.id}`, id)
    const message: Item & ItemRest = {
      ...{ id, seq: this.#seq++, at, sent: entry.sent, channelId, providerId, threadId, conversationId },
      ...{ agentId: 0, tagIds: [] },
      ...{ automatic: entry.automatic, paid: entry.paid, hours: entry.hours },
      ...{ derived: { ...NOTHING_DERIVED }, stored: undefined },
      ...this.#contentOf(entry.content, id),
      ...{ extra: entry.extra, own },
    }
    this.#naming.push((numbers) => Object.assign(message, namesOf(entry, numbers)))
    this.#messages.push(message)
    thread.items.push(message)
    conversation?.items.push(message)
    return { ok: true, id, threadId, conversationId }
  }

  #takeResolution(entry: NewResolution): Outcome {
    const channelId = this.#channel(entry)
    const key = { providerId: this.#provider(entry), channelId, key: entry.conversation }
    const conversation = this.#conversations.get(conversationText(key))
    if (!conversation) return refused(unknownConversation())
    if (resolutionOf(conversation)) return refused(isResolved('conversation'))
    if (this.#pool.reducedBefore !== null && entry.at < this.#pool.reducedBefore) {
      return refused(tooOld(this.#pool.reducedBefore))
    }
    const resolution: Resolution = { at: entry.at, agentId: 0, tagIds: [] }
    this.#naming.push((numbers) => Object.assign(resolution, namesOf(entry, numbers)))
    conversation.resolution = resolution
    const { id } = conversation.before
    this.#resolved.push(id)
    return { ok: true, id, threadId: null, conversationId: id }
  }

  /** Agents and tags of what was taken. */
  name(numbers: ReadonlyMap<string, number>): void {
    for (const give of this.#naming) give(numbers)
  }

  #contentOf(content: object | null, id: string): Pick<ItemRest, 'content' | 'sealedContent'> {
    const { contentPolicy } = this.#pool
    if (content === null || contentPolicy === 'drop') return { content: null, sealedContent: null }
    if (contentPolicy === 'keep') return { content, sealedContent: null }
    return { content: null, sealedContent: this.#world.sealer.seal(JSON.stringify(content), `message:${id}`) }
  }

  /**
   * Counts what was taken. Returns the statements that write it.
   */
  async save(words: WordNumbers, now: Date): Promise<Sql[]> {
    const tx = this.#tx
    const workspaceId = this.#workspaceId
    const threads = [...this.#threads.values()].filter(({ items }) => items.length > 0)
    const conversations = [...this.#conversations.values()].filter(
      ({ items, resolution }) => items.length > 0 || resolution !== null,
    )
    if (threads.length === 0 && conversations.length === 0) return []
    const tagIds = new Map(conversations.map((work) => [work.before.id, allTags(work)]))
    const anewThreads = new Map(threads.filter(isLate).map(({ thread }) => [thread.id, thread.checkpoint?.before ?? 0]))
    const anewConversations = new Map(
      conversations
        .filter((work) => isOutOfOrder(work, tagIds.get(work.before.id)!))
        .map(({ before }) => [before.id, before.checkpoint?.before ?? 0]),
    )
    const isUserTag = await words.userTags(tx, workspaceId, [...new Set([...tagIds.values()].flat())])
    const stored =
      anewThreads.size + anewConversations.size === 0
        ? []
        : await findItems(tx, workspaceId, { threads: anewThreads, conversations: anewConversations })
    const late = conversations.filter(
      ({ before }) => before.checkpoint && tagIds.get(before.id)!.length > before.tagIds.length,
    )
    const reducedQuarters = await findReducedQuarters(
      tx,
      workspaceId,
      late.map(({ before }) => before.id),
    )
    const beforeTags = new Map(conversations.map(({ before }) => [before.id, before.tagIds]))
    const others = stored.flatMap(({ conversationId: id }) => (id !== null && !beforeTags.has(id) ? [id] : []))
    for (const [id, tags] of await tagsOfConversations(tx, workspaceId, [...new Set(others)])) {
      beforeTags.set(id, tags)
    }

    const counts = new Counts()
    const facts: Fact[] = []
    const gone: Fact[] = []
    const sums = new FactSums(this.#pool.summedBefore)
    const lateTags: LateTags[] = []
    const options = { openTime: openTimeBy(this.#pool.calendars), isUserTag }
    const storedOf = groups(stored)
    const saved: (StoredConversation & { key: string })[] = []
    for (const work of conversations) {
      const { before, isNew } = work
      const { id } = before
      const isAnew = anewConversations.has(id)
      const base: Conversation = isAnew
        ? (before.checkpoint?.state ?? newConversation(id, before.channelId, before.providerId))
        : before
      const items = [...since(storedOf.conversations.get(id), anewConversations.get(id)), ...work.items].sort(inOrder)
      const resolution = work.resolution ?? (isAnew ? before.resolution : null)
      const folded = foldConversation({ ...base, id, tagIds: tagIds.get(id)! }, items, resolution, options)
      const after = { ...before, ...folded.after, settled: false }
      facts.push(...folded.facts)
      const present = factsOf(after)
      if (isNew) facts.push(...present)
      else {
        const past = factsOf(before)
        const difference = differenceOf(past, present)
        facts.push(...difference.added)
        gone.push(...difference.gone)
        sums.add([...difference.gone, ...difference.replaced], -1)
        counts.addConversation(before, -1)
      }
      counts.addConversation(after, 1)
      saved.push(after)
      const news = after.tagIds.filter((tagId) => !before.tagIds.includes(tagId))
      if (before.checkpoint && news.length > 0) {
        counts.addReduced(reducedQuarters.get(id) ?? [], news)
        lateTags.push({ conversationId: id, before: before.checkpoint.before, tagIds: news })
      }
    }
    const savedThreads: {
      id: string
      channelId: number
      customer: string
      country: string | null
      state: ThreadState
    }[] = []
    for (const { thread, items: news } of threads) {
      const isAnew = anewThreads.has(thread.id)
      const state = isAnew ? (thread.checkpoint?.state ?? NEW_THREAD) : thread.state
      const items = [...since(storedOf.threads.get(thread.id), anewThreads.get(thread.id)), ...news].sort(inOrder)
      const folded = foldThread({ ...thread, state }, items)
      facts.push(...folded.facts)
      savedThreads.push({ ...thread, state: folded.state })
    }
    sums.add(facts, 1)
    const changed: Item[] = []
    for (const item of stored) {
      const before = item.conversationId === null ? [] : (beforeTags.get(item.conversationId) ?? [])
      const after = item.conversationId === null ? [] : (tagIds.get(item.conversationId) ?? before)
      const isChanged = !isSame(item.derived, item.stored!)
      if (isChanged) changed.push(item)
      if (!isChanged && before.length === after.length) continue
      counts.addMessage(item, item.stored!, before, -1)
      counts.addMessage(item, item.derived, after, 1)
    }
    for (const item of this.#messages) {
      counts.addMessage(item, item.derived, item.conversationId === null ? [] : tagIds.get(item.conversationId)!, 1)
    }

    const { summedBefore } = this.#pool
    return [
      ...together([deletePresence(workspaceId, new Map([...anewThreads, ...anewConversations]), summedBefore)]),
      ...together([
        deleteFacts(workspaceId, gone),
        insertMessages(workspaceId, this.#messages, now),
        updateDerived(workspaceId, changed),
        saveThreads(workspaceId, savedThreads, now),
        saveConversations(workspaceId, saved, now),
        saveFacts(workspaceId, facts),
        addCounts(workspaceId, counts.rows()),
      ]),
      ...together([saveLatePresence(workspaceId, lateTags), ...addFactSums(workspaceId, sums)]),
    ]
  }

  /** Says what was added. */
  tell(emit: Emit): void {
    const ids = [...new Set(this.#messages.flatMap(({ conversationId: id }) => (id === null ? [] : [id])))]
    for (let from = 0; this.#messages.length > 0 && (from === 0 || from < ids.length); from += NAMED_BY_ONE_EVENT) {
      const conversationIds = ids.slice(from, from + NAMED_BY_ONE_EVENT)
      // The messages are told of once, with the first of the events that their conversations need.
      emit('messages.added', { count: from === 0 ? this.#messages.length : 0, conversationIds })
    }
    for (const conversationId of this.#resolved) emit('conversation.resolved', { conversationId })
  }

  #provider({ provider }: Entry): number {
    return this.#numbers.get(wordText('provider', provider))!
  }

  #channel({ channel, tenantIdentifier }: Entry): number {
    return this.#numbers.get(channelText(channel, tenantIdentifier))!
  }
}

function refused(error: ExpectedError): Outcome {
  return { ok: false, error }
}

function tooOld(before: number): ExpectedError {
  const instant = new Date(before).toISOString()
  return new ExpectedError('MESSAGES_REDUCED', `Messages before ${instant} were reduced; none can be added there.`, {
    path: ['time'],
    details: { before: instant },
  })
}

function isResolved(field: string): ExpectedError {
  return new ExpectedError('CONVERSATION_RESOLVED', 'The conversation is resolved and takes nothing more.', {
    path: [field],
  })
}

function unknownTenant(): ExpectedError {
  return new ExpectedError('TENANT_UNKNOWN', 'The workspace does not act for this tenant.', { path: ['tenant'] })
}

function unknownConversation(): ExpectedError {
  return new ExpectedError('NOT_FOUND', 'There is no such conversation on this channel by this provider.', {
    path: ['conversation'],
  })
}

function conversationText({
  providerId,
  channelId,
  key,
}: {
  providerId: number
  channelId: number
  key: string
}): string {
  return `${providerId}\n${channelId}\n${key}`
}

function resolutionOf({ before, resolution }: ConversationWork): Resolution | null {
  return resolution ?? before.resolution
}

/** Every tag that a conversation has once the batch is written; those that it had come first. */
function allTags({ before, items, resolution }: ConversationWork): number[] {
  return [...new Set([...before.tagIds, ...items.flatMap(({ tagIds }) => tagIds), ...(resolution?.tagIds ?? [])])]
}

/** Whether a message came that belongs before others of its thread. */
function isLate({ thread, isNew, items }: ThreadWork): boolean {
  const { last } = thread.state
  return !isNew && last !== null && items.some(({ at }) => at < last)
}

/** Whether a conversation cannot simply be continued: something is late, or messages that were counted get a new tag. */
function isOutOfOrder({ before, isNew, items, resolution }: ConversationWork, tagIds: readonly number[]): boolean {
  if (isNew) return false
  if (tagIds.length > before.tagIds.length) return true
  if (before.resolution !== null && items.length > 0) return true
  return items.some(({ at }) => at < before.lastAt) || (resolution !== null && resolution.at < before.lastAt)
}

export function isSame(a: Derived, b: Derived): boolean {
  return a.replyMs === b.replyMs && a.replyAgentId === b.replyAgentId && a.session === b.session
}

function groups(items: readonly Item[]): { threads: Map<string, Item[]>; conversations: Map<string, Item[]> } {
  const threads = Map.groupBy(items, ({ threadId }) => threadId)
  const conversations = new Map<string, Item[]>()
  for (const item of items) {
    if (item.conversationId === null) continue
    const own = conversations.get(item.conversationId)
    if (own) own.push(item)
    else conversations.set(item.conversationId, [item])
  }
  return { threads, conversations }
}

/** Those to be counted anew: none where nothing is, and nothing that a checkpoint holds already. */
function since(items: readonly Item[] = [], from?: number): readonly Item[] {
  return from === undefined ? [] : items.filter(({ at }) => at >= from)
}

/**
 * Which facts to write, and which to remove, so that the first become the second; and which are replaced by some that are
 * written.
 */
function differenceOf(
  past: readonly Fact[],
  present: readonly Fact[],
): { added: Fact[]; gone: Fact[]; replaced: Fact[] } {
  const left = new Map(past.map((fact) => [factKey(fact), fact]))
  const added: Fact[] = []
  const replaced: Fact[] = []
  for (const fact of present) {
    const key = factKey(fact)
    const was = left.get(key)
    left.delete(key)
    if (was && was.at === fact.at && was.ms === fact.ms && was.openMs === fact.openMs) continue
    added.push(fact)
    if (was) replaced.push(was)
  }
  return { added, gone: [...left.values()], replaced }
}

export function openTimeBy(calendars: readonly BusinessCalendar[]): OpenTime {
  return (hours, from, to) => {
    const calendar = calendars.findLast(({ effectiveFrom }) => effectiveFrom <= from)
    const openMs = openMilliseconds({ hours, calendar: calendar?.rules ?? null }, from, to)
    return { openMs, calendarVersion: calendar?.version ?? null }
  }
}

function providersOf(entries: readonly Entry[]): Set<string> {
  return new Set(entries.map(({ provider }) => wordText('provider', provider)))
}

function wordsOf(entries: readonly Entry[]): Set<string> {
  const words = new Set<string>()
  for (const { agent, tags } of entries) {
    if (agent !== null) words.add(wordText('agent', agent))
    for (const tag of tags) words.add(wordText('tag', tag))
  }
  return words
}

function namesOf({ agent, tags }: Entry, numbers: ReadonlyMap<string, number>): { agentId: number; tagIds: number[] } {
  return {
    agentId: agent === null ? 0 : numbers.get(wordText('agent', agent))!,
    tagIds: tags.map((tag) => numbers.get(wordText('tag', tag))!),
  }
}

function channelsOf(entries: readonly Entry[]): Set<string> {
  return new Set(entries.map(({ channel, tenantIdentifier }) => channelText(channel, tenantIdentifier)))
}

function findOwn(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<{ own_kind: string; own_id: string; id: string }[]> {
  return tx.query(
    sql`SELECT own_kind, own_id, id FROM message WHERE workspace_id = ${workspaceId}::uuid AND own_id = ANY(${ids}::uuid[])`,
  )
}
