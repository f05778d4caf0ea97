import { type Difference, type Recount, recomputeMetrics, verifyMetrics } from '../../domains/messaging/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { messageLoads } from './message-loads.ts'
import { Conversation, Message, MessageThread } from './message-refs.ts'
import { COMMON_ERRORS, ERRORS, given } from './mutation-kit.ts'

const DifferenceKindEnum = builder.enumType('MetricDifferenceKind', {
  description: 'What is stored otherwise than the messages would have it.',
  values: {
    MESSAGE: { value: 'message', description: 'What is derived of a message from its neighbours.' },
    CONVERSATION: { value: 'conversation', description: 'What is known of a conversation.' },
    THREAD: { value: 'thread', description: 'Where the sessions of a thread stand.' },
    FACT: { value: 'fact', description: 'What medians and numbers of different ones are read from.' },
    SUM: { value: 'sum', description: 'A sum of a quarter of an hour or of a day.' },
  } as const satisfies Record<string, { value: Difference['kind']; description: string }>,
})

const MetricDifference = builder.objectRef<Difference>('MetricDifference').implement({
  description: 'Something that is stored otherwise than the messages would have it.',
  fields: (t) => ({
    kind: t.field({ type: DifferenceKindEnum, description: 'What it is.', resolve: ({ kind }) => kind }),
    stored: t.exposeString('stored', { description: 'What is stored, for people.' }),
    expected: t.exposeString('expected', { description: 'What the messages give, for people.' }),
    message: t.field({
      type: Message,
      nullable: true,
      description: 'The message it is about; null: it is about none.',
      resolve: ({ kind, id }, _args, context) => (kind === 'message' && id ? messageLoads(context).message(id) : null),
    }),
    conversation: t.field({
      type: Conversation,
      nullable: true,
      description: 'The conversation it is about; null: it is about none.',
      resolve: ({ kind, id }, _args, context) =>
        (kind === 'conversation' || kind === 'fact') && id ? messageLoads(context).conversation(id) : null,
    }),
    thread: t.field({
      type: MessageThread,
      nullable: true,
      description: 'The thread it is about; null: it is about none.',
      resolve: ({ kind, id }, _args, context) =>
        (kind === 'thread' || kind === 'fact') && id ? messageLoads(context).thread(id) : null,
    }),
  }),
})

const recount = (name: 'RecomputeMetricsPayload' | 'VerifyMetricsPayload', description: string) =>
  builder.objectRef<Recount>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      conversations: t.exposeInt('conversations', { description: 'How many conversations were counted anew.' }),
      threads: t.exposeInt('threads', { description: 'How many threads were counted anew.' }),
      messages: t.exposeInt('messages', { description: 'How many messages were looked at.' }),
      days: t.exposeInt('days', { description: 'How many days in UTC were summed anew.' }),
      differenceCount: t.exposeInt('differenceCount', { description: 'How many differences there were in all.' }),
      differences: t.field({
        type: [MetricDifference],
        description: 'The first of them, at most 100.',
        resolve: ({ differences }) => differences,
      }),
    }),
  })

const RecomputeMetricsPayload = recount(
  'RecomputeMetricsPayload',
  'Everything was counted anew from the messages; what was stored otherwise is listed, and is put right.',
)
const VerifyMetricsPayload = recount(
  'VerifyMetricsPayload',
  'Everything was counted anew from the messages; what is stored otherwise is listed, and stays as it is.',
)

const FROM = 'Sums of days before it are left alone; everything that messages are there of when absent.'

const RecomputeMetricsInput = builder.inputType('RecomputeMetricsInput', {
  description: 'What to count anew.',
  fields: (t) => ({ from: t.field({ type: 'DateTime', description: FROM }) }),
})
const VerifyMetricsInput = builder.inputType('VerifyMetricsInput', {
  description: 'What to count anew.',
  fields: (t) => ({ from: t.field({ type: 'DateTime', description: FROM }) }),
})

builder.mutationFields((t) => ({
  recomputeMetrics: t.field({
    type: RecomputeMetricsPayload,
    description:
      'Counts everything anew from the messages, by the business calendar as it is now, and puts right what is stored otherwise; refused for what retention has reduced. Messages are added meanwhile. Needs `messages:write`.',
    errors: { types: [...COMMON_ERRORS, ERRORS.ConflictError] },
    args: { input: t.arg({ type: RecomputeMetricsInput, required: true, description: 'What to count anew.' }) },
    resolve: (_root, { input }, { world, viewer }) => asData(async () => recomputeMetrics(world, viewer, given(input))),
  }),
  verifyMetrics: t.field({
    type: VerifyMetricsPayload,
    description:
      'Counts everything anew from the messages and lists what is stored otherwise, without changing it. Needs `messages:read`.',
    errors: { types: [...COMMON_ERRORS, ERRORS.ConflictError] },
    args: { input: t.arg({ type: VerifyMetricsInput, required: true, description: 'What to count anew.' }) },
    resolve: (_root, { input }, { world, viewer }) => asData(async () => verifyMetrics(world, viewer, given(input))),
  }),
}))
