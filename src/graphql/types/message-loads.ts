import DataLoader from 'dataloader'
import {
  type ConversationView,
  countMessagesOf,
  findConversations,
  findMessages,
  findThreads,
  findThreadsOfCustomers,
  listMessagesOf,
  type MessageOwner,
  type MessageView,
  type Page,
  type ThreadView,
} from '../../domains/messaging/index.ts'
import type { World } from '../../domains/world.ts'
import type { Context } from '../context.ts'

/**
 * Messages, conversations and threads of one operation are loaded together: one statement per kind and level; by their
 * ids also with those that other operations of the workspace ask for in the same moment, as all do whose messages were
 * committed together.
 */
export interface MessageLoads {
  message(id: string): Promise<MessageView | null>
  conversation(id: string): Promise<ConversationView | null>
  thread(id: string): Promise<ThreadView | null>
  /** Of a customer by its address on a channel, the latest first, at most `MAX_THREADS`. */
  threadsOf(identifier: string): Promise<ThreadView[]>
  /** A page of what belongs to a conversation or thread, oldest first. */
  messagesOf(owner: MessageOwner, id: string, page: Page): Promise<MessageView[]>
  countOf(owner: MessageOwner, id: string): Promise<number>
}

export const MAX_THREADS = 50

const loads = new WeakMap<Context, MessageLoads>()

export function messageLoads(context: Context): MessageLoads {
  let found = loads.get(context)
  if (!found) {
    found = makeLoads(context)
    loads.set(context, found)
  }
  return found
}

function makeLoads({ world, viewer }: Context): MessageLoads {
  const { workspaceId } = viewer
  const threadsOf = loader<ThreadView[]>(async (identifiers) => {
    const found = await findThreadsOfCustomers(world.db, workspaceId, identifiers, MAX_THREADS)
    return Map.groupBy(found, (thread) => thread.customerChannelIdentifier ?? '')
  }, [])
  const counts: Record<MessageOwner, DataLoader<string, number>> = {
    conversation: loader((ids) => countMessagesOf(world, viewer, 'conversation', ids), 0),
    thread: loader((ids) => countMessagesOf(world, viewer, 'thread', ids), 0),
  }
  const pages = new Map<string, DataLoader<string, MessageView[]>>()

  return {
    message: (id) => gather(world, `message ${workspaceId}`, (ids) => findMessages(world, workspaceId, ids)).load(id),
    conversation: (id) =>
      gather(world, `conversation ${workspaceId}`, (ids) => findConversations(world.db, workspaceId, ids)).load(id),
    thread: (id) => gather(world, `thread ${workspaceId}`, (ids) => findThreads(world.db, workspaceId, ids)).load(id),
    threadsOf: (identifier) => threadsOf.load(identifier),
    messagesOf(owner, id, page) {
      const key = JSON.stringify([owner, page])
      let pageLoader = pages.get(key)
      if (!pageLoader) {
        pageLoader = loader((ids) => listMessagesOf(world, viewer, owner, ids, page), [])
        pages.set(key, pageLoader)
      }
      return pageLoader.load(id)
    },
    countOf: (owner, id) => counts[owner].load(id),
  }
}

/** Mutations of one operation follow each other, so nothing is kept. */
function loader<Value>(
  find: (ids: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  absent: Value,
  maxBatchSize = Number.POSITIVE_INFINITY,
): DataLoader<string, Value> {
  return new DataLoader<string, Value>(
    async (ids) => {
      const values = await find([...new Set(ids)])
      return ids.map((id) => values.get(id) ?? absent)
    },
    { cache: false, maxBatchSize },
  )
}

/** Ids of one statement; more are asked for in another. */
const MAX_GATHERED = 500

/** What is being gathered, by kind and workspace, until it is asked for. */
const gathering = new WeakMap<World, Map<string, DataLoader<string, unknown>>>()

/**
 * Where ids are gathered until the end of this turn. They are asked for after the last of them came, so each finds what
 * was committed before it was. `find` must depend on `key` alone, and not on who asks.
 */
function gather<View extends { id: string }>(
  world: World,
  key: string,
  find: (ids: readonly string[]) => Promise<View[]>,
): DataLoader<string, View | null> {
  const open = gathering.get(world) ?? new Map<string, DataLoader<string, unknown>>()
  gathering.set(world, open)
  const known = open.get(key)
  if (known) return known as DataLoader<string, View | null>
  const gathered = loader<View | null>(
    async (ids) => {
      open.delete(key)
      return new Map((await find(ids)).map((view) => [view.id, view]))
    },
    null,
    MAX_GATHERED,
  )
  open.set(key, gathered)
  return gathered
}
