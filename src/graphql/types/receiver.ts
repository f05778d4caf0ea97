import DataLoader from 'dataloader'
import {
  BLOCKING_RULES,
  type Blocker,
  type BlockingRule,
  type Explanation,
  explainReceivers,
} from '../../domains/campaigns/index.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order, relationPage } from '../connection.ts'
import type { Context } from '../context.ts'
import { Campaign } from './campaign.ts'

export const ReceiverStateEnum = builder.enumType('ReceiverState', {
  description: 'How far a receiver has come.',
  values: {
    WAITING: { value: 'waiting', description: 'For the first attempt, or for the next one.' },
    IN_PROGRESS: { value: 'in_progress', description: 'An attempt is under way.' },
    SETTLED: { value: 'settled', description: 'It has its outcome; nothing more is tried.' },
  } as const,
})

export const ReceiverOutcomeEnum = builder.enumType('ReceiverOutcome', {
  description: 'What came of addressing a receiver.',
  values: {
    ACCEPTED: { value: 'accepted', description: 'Pressed a key that accepts.' },
    DECLINED: { value: 'declined', description: 'Pressed a key that declines.' },
    OPTED_OUT: { value: 'opted_out', description: 'Pressed the key for never being called again.' },
    NO_REPLY: { value: 'no_reply', description: 'Answered, and pressed no key that means something.' },
    HEARD: { value: 'heard', description: 'Answered a call that asks nothing.' },
    NO_ANSWER: {
      value: 'no_answer',
      description: 'Was called as often as allowed and never answered; `reason` is the cause of the last call.',
    },
    INVALID_NUMBER: { value: 'invalid_number', description: 'Nobody can be called at the number.' },
    UNKNOWN: { value: 'unknown', description: 'Nobody can tell what became of the last attempt.' },
    NOT_CALLED: {
      value: 'not_called',
      description: 'Was not addressed, because of a rule or because the campaign ended before; `reason` says why.',
    },
    SENT: { value: 'sent', description: 'The provider took the message and says no more.' },
    DELIVERED: { value: 'delivered', description: 'The message was delivered, as the provider says.' },
    FAILED: { value: 'failed', description: 'The message could not be delivered; `reason` says why.' },
    SURVEYED: { value: 'surveyed', description: 'Answered all that a phone can ask.' },
    PARTIAL: {
      value: 'partial',
      description: 'Answered some of the questions, and was called as often as allowed without answering the others.',
    },
  } as const,
})

const BlockingRuleEnum = builder.enumType('BlockingRule', {
  description: 'Every rule that can keep a receiver from being addressed now.',
  values: Object.fromEntries(
    Object.entries(BLOCKING_RULES).map(([rule, description]) => [rule, { description }]),
  ) as Record<BlockingRule, { description: string }>,
})

const BlockerType = builder.objectRef<Blocker>('Blocker').implement({
  description: 'A rule that keeps a receiver from being addressed now.',
  fields: (t) => ({
    rule: t.field({ type: BlockingRuleEnum, description: 'Which rule.', resolve: ({ rule }) => rule }),
    message: t.string({
      description: 'The same for people, in English.',
      resolve: ({ rule }) => BLOCKING_RULES[rule],
    }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When it holds no longer, as far as time decides that; null: something else must happen first, or nothing can.',
      resolve: ({ until }) => until,
    }),
  }),
})

const WhyNotNow = builder.objectRef<Explanation>('WhyNotNow').implement({
  description: 'Why a receiver is not being addressed at this moment, by the very rules that the dialling engine asks.',
  fields: (t) => ({
    nextAttemptAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'The first moment at which time alone would allow it: all windows open, all waits over. Null: never, as things stand.',
      resolve: ({ nextAttemptAt }) => nextAttemptAt,
    }),
    blockers: t.field({
      type: [BlockerType],
      extensions: { listSize: 5 },
      description:
        'Every rule that holds it back, those of the whole campaign first, one per rule; none: it is about to be addressed.',
      resolve: ({ blockers }) => blockers,
    }),
  }),
})

/** All receivers of an operation are judged together. */
const explanations = new WeakMap<Context, DataLoader<string, Explanation>>()

function explanationOf(context: Context, receiverId: string): Promise<Explanation> {
  let loader = explanations.get(context)
  if (!loader) {
    const { campaigns, viewer } = context
    loader = new DataLoader((ids) => explainReceivers(campaigns, viewer, ids), { cache: false })
    explanations.set(context, loader)
  }
  return loader.load(receiverId)
}

