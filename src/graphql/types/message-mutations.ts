import { requireScope } from '../../domains/auth/index.ts'
import {
  addMessage,
  addMessages,
  eraseCustomer,
  findConversations,
  type MessageInput as Given,
  type MessageResult,
  resolveConversation,
} from '../../domains/messaging/index.ts'
import { ExpectedError, type Issue, NotFoundError, ValidationError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { asData, ErrorInterface, IssueType, type ShownError } from '../errors.ts'
import { idOf } from '../global-id.ts'
import { WeekdayHoursInput } from './calendar.ts'
import { ConversationKeyInput } from './conversation.ts'
import { MessageDirectionEnum } from './message.ts'
import { messageLoads } from './message-loads.ts'
import { Conversation, Message, MessageThread } from './message-refs.ts'
import { COMMON_ERRORS, ERRORS, given, IDEMPOTENCY_KEY } from './mutation-kit.ts'

const { ConflictError } = ERRORS

type InputBuilder = Parameters<NonNullable<Parameters<typeof builder.inputType>[1]>['fields']>[0]

const TAGS = 'Up to 100 labels of up to 100 characters: `VIP` or `user:VIP`, `team:Sales`, `system:automatic_reply`'
const AGENT = 'up to 100 characters; nobody when absent.'

const messageFields = (t: InputBuilder) => ({
  direction: t.field({ type: MessageDirectionEnum, required: true, description: 'Which way it went.' }),
  channel: t.string({ required: true, description: 'What it went over, 2 to 30 capital letters and `_`: `WHATSAPP`.' }),
  tenantChannelIdentifier: t.string({
    required: true,
    description: "The workspace's address on the channel, up to 100 characters.",
  }),
  customerChannelIdentifier: t.string({
    required: true,
    description: "The customer's address on the channel, up to 100 characters.",
  }),
  provider: t.string({ required: true, description: 'Who carried it, 2 to 100 capital letters and `_`: `TWILIO`.' }),
  content: t.field({
    type: 'JSONObject',
    description: 'What was said: `textContent`, `media` and whatever else, up to 256 KiB of JSON. Nothing when absent.',
  }),
  time: t.field({
    type: 'DateTime',
    description: 'When it happened, which metrics go by, to the millisecond, at most a day ahead; now when absent.',
  }),
  agent: t.string({ description: `Who wrote it or, of one in, whom it reached, ${AGENT}` }),
  tags: t.stringList({ description: `${TAGS}; of those for teams the first counts.` }),
  conversation: t.string({
    description: 'Your own name of the conversation that it belongs to, up to 100 characters; to none when absent.',
  }),
  businessHours: t.field({
    type: [WeekdayHoursInput],
    description:
      'When the business is open, for the first reply; those of the business calendar when absent or empty. Days that are not here are closed.',
  }),
  timeZone: t.string({ description: 'IANA name of the zone of `businessHours`; UTC when absent.' }),
  actor: t.string({ description: 'Up to 1000 characters that are kept, without effect.' }),
})

const AddMessageInput = builder.inputType('AddMessageInput', {
  description: 'One message that was exchanged with one customer.',
  fields: (t) => ({ ...messageFields(t), idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }) }),
})

const MessageInput = builder.inputType('MessageInput', {
  description: 'One message that was exchanged with one customer.',
  fields: messageFields,
})

/** How many messages one mutation takes. */
const MAX_MESSAGES = 1_000

