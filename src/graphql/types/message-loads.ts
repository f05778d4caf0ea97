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
import type { Context } from '../context.ts'

/** Messages, conversations and threads of one operation are loaded together: one statement per kind and level. */
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
  // Mutations of one operation follow each other, so nothing is kept.
  const loader = <Value>(find: (ids: readonly string[]) => Promise<ReadonlyMap<string, Value>>, absent: Value) =>
    new DataLoader<string, Value>(
      async (ids) => {
        const values = await find([...new Set(ids)])
        return ids.map((id) => values.get(id) ?? absent)
      },
      { cache: false },
    )
  const byId = <View extends { id: string }>(find: (ids: readonly string[]) => Promise<View[]>) =>
    loader<View | null>(async (ids) => new Map((await find(ids)).map((view) => [view.id, view])), null)

  const messages = byId((ids) => findMessages(world, workspaceId, ids))
  const conversations = byId((ids) => findConversations(world.db, workspaceId, ids))
  const threads = byId((ids) => findThreads(world.db, workspaceId, ids))
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
    message: (id) => messages.load(id),
    conversation: (id) => conversations.load(id),
    thread: (id) => threads.load(id),
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
