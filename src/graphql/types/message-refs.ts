import type { ConversationView, MessageView, Page, Place, ThreadView } from '../../domains/messaging/index.ts'
import { builder } from '../builder.ts'
import { connectionOf, connectionTypes, keysetPlaces, type Order, type PageArgs } from '../connection.ts'
import type { Context } from '../context.ts'

/** Messages, conversations and threads lead to each other, so they are named before any of them is described. */
export const Message = builder.objectRef<MessageView>('Message')
export const Conversation = builder.objectRef<ConversationView>('Conversation')
export const MessageThread = builder.objectRef<ThreadView>('MessageThread')

export const MESSAGES_PAGE = connectionTypes(Message, 'Message', 'messages')
export const CONVERSATIONS_PAGE = connectionTypes(Conversation, 'Conversation', 'conversations')

/** A connection over what a domain lists by a moment, ties by id: `list` gives a page, `count` the length of the whole. */
export async function momentConnection<Node extends { id: string }>(
  args: PageArgs,
  order: Order,
  { viewer: { workspaceId } }: Context,
  list: (page: Page) => Promise<readonly Node[]>,
  count: () => Promise<number>,
) {
  const { after, before, take, backward } = keysetPlaces(args, order, workspaceId)
  const place = (found: typeof after): Place | null => found && { at: found.value as Date, id: found.id }
  const rows = await list({ limit: take, after: place(after), before: place(before), backward })
  return connectionOf(rows as readonly (Node & Record<string, unknown>)[], args, order, workspaceId, count)
}