export const Receiver = builder.prismaNode('Receiver', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'campaigns:read' },
  description:
    'A person whom a campaign addresses, once, however many of its targets lead to them; of `callRespondents` once for each respondent that they are.',
  fields: (t) => ({
    campaign: t.relation('campaign', { type: Campaign, description: 'The campaign, also a deleted one.' }),
    contact: t.relation('contact', { description: 'Who it is, also a deleted contact.' }),
    respondent: t.relation('respondent', {
      nullable: true,
      description:
        'Who they are to the link of the campaign; null: it has none, or they were not addressed yet and were named as a person.',
    }),
    target: t.relation('target', { description: 'The first target that leads to this person.' }),
    position: t.exposeInt('position', {
      description: 'Its place in the campaign: by targets, then by the order within them.',
    }),
    state: t.field({
      type: ReceiverStateEnum,
      description: 'How far it has come.',
      select: { state: true },
      resolve: ({ state }) => state,
    }),
    outcome: t.field({
      type: ReceiverOutcomeEnum,
      nullable: true,
      description: 'What came of it; null until `SETTLED`.',
      select: { outcome: true },
      resolve: ({ outcome }) => outcome,
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description:
        'Of an outcome that needs one: the `BlockingRule` that kept the person from being addressed, the cause of the last call in small letters, or what the provider said. Null: the outcome says all.',
    }),
    attempts: t.exposeInt('attempts', {
      description: 'How many calls or messages were begun, those aside that never left this server.',
    }),
    earlierAttempts: t.exposeInt('earlierAttempts', {
      description:
        'How many of them were begun before it was last asked to be addressed anew (`callRespondents`); they do not count towards `maxAttempts`.',
    }),
    answeredCalls: t.exposeInt('answeredCalls', { description: 'How many of them were answered.' }),
    talkSeconds: t.exposeInt('talkSeconds', {
      description: 'Seconds of all answered calls, from the answer to the end.',
    }),
    lastAttemptAt: t.expose('lastAttemptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the last attempt began; null: there was none.',
    }),
    retryAt: t.expose('retryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Not called again before this, because of the last attempt; null: at once, or never.',
    }),
    settledAt: t.expose('settledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it got its outcome; null: not yet.',
    }),
    whyNotNow: t.field({
      type: WhyNotNow,
      description:
        'Why it is not being addressed at this moment. Costs some statements per campaign, however many receivers are asked about.',
      select: { id: true },
      resolve: ({ id }, _args, context) => explanationOf(context, id),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added to the campaign.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last came further.' }),
  }),
})

export const RECEIVERS_PAGE = connectionTypes(Receiver, 'Receiver', 'receivers')

const BY_POSITION: Order = { name: 'receivers', column: 'position', direction: 'asc', type: 'integer' }
const NEWEST: Order = { name: 'contactReceivers', column: 'createdAt', direction: 'desc', type: 'instant' }

function receiverWhere({
  state,
  outcome,
}: {
  state?: typeof ReceiverStateEnum.$inferType | null | undefined
  outcome?: typeof ReceiverOutcomeEnum.$inferType | null | undefined
}): Record<string, unknown> {
  return { ...(state ? { state } : {}), ...(outcome ? { outcome } : {}) }
}

const STATE = { type: ReceiverStateEnum, description: 'Only those in this state.' } as const
const OUTCOME = { type: ReceiverOutcomeEnum, description: 'Only those with this outcome.' } as const

builder.prismaInterfaceField(Campaign, 'receivers', (t) =>
  t.connection(
    {
      type: Receiver,
      description: 'The people whom it addresses, in the order of their positions.',
      args: { state: t.arg(STATE), outcome: t.arg(OUTCOME) },
      ...relationPage('campaign', 'receivers', 'Receiver', BY_POSITION, receiverWhere),
    },
    ...RECEIVERS_PAGE,
  ),
)

builder.prismaObjectField('CampaignTarget', 'receivers', (t) =>
  t.connection(
    {
      type: Receiver,
      description: 'The people to whom it was the first to lead, in the order of their positions.',
      args: { state: t.arg(STATE), outcome: t.arg(OUTCOME) },
      ...relationPage('campaignTarget', 'receivers', 'Receiver', BY_POSITION, receiverWhere),
    },
    ...RECEIVERS_PAGE,
  ),
)

builder.prismaObjectField('Contact', 'receivers', (t) =>
  t.connection(
    {
      type: Receiver,
      description: 'What campaigns wanted of them and what came of it, newest first. Needs `campaigns:read`.',
      args: { state: t.arg(STATE), outcome: t.arg(OUTCOME) },
      ...relationPage('contact', 'receivers', 'Receiver', NEWEST, receiverWhere),
    },
    ...RECEIVERS_PAGE,
  ),
)

builder.prismaObjectField('Respondent', 'receivers', (t) =>
  t.relation('receivers', {
    extensions: { listSize: 3 },
    description:
      'What campaigns wanted of them and what came of it, newest first; at most 100. Needs `campaigns:read`.',
    query: { orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take: 100 },
  }),
)
