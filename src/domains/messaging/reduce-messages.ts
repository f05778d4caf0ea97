import type { Tx } from '../../db/database.ts'
import type { World } from '../world.ts'
import { eachWorkspace } from './each-workspace.ts'
import { type Conversation, foldConversation, newConversation } from './fold-conversation.ts'
import { foldThread, NEW_THREAD, type ThreadState } from './fold-thread.ts'
import {
  type Checkpoint,
  findConversationsById,
  findItems,
  findThreadsById,
  type StoredConversation,
  type StoredThread,
} from './history-store.ts'
import { inOrder } from './item.ts'
import { holdPool } from './pool-store.ts'
import {
  countQuarters,
  deleteMessages,
  findRetentions,
  type OldPlace,
  pageOfOldMessages,
  saveConversationCheckpoints,
  saveFloor,
  saveThreadCheckpoints,
  stripMessages,
  threadsOfConversations,
} from './reduction-store.ts'
import { WordNumbers } from './word-store.ts'

/** How many messages one transaction looks at, so that it never keeps those who add some waiting for long. */
const PAGE = 1_000
const DAY_MS = 86_400_000
const BEGINNING: OldPlace = { time: new Date(0), id: '00000000-0000-0000-0000-000000000000' }

/**
 * Reduces messages that are older than their workspace keeps them to what was counted. Days are whole ones in UTC. First
 * nothing older can be added any more; then, a page per transaction, messages are removed. Their threads and conversations
 * keep where they stood at that moment, and are counted on from there. Only what was said goes of messages that are needed:
 * those of a conversation that was resolved, by a late event, before messages from after that moment. Whatever is left half done goes on the next time. `signal` ends it
 * after a page. Returns how many messages were reduced; throws what failed once every workspace had its turn.
 */
export async function reduceMessages(world: World, signal?: AbortSignal): Promise<number> {
  return eachWorkspace(await findRetentions(world.db), async ({ workspaceId, days }) => {
    const floor = new Date(Math.floor((world.clock.now().getTime() - days * DAY_MS) / DAY_MS) * DAY_MS)
    if (floor.getTime() <= 0) return 0
    await saveFloor(world.db, workspaceId, { days, floor })
    let reduced = 0
    let after: OldPlace | undefined = BEGINNING
    while (after && !signal?.aborted) {
      const page: Page = await reducePage(world, workspaceId, after)
      reduced += page.reduced
      after = page.next
    }
    return reduced
  })
}

interface Page {
  reduced: number
  /** Where the next one begins; undefined: there is none. */
  next: OldPlace | undefined
}

async function reducePage(world: World, workspaceId: string, after: OldPlace): Promise<Page> {
  const now = world.clock.now()
  return world.events.write(workspaceId, async (tx, emit) => {
    const { reducedBefore } = await holdPool(tx, workspaceId, 0, now)
    if (reducedBefore === null) return { reduced: 0, next: undefined }
    const floor = new Date(reducedBefore)
    const messages = await pageOfOldMessages(tx, workspaceId, floor, after, PAGE)
    const needed = messages.filter(({ isNeeded, hasContent }) => isNeeded && hasContent).map(({ id }) => id)
    await stripMessages(tx, workspaceId, needed)
    const gone = messages.filter(({ isNeeded }) => !isNeeded)
    let deleted = 0
    if (gone.length > 0) {
      // All that a conversation has from before the floor goes, whatever else is on the page.
      const conversationIds = [...new Set(gone.flatMap(({ conversationId: id }) => (id === null ? [] : [id])))]
      const reaches = await threadsOfConversations(tx, workspaceId, conversationIds, floor)
      const threadIds = [...new Set([...gone, ...reaches].map(({ threadId }) => threadId))]
      const conversationsOf = Map.groupBy(reaches, ({ threadId }) => threadId)
      const threads = await findThreadsById(tx, workspaceId, threadIds)
      const states = await statesAsOf(tx, workspaceId, threads, reducedBefore)
      await saveThreadCheckpoints(
        tx,
        workspaceId,
        threads.map((thread) => ({
          id: thread.id,
          checkpoint: states.get(thread.id) ?? thread.checkpoint,
          conversationIds: (conversationsOf.get(thread.id) ?? []).map(({ conversationId }) => conversationId),
        })),
      )
      await keepConversations(tx, workspaceId, conversationIds, reducedBefore, now)
      const ids = gone.flatMap(({ id, conversationId }) => (conversationId === null ? [id] : []))
      deleted = await deleteMessages(tx, workspaceId, { ids, conversationIds, floor })
      emit('messages.reduced', { before: floor.toISOString(), count: deleted })
    }
    return { reduced: deleted + needed.length, next: messages.length < PAGE ? undefined : messages.at(-1)! }
  })
}

