import {
  type ConversationFilter as ConversationConditions,
  countConversations,
  findConversationByKey,
  listConversations,
} from '../../domains/messaging/index.ts'
import { builder } from '../builder.ts'
import type { Order } from '../connection.ts'
import { idOrNull } from '../global-id.ts'
import { inSeconds, messagesOf } from './message.ts'
import { messageLoads } from './message-loads.ts'
import { CONVERSATIONS_PAGE, Conversation, MESSAGES_PAGE, Message, momentConnection } from './message-refs.ts'
import { Agent, agentNamed, Channel, Tag, Team, tagsAmong, teamsAmong } from './messaging-words.ts'
import { given } from './mutation-kit.ts'

const instant = (description: string) => ({ type: 'DateTime', nullable: true, description }) as const

builder.node(Conversation, {
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  description:
    'Messages that a client says belong together: a provider, an address of the workspace on a channel, and a name.',
  fields: (t) => ({
    key: t.exposeString('key', {
      description: "The client's own name of it. Of no meaning once a customer in it was erased.",
    }),
    provider: t.exposeString('provider', { description: 'Who carries it, such as `TWILIO`.' }),
    channel: t.field({
      type: Channel,
      description: 'What it goes over, with the address of the workspace there.',
      resolve: (c) => c,
    }),
    messagesReceived: t.exposeInt('received', { description: 'How many messages of the customer it ever had.' }),
    messagesSent: t.exposeInt('sent', { description: 'How many messages to the customer it ever had.' }),
    firstMessageAt: t.expose('firstMessageAt', { type: 'DateTime', description: 'When its first message happened.' }),
    lastMessageAt: t.expose('lastMessageAt', { type: 'DateTime', description: 'When its last message happened.' }),
    firstReceivedAt: t.expose(
      'firstReceivedAt',
      instant('When the first message of the customer happened; null: there is none.'),
    ),
    firstReplyAt: t.expose(
      'firstReplyAt',
      instant('When the first reply to it happened that was no automatic one; null: there is none.'),
    ),
    firstReplyBy: t.field({
      type: Agent,
      nullable: true,
      description: 'Who gave the first reply; null: nobody did, or nobody was named.',
      resolve: (c) => agentNamed(c.firstReplyAgent),
    }),
    firstReplySeconds: t.float({
      nullable: true,
      description: "Seconds from the customer's first message to the first reply; null: there is none.",
      resolve: (c) => inSeconds(c.firstReplyMs),
    }),
    openFirstReplySeconds: t.float({
      nullable: true,
      description: 'The same, counting only the seconds in which the business was open; null: there is no reply.',
      resolve: (c) => inSeconds(c.openFirstReplyMs),
    }),
    calendarVersion: t.exposeInt('calendarVersion', {
      nullable: true,
      description: 'The version of the business calendar by which those were counted; null: none had a say.',
    }),
    resolvedAt: t.expose('resolvedAt', instant('When it was resolved; null: it was not.')),
    resolvedBy: t.field({
      type: Agent,
      nullable: true,
      description: 'Who resolved it; null: nobody did, or nobody was named.',
      resolve: (c) => agentNamed(c.resolvedBy),
    }),
    agents: t.field({
      type: [Agent],
      extensions: { listSize: 3 },
      description: 'Whom its messages and its resolution name, one per name, in its order.',
      resolve: (c) => c.agents.map((name) => ({ name })),
    }),
    teams: t.field({
      type: [Team],
      extensions: { listSize: 3 },
      description: 'What its messages and its resolution are for, one per team, by name.',
      resolve: (c) => teamsAmong(c.tags),
    }),
    tags: t.field({
      type: [Tag],
      extensions: { listSize: 3 },
      description: 'What its messages and its resolution carry, one per label, by name.',
      resolve: (c) => tagsAmong(c.tags),
    }),
    messages: t.connection(
      {
        type: Message,
        description:
          'Its messages, by when they happened, oldest first. Those that retention has reduced are not there any more.',
        resolve: (c, args, context) => messagesOf('conversation', c.id, args, context),
      },
      ...MESSAGES_PAGE,
    ),
  }),
})

export const ConversationKeyInput = builder.inputType('ConversationKeyInput', {
  description: 'What a client calls a conversation.',
  fields: (t) => ({
    conversation: t.string({ required: true, description: "The client's own name of it." }),
    provider: t.string({ required: true, description: 'Who carries it, such as `TWILIO`.' }),
    channel: t.string({ required: true, description: 'The name of the channel, such as `WHATSAPP`.' }),
    tenantChannelIdentifier: t.string({ required: true, description: "The workspace's address on the channel." }),
  }),
})

const ConversationFilter = builder.inputType('ConversationFilter', {
  description: 'Which conversations; all conditions must hold.',
  fields: (t) => ({
    isResolved: t.boolean({ description: 'Whether it was resolved.' }),
    agent: t.string({ description: 'The name of an agent that any of its messages or its resolution names.' }),
    tag: t.string({
      description:
        'A tag that any of its messages or its resolution carries: `VIP` or `user:VIP`, `team:Sales`, `system:…`.',
    }),
    channel: t.string({ description: 'The name of a channel, such as `WHATSAPP`.' }),
  }),
})

const CONVERSATIONS: Order = { name: 'conversations', column: 'lastMessageAt', direction: 'desc', type: 'instant' }

builder.queryFields((t) => ({
  conversation: t.field({
    type: Conversation,
    nullable: true,
    description: 'One conversation; null when your workspace has none with this id. Needs `messages:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the conversation.' }) },
    resolve: (_root, { id }, context) => {
      const uuid = idOrNull('Conversation', id)
      return uuid === null ? null : messageLoads(context).conversation(uuid)
    },
  }),
  conversationByKey: t.field({
    type: Conversation,
    nullable: true,
    description: 'The conversation that a client calls so; null when there is none. Needs `messages:read`.',
    args: { key: t.arg({ type: ConversationKeyInput, required: true, description: 'What its client calls it.' }) },
    resolve: async (_root, { key }, { world, viewer }) =>
      (await findConversationByKey(world.db, viewer.workspaceId, key)) ?? null,
  }),
  conversations: t.connection(
    {
      type: Conversation,
      description: 'The conversations of the workspace, the one with the latest message first. Needs `messages:read`.',
      args: { filter: t.arg({ type: ConversationFilter, description: 'Only those that pass.' }) },
      resolve: (_root, args, context) => {
        const { world, viewer } = context
        const filter: ConversationConditions = given(args.filter ?? {})
        return momentConnection(
          ...([args, CONVERSATIONS, context] as const),
          (page) => listConversations(world, viewer, { ...page, filter }),
          () => countConversations(world, viewer, filter),
        )
      },
    },
    ...CONVERSATIONS_PAGE,
  ),
}))
