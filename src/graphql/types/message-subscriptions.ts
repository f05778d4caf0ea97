import { requireScope } from '../../domains/auth/index.ts'
import { findConversations } from '../../domains/messaging/index.ts'
import type { EventType, LoggedEvent } from '../../events/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { idOf, idOrNull } from '../global-id.ts'
import { type EventSource, type Listening, throughTheHub } from '../subscriptions/event-source.ts'
import { messageLoads } from './message-loads.ts'
import { Conversation } from './message-refs.ts'
import { Metric, metricArguments, metricOf } from './metric.ts'
import { AFTER, toldEvent } from './told-event.ts'

/** How often at most a metric is told to one subscriber. */
const METRIC_EVERY_MS = 1_000

async function ofConversation(context: Context, types: EventType[], conversationId: unknown): Promise<Listening> {
  requireScope(context.viewer, 'messages:read')
  if (conversationId == null) return { types }
  const id = idOf('Conversation', conversationId as string, ['conversationId'])
  const found = await findConversations(context.world.db, context.viewer.workspaceId, [id])
  if (found.length === 0) throw new NotFoundError('conversation', ['conversationId'])
  return { types, about: { fields: ['conversationId', 'conversationIds'], id } }
}

/** What the subscriptions below listen to. */
export const MESSAGE_SOURCES: Record<string, EventSource> = {
  conversationUpdated: ({ conversationId }, context) =>
    ofConversation(context, ['messages.added', 'conversation.resolved'], conversationId),
  conversationResolved: ({ conversationId }, context) =>
    ofConversation(context, ['conversation.resolved'], conversationId),
  metricUpdated: async (_args, { viewer }) => {
    requireScope(viewer, 'messages:read')
    return {
      types: [
        ...(['messages.added', 'conversation.resolved', 'messages.reduced'] as const),
        ...(['messages.customerErased', 'messages.recounted'] as const),
      ],
      latestEveryMs: METRIC_EVERY_MS,
    }
  },
}

/** The conversations that an event is about. */
function idsOf({ payload }: LoggedEvent): readonly string[] {
  const { conversationId, conversationIds } = payload as { conversationId?: string; conversationIds?: string[] }
  return conversationIds ?? (conversationId === undefined ? [] : [conversationId])
}

/** An event as it is told to whoever asked for one conversation, or for all. */
interface Told extends LoggedEvent {
  only: string | null
}

const ConversationEvent = builder.objectRef<LoggedEvent>('ConversationEvent').implement({
  description: 'Messages were added, in one batch, or a conversation was resolved.',
  fields: (t) => ({
    ...toldEvent(t),
    conversations: t.field({
      type: [Conversation],
      description:
        'The conversations that it is about, or the one that was asked for, as they are when this is sent, at most 1000; none when the messages belong to none.',
      resolve: async (event, _args, context) => {
        const { only } = event as Told
        const ids = idsOf(event).filter((id) => only === null || id === only)
        const found = await Promise.all(ids.map((id) => messageLoads(context).conversation(id)))
        return found.filter((conversation) => conversation !== null)
      },
    }),
  }),
})

const ConversationResolvedEvent = builder.objectRef<LoggedEvent>('ConversationResolvedEvent').implement({
  description: 'A conversation was resolved.',
  fields: (t) => ({
    ...toldEvent(t),
    conversation: t.field({
      type: Conversation,
      nullable: true,
      description: 'The conversation as it is when this is sent; null when it is gone.',
      resolve: (event, _args, context) => messageLoads(context).conversation(idsOf(event)[0]!),
    }),
  }),
})

const CONVERSATION_ID = 'Global id of a conversation: only this one; any when absent.'

builder.subscriptionFields((t) => ({
  conversationUpdated: t.field({
    type: ConversationEvent,
    description:
      'Messages were added to conversations, or one was resolved: once for each batch of messages that was added together. Needs `messages:read`.',
    args: {
      conversationId: t.arg.id({ description: CONVERSATION_ID }),
      after: t.arg.string({ description: AFTER }),
    },
    subscribe: throughTheHub,
    resolve: (event: LoggedEvent, { conversationId }): Told => ({
      ...event,
      only: conversationId == null ? null : idOrNull('Conversation', conversationId),
    }),
  }),
  conversationResolved: t.field({
    type: ConversationResolvedEvent,
    description: 'A conversation was resolved. Needs `messages:read`.',
    args: {
      conversationId: t.arg.id({ description: CONVERSATION_ID }),
      after: t.arg.string({ description: AFTER }),
    },
    subscribe: throughTheHub,
    resolve: (event: LoggedEvent) => event,
  }),
  metricUpdated: t.field({
    type: Metric,
    description:
      'A metric: at once as it is, then whenever it is something else, at most once per second. It is a value, not a history, so it has no cursor: after a break subscribe again. Needs `messages:read`.',
    args: metricArguments(t.arg),
    subscribe: throughTheHub,
    resolve: (_root, args, context, info) => metricOf(args, context, info),
  }),
}))