/** Where threads stood before the floor (milliseconds), of those of which that is not known yet. */
async function statesAsOf(
  tx: Tx,
  workspaceId: string,
  threads: readonly StoredThread[],
  floor: number,
): Promise<Map<string, Checkpoint<ThreadState>>> {
  const due = threads.filter(({ checkpoint }) => checkpoint === null || checkpoint.before < floor)
  const goesOn = ({ state }: StoredThread) => state.last !== null && state.last >= floor
  const since = new Map(due.filter(goesOn).map(({ id, checkpoint }) => [id, checkpoint?.before ?? 0]))
  const of = { threads: since, conversations: new Map<string, number>() }
  const items = since.size === 0 ? [] : await findItems(tx, workspaceId, of, floor)
  const before = Map.groupBy(items, ({ threadId }) => threadId)
  return new Map(
    due.map((thread) => {
      const state = thread.checkpoint?.state ?? NEW_THREAD
      const folded = goesOn(thread)
        ? foldThread({ ...thread, state }, (before.get(thread.id) ?? []).sort(inOrder)).state
        : thread.state
      return [thread.id, { before: floor, state: folded }]
    }),
  )
}

/** Keeps where conversations stood before the floor (milliseconds). */
async function keepConversations(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
  floor: number,
  now: Date,
): Promise<void> {
  const conversations = await findConversationsById(tx, workspaceId, ids)
  // One that is resolved before takes nothing more.
  const isEnded = ({ resolution }: StoredConversation) => resolution !== null && resolution.at < floor
  const open = conversations.filter((one) => !isEnded(one)).map(({ id }) => id)
  const quarters = await countQuarters(tx, workspaceId, open, new Date(floor))
  const states = await conversationsAsOf(tx, workspaceId, conversations, floor)
  const kept = conversations.map((one) => {
    const { checkpoint: _, ...conversation } = one
    const state = states.get(one.id) ?? conversation
    return {
      ...{ ...conversation, checkpoint: { before: floor, state } },
      quarters: isEnded(one) ? null : (quarters.get(one.id) ?? []),
    }
  })
  await saveConversationCheckpoints(tx, workspaceId, kept, now)
}

/** Where conversations stood before the floor (milliseconds), of those that go on after it. */
async function conversationsAsOf(
  tx: Tx,
  workspaceId: string,
  conversations: readonly StoredConversation[],
  floor: number,
): Promise<Map<string, Conversation>> {
  const due = conversations.filter(({ lastAt, resolution }) => lastAt >= floor || (resolution?.at ?? 0) >= floor)
  if (due.length === 0) return new Map()
  const since = new Map(due.map(({ id, checkpoint }) => [id, checkpoint?.before ?? 0]))
  const items = await findItems(tx, workspaceId, { threads: new Map(), conversations: since }, floor)
  const before = Map.groupBy(items, ({ conversationId }) => conversationId!)
  const tagIds = [...new Set(due.flatMap((one) => one.tagIds))]
  const isUserTag = await new WordNumbers().userTags(tx, workspaceId, tagIds)
  return new Map(
    due.map(({ checkpoint, ...conversation }) => {
      const { id, channelId, providerId, firstReply } = conversation
      const base = checkpoint?.state ?? newConversation(id, channelId, providerId)
      const { after } = foldConversation(
        { ...base, tagIds: conversation.tagIds },
        (before.get(id) ?? []).sort(inOrder),
        null,
        { openTime: () => ({ openMs: 0, calendarVersion: null }), isUserTag },
      )
      // A reply stays as it was counted, whatever the calendar says since.
      return [id, { ...after, firstReply: after.firstReply && firstReply }]
    }),
  )
}