const AddMessagesInput = builder.inputType('AddMessagesInput', {
  description: 'Messages, in the order in which they count where they are of one moment.',
  fields: (t) => ({
    messages: t.field({
      type: [MessageInput],
      required: true,
      description: `Up to ${MAX_MESSAGES} messages, each judged by itself.`,
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const ResolveConversationInput = builder.inputType('ResolveConversationInput', {
  description: 'A conversation that is over, by exactly one of its names.',
  fields: (t) => ({
    id: t.id({ description: 'Global id of the conversation.' }),
    key: t.field({ type: ConversationKeyInput, description: 'What its client calls it.' }),
    time: t.field({
      type: 'DateTime',
      description: 'When it was resolved, to the millisecond, at most a day ahead; now when absent.',
    }),
    agent: t.string({ description: `Who resolved it, ${AGENT}` }),
    tags: t.stringList({ description: `${TAGS}. They are added to those of the conversation.` }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

type MessageFields = typeof MessageInput.$inferInput

const WEEK = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

/** As domains take it: hours by the number of the day, Sunday first, as ranges. */
function messageOf({ businessHours, ...same }: MessageFields): Given {
  if (!businessHours) return given(same)
  const hours: Record<string, string[]> = {}
  for (const { weekday, shifts } of businessHours) {
    const day = String(WEEK.indexOf(weekday))
    hours[day] = [...(hours[day] ?? []), ...shifts.map(({ from, to }) => `${from}-${to}`)]
  }
  return { ...given(same), businessHours: hours }
}

/** Where the input has what is wrong: hours are a list of days here. */
function inMessage(issue: Issue, { businessHours }: MessageFields): Issue {
  const [field, day, ...rest] = issue.path
  if (field !== 'businessHours' || day === undefined) return issue
  const index = (businessHours ?? []).findIndex(({ weekday }) => WEEK.indexOf(weekday) === Number(day))
  return { ...issue, path: ['businessHours', index, 'shifts', ...rest] }
}

function issuesOf(error: ValidationError, input: MessageFields): [Issue, ...Issue[]] {
  return error.issues.map((issue) => inMessage(issue, input)) as [Issue, ...Issue[]]
}

const AddMessagePayload = builder
  .objectRef<{ id: string; threadId: string; conversationId: string | null }>('AddMessagePayload')
  .implement({
    description: 'The message was added, and everything is counted that it changes.',
    extensions: { payload: true },
    fields: (t) => ({
      message: t.field({
        type: Message,
        nullable: true,
        description: 'The message; null when it was reduced since, which a repetition may meet.',
        resolve: ({ id }, _args, context) => messageLoads(context).message(id),
      }),
      conversation: t.field({
        type: Conversation,
        nullable: true,
        description: 'The conversation that it belongs to, as it is now; null: none was named.',
        resolve: ({ conversationId }, _args, context) =>
          conversationId === null ? null : messageLoads(context).conversation(conversationId),
      }),
      thread: t.field({
        type: MessageThread,
        nullable: true,
        description: 'All that was exchanged with the customer over the channel; null when it is gone.',
        resolve: ({ threadId }, _args, context) => messageLoads(context).thread(threadId),
      }),
    }),
  })

/** What GraphQL may hold: of an object that is an Error it would say that the field failed. */
type Refusal = ShownError & { issues: readonly Issue[] }

function refusalOf({ code, message, path, retryable }: ExpectedError, issues: readonly Issue[]): Refusal {
  return { code, message, path: issues[0]?.path ?? path, retryable, issues }
}

const MessageRefusal = builder.objectRef<Refusal>('MessageRefusal').implement({
  description: 'Why one of several messages was not added.',
  interfaces: [ErrorInterface],
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'issues' in value && !(value instanceof Error),
  extensions: { payload: true },
  fields: (t) => ({
    issues: t.field({
      type: [IssueType],
      extensions: { listSize: 2 },
      description: 'Every broken rule, in the order of the message; none when it is refused for something else.',
      resolve: ({ issues }) => [...issues],
    }),
  }),
})

const AddedMessageType = builder.objectRef<{ result: MessageResult; input: MessageFields }>('AddedMessage').implement({
  description: 'What came of one message that was to be added.',
  extensions: { payload: true },
  fields: (t) => ({
    message: t.field({
      type: Message,
      nullable: true,
      description: 'The message; null: it was not added, or was reduced since, which a repetition may meet.',
      resolve: ({ result }, _args, context) => (result.ok ? messageLoads(context).message(result.ok.id) : null),
    }),
    error: t.field({
      type: MessageRefusal,
      nullable: true,
      description: 'Why it was not added, with paths from the message down; null: it was.',
      resolve: ({ result: { error }, input }) =>
        error ? refusalOf(error, error instanceof ValidationError ? issuesOf(error, input) : []) : null,
    }),
  }),
})

const AddMessagesPayload = builder
  .objectRef<{ results: MessageResult[]; inputs: readonly MessageFields[] }>('AddMessagesPayload')
  .implement({
    description: 'Each was judged by itself: some may be added and others not.',
    extensions: { payload: true },
    fields: (t) => ({
      results: t.field({
        type: [AddedMessageType],
        description: 'What came of each, one per message, in the order of the input.',
        resolve: ({ results, inputs }) => results.map((result, index) => ({ result, input: inputs[index]! })),
      }),
    }),
  })

const ResolveConversationPayload = builder.objectRef<{ id: string }>('ResolveConversationPayload').implement({
  description: 'The conversation was resolved and takes no more messages, but late ones from before.',
  extensions: { payload: true },
  fields: (t) => ({
    conversation: t.field({
      type: Conversation,
      description: 'The conversation, resolved.',
      resolve: async ({ id }, _args, context) => (await messageLoads(context).conversation(id))!,
    }),
  }),
})

/** Throws VALIDATION_FAILED unless a conversation is named in exactly one way. */
function namedOnce(id: string | null | undefined, key: object | null | undefined): void {
  if ((id == null) !== (key == null)) return
  throw new ValidationError([{ path: ['id'], rule: 'exactly_one', message: 'give exactly one of `id` and `key`' }])
}

const EraseMessageCustomerInput = builder.inputType('EraseMessageCustomerInput', {
  description: 'Whom to erase.',
  fields: (t) => ({
    customerChannelIdentifier: t.string({
      required: true,
      description: "The customer's address on a channel, as it came with messages.",
    }),
  }),
})

const EraseMessageCustomerPayload = builder
  .objectRef<{ threadIds: string[] }>('EraseMessageCustomerPayload')
  .implement({
    description: 'Nothing tells any more who the customer was and what was said; every number stays what it was.',
    extensions: { payload: true },
    fields: (t) => ({
      threads: t.field({
        type: [MessageThread],
        extensions: { listSize: 5 },
        description:
          'Where the customer was, one per address of the workspace on a channel; none when nobody had the address.',
        resolve: async ({ threadIds }, _args, context) => {
          const threads = await Promise.all(threadIds.map((id) => messageLoads(context).thread(id)))
          return threads.filter((thread) => thread !== null)
        },
      }),
    }),
  })

type KeyFields = typeof ConversationKeyInput.$inferInput

/** What the client calls a conversation of this id. Throws NOT_FOUND. */
async function keyOf(id: string, { world, viewer }: Context): Promise<KeyFields> {
  const uuid = idOf('Conversation', id, ['id'])
  const [found] = await findConversations(world.db, viewer.workspaceId, [uuid])
  if (!found) throw new NotFoundError('conversation', ['id'])
  const { key, provider, channel, tenantChannelIdentifier } = found
  return { conversation: key, provider, channel, tenantChannelIdentifier }
}

const NAMES: readonly unknown[] = ['conversation', 'provider', 'channel', 'tenantChannelIdentifier']

/** What is wrong with the names of a conversation is told of the field that it was named by. */
async function named<T>(by: 'id' | 'key', run: () => Promise<T>): Promise<T> {
  const at = (path: Issue['path']) => (!NAMES.includes(path[0]) ? path : by === 'id' ? ['id'] : ['key', ...path])
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error
    if (error instanceof ValidationError) {
      const issues = error.issues.map((issue): Issue => ({ ...issue, path: at(issue.path) }))
      throw new ValidationError(issues as [Issue, ...Issue[]])
    }
    const { code, message, path, details } = error
    if (code === 'NOT_FOUND') throw new NotFoundError('conversation', at(path))
    throw new ExpectedError(code, message, { path: at(path), details: { ...details } })
  }
}

builder.mutationFields((t) => ({
  addMessage: t.field({
    type: AddMessagePayload,
    description:
      'Adds a message, in any order; agents, channels, tags, teams and conversations come into being with it. Returns once it is committed with all that is counted of it. Needs `messages:write`.',
    errors: { types: [...COMMON_ERRORS, ConflictError] },
    args: { input: t.arg({ type: AddMessageInput, required: true, description: 'The message.' }) },
    resolve: (_root, { input: { idempotencyKey, ...input } }, { messaging, viewer }) =>
      asData(() =>
        addMessage(messaging, viewer, messageOf(input), { idempotencyKey }).catch((error) => {
          throw error instanceof ValidationError ? new ValidationError(issuesOf(error, input)) : error
        }),
      ),
  }),
  addMessages: t.field({
    type: AddMessagesPayload,
    description:
      'Adds many messages at once, in one transaction, each judged by itself. For more than that there is an import over HTTP (docs/metrics.md). Needs `messages:write`.',
    errors: { types: [...COMMON_ERRORS, ConflictError] },
    args: { input: t.arg({ type: AddMessagesInput, required: true, description: 'The messages.' }) },
    resolve: (_root, { input: { messages, idempotencyKey } }, { messaging, viewer }) =>
      asData(async () => {
        requireScope(viewer, 'messages:write')
        if (messages.length > MAX_MESSAGES) {
          throw new ValidationError([
            { path: ['messages'], rule: 'too_long', message: `must be at most ${MAX_MESSAGES}` },
          ])
        }
        const results = await addMessages(messaging, viewer, messages.map(messageOf), { idempotencyKey })
        return { results, inputs: messages }
      }),
  }),
  resolveConversation: t.field({
    type: ResolveConversationPayload,
    description: 'Resolves a conversation for good. Needs `messages:write`.',
    errors: { types: [...COMMON_ERRORS, ERRORS.NotFoundError, ConflictError] },
    args: { input: t.arg({ type: ResolveConversationInput, required: true, description: 'The conversation.' }) },
    resolve: (_root, { input: { id, key, idempotencyKey, ...rest } }, context) =>
      asData(async () => {
        const { messaging, viewer } = context
        requireScope(viewer, 'messages:write')
        namedOnce(id, key)
        const names = key ?? (await keyOf(id!, context))
        const resolved = await named(key ? 'key' : 'id', () =>
          resolveConversation(messaging, viewer, { ...names, ...given(rest) }, { idempotencyKey }),
        )
        return { id: resolved }
      }),
  }),
  eraseMessageCustomer: t.field({
    type: EraseMessageCustomerPayload,
    description:
      "Erases a customer, for good, from all messages that were exchanged over any channel: address, content and the client's names of the conversations. Needs `messages:write`.",
    errors: { types: [...COMMON_ERRORS] },
    args: { input: t.arg({ type: EraseMessageCustomerInput, required: true, description: 'The customer.' }) },
    resolve: (_root, { input }, { world, viewer }) => asData(() => eraseCustomer(world, viewer, input)),
  }),
}))
