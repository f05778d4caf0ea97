import {
  countMessages,
  listMessages,
  type MessageFilter as MessageConditions,
  type MessageOwner,
  type MessageView,
} from '../../domains/messaging/index.ts'
import { builder } from '../builder.ts'
import type { Order, PageArgs } from '../connection.ts'
import type { Context } from '../context.ts'
import { idOrNull } from '../global-id.ts'
import { messageLoads } from './message-loads.ts'
import { Conversation, MESSAGES_PAGE, Message, MessageThread, momentConnection } from './message-refs.ts'
import { Agent, agentNamed, Channel, Tag, Team, tagsAmong, teamsAmong } from './messaging-words.ts'
import { given } from './mutation-kit.ts'

export const MessageDirectionEnum = builder.enumType('MessageDirection', {
  description: 'Which way a message goes.',
  values: {
    IN: { value: 'in', description: 'From the customer to the business.' },
    OUT: { value: 'out', description: 'From the business to the customer.' },
  } as const satisfies Record<string, { value: MessageView['direction']; description: string }>,
})

export const SessionInitiatorEnum = builder.enumType('SessionInitiator', {
  description: 'Who began a session of 24 hours with a customer.',
  values: {
    USER: { value: 'user', description: 'The customer, who wrote within the 24 hours before.' },
    BUSINESS: { value: 'business', description: 'The business.' },
  } as const satisfies Record<string, { value: NonNullable<MessageView['opensSession']>; description: string }>,
})

builder.node(Message, {
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  description: 'One piece of content that was exchanged with one customer. All metrics are computed from messages.',
  fields: (t) => ({
    direction: t.field({ type: MessageDirectionEnum, description: 'Which way it went.', resolve: (m) => m.direction }),
    time: t.expose('time', { type: 'DateTime', description: 'When it happened, with milliseconds; metrics go by it.' }),
    channel: t.field({
      type: Channel,
      description: 'What it went over, with the address of the workspace there.',
      resolve: (m) => m,
    }),
    customerChannelIdentifier: t.exposeString('customerChannelIdentifier', {
      nullable: true,
      description: "The customer's address on the channel. Null once the customer was erased.",
    }),
    provider: t.exposeString('provider', { description: 'Who carried it, such as `TWILIO`.' }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'Who wrote it or, of one in, whom it reached; null: nobody was named.',
      resolve: (m) => agentNamed(m.agent),
    }),
    team: t.field({
      type: Team,
      nullable: true,
      description: 'The team of its first tag that names one; null: none does.',
      resolve: (m) => teamsAmong(m.tags)[0] ?? null,
    }),
    tags: t.field({
      type: [Tag],
      extensions: { listSize: 3 },
      description: 'What it is labelled with, by name, at most 100.',
      resolve: (m) => tagsAmong(m.tags),
    }),
    content: t.field({
      type: 'JSONObject',
      nullable: true,
      description:
        'What was said, as it was sent: `textContent`, `media` and whatever else. Null: there was none, the workspace keeps none, or it was erased.',
      resolve: (m) => m.content,
    }),
    replySeconds: t.float({
      nullable: true,
      description:
        'Seconds since the message before it in its conversation or, without one, its thread, when that went the other way; null: it did not.',
      resolve: (m) => inSeconds(m.replyMs),
    }),
    opensSession: t.field({
      type: SessionInitiatorEnum,
      nullable: true,
      description: 'Who began the session of 24 hours that it opens; null: it opens none.',
      resolve: (m) => m.opensSession,
    }),
    conversation: t.field({
      type: Conversation,
      nullable: true,
      description: 'The conversation that it belongs to; null: none was named.',
      resolve: (m, _args, context) =>
        m.conversationId === null ? null : messageLoads(context).conversation(m.conversationId),
    }),
    thread: t.field({
      type: MessageThread,
      description: 'All that was exchanged with the customer over the channel.',
      resolve: async (m, _args, context) => (await messageLoads(context).thread(m.threadId))!,
    }),
    call: t.prismaField({
      type: 'Call',
      nullable: true,
      description: 'The call of the workspace itself that it tells of. Null: it tells of none.',
      resolve: (query, { own }, _args, context) =>
        own?.kind === 'call' ? (context.batches.node('call', own.id, query) as never) : null,
    }),
    outboundMessage: t.prismaField({
      type: 'OutboundMessage',
      nullable: true,
      description: 'The SMS or e-mail of a campaign of the workspace itself that it tells of. Null: it tells of none.',
      resolve: (query, { own }, _args, context) =>
        own && own.kind !== 'call' ? (context.batches.node('outboundMessage', own.id, query) as never) : null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added.' }),
  }),
})

export function inSeconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000
}

const OLDEST_FIRST: Order = { name: 'messagesOf', column: 'time', direction: 'asc', type: 'instant' }
const LATEST_FIRST: Order = { name: 'messages', column: 'time', direction: 'desc', type: 'instant' }

/** The messages of a conversation or a thread; those of many are read by one statement. */
export function messagesOf(owner: MessageOwner, id: string, args: PageArgs, context: Context) {
  const loads = messageLoads(context)
  return momentConnection(
    ...([args, OLDEST_FIRST, context] as const),
    (page) => loads.messagesOf(owner, id, page),
    () => loads.countOf(owner, id),
  )
}

const MessageFilter = builder.inputType('MessageFilter', {
  description: 'Which messages; all conditions must hold.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', description: 'Happened at this moment or later.' }),
    to: t.field({ type: 'DateTime', description: 'Happened before this moment.' }),
    direction: t.field({ type: MessageDirectionEnum, description: 'Went this way.' }),
  }),
})

builder.queryFields((t) => ({
  message: t.field({
    type: Message,
    nullable: true,
    description: 'One message; null when your workspace has none with this id. Needs `messages:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the message.' }) },
    resolve: (_root, { id }, context) => {
      const uuid = idOrNull('Message', id)
      return uuid === null ? null : messageLoads(context).message(uuid)
    },
  }),
  messages: t.connection(
    {
      type: Message,
      description: 'The messages of the workspace, by when they happened, the latest first. Needs `messages:read`.',
      args: { filter: t.arg({ type: MessageFilter, description: 'Only those that pass.' }) },
      resolve: (_root, args, context) => {
        const { world, viewer } = context
        const filter: MessageConditions = given(args.filter ?? {})
        return momentConnection(
          ...([args, LATEST_FIRST, context] as const),
          (page) => listMessages(world, viewer, { ...page, filter }),
          () => countMessages(world, viewer, filter),
        )
      },
    },
    ...MESSAGES_PAGE,
  ),
}))
