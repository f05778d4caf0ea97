import DataLoader from 'dataloader'
import type { GraphQLResolveInfo } from 'graphql'
import {
  type CustomFieldSummary,
  type LinkSummary,
  linkSummaries,
  MAX_CUSTOM_FIELDS,
  MAX_QUESTIONS_SUMMED,
  MAX_TOPICS,
  MAX_VALUES,
  type Nps,
  type QuestionSummary,
  type ResponseCounts,
  type SentimentCounts,
  type SummaryGranularity,
  type SummaryPart,
  type SummaryPoint,
  type SummaryRequest,
  type TopicSummary,
  type ValueCount,
  type VoiceSummary,
} from '../../domains/reporting/index.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { selectedFields } from '../selected-fields.ts'
import { Link } from './link.ts'
import { QuestionTypeEnum } from './question.ts'
import { ResponseChannelEnum } from './response.ts'

const GranularityEnum = builder.enumType('SummaryGranularity', {
  description: 'What the points of a summary are.',
  values: {
    DAY: { value: 'day', description: 'Calendar days.' },
    WEEK: { value: 'week', description: 'Weeks, from Monday.' },
    MONTH: { value: 'month', description: 'Calendar months.' },
  } as const satisfies Record<string, { value: SummaryGranularity; description: string }>,
})

const RATE = 'Completed among started, from 0 to 1; null: none was started.'

const ResponseCountsType = builder.objectRef<ResponseCounts>('ResponseCounts').implement({
  description: 'How many responses.',
  fields: (t) => ({
    started: t.exposeInt('started', { description: 'Opened in the period.' }),
    completed: t.exposeInt('completed', { description: 'Of those, how many were submitted, whenever that was.' }),
    completionRate: t.exposeFloat('completionRate', { nullable: true, description: RATE }),
  }),
})

const ChannelCountsType = builder.objectRef<LinkSummary['channels'][number]>('ChannelResponseCounts').implement({
  description: 'How many responses came one way.',
  fields: (t) => ({
    channel: t.field({ type: ResponseChannelEnum, description: 'Which way.', resolve: ({ channel }) => channel }),
    started: t.exposeInt('started', { description: 'Opened in the period.' }),
    completed: t.exposeInt('completed', { description: 'Of those, how many were submitted, whenever that was.' }),
    completionRate: t.exposeFloat('completionRate', { nullable: true, description: RATE }),
  }),
})

const SentimentCountsType = builder.objectRef<SentimentCounts>('SentimentCounts').implement({
  description: 'Answers by the sentiment of their newest insight; those without one count nowhere.',
  fields: (t) => ({
    positive: t.exposeInt('positive', { description: 'Content.' }),
    neutral: t.exposeInt('neutral', { description: 'Neither content nor discontent.' }),
    negative: t.exposeInt('negative', { description: 'Discontent.' }),
    mixed: t.exposeInt('mixed', { description: 'Content with one thing, discontent with another.' }),
  }),
})

const SummaryPointType = builder.objectRef<SummaryPoint>('SummaryPoint').implement({
  description: 'A day, week or month, as the calendar of the time zone has it.',
  fields: (t) => ({
    start: t.field({ type: 'DateTime', description: 'When it begins.', resolve: ({ start }) => start }),
    end: t.field({ type: 'DateTime', description: 'When the next one begins.', resolve: ({ end }) => end }),
    started: t.exposeInt('started', { description: 'Responses that were opened in it.' }),
    completed: t.exposeInt('completed', { description: 'Of those, how many were submitted, whenever that was.' }),
    sentiments: t.field({
      type: SentimentCountsType,
      description: 'What the answers of those responses say.',
      resolve: ({ sentiments }) => sentiments,
    }),
  }),
})

const NpsType = builder.objectRef<Nps>('Nps').implement({
  description: 'Would people recommend it? By ratings from 0 to 10.',
  fields: (t) => ({
    promoters: t.exposeInt('promoters', { description: 'Ratings of 9 and 10.' }),
    passives: t.exposeInt('passives', { description: 'Ratings of 7 and 8.' }),
    detractors: t.exposeInt('detractors', { description: 'Ratings from 0 to 6.' }),
    score: t.exposeFloat('score', {
      nullable: true,
      description: 'The share of promoters less that of detractors, from -100 to 100; null: nobody answered.',
    }),
  }),
})

const ValueCountType = builder.objectRef<ValueCount>('ValueCount').implement({
  description: 'How often something was answered.',
  fields: (t) => ({
    value: t.exposeString('value', {
      description: 'An option, the id of a card, `true` or `false`, a rating, or a month as `YYYY-MM`.',
    }),
    label: t.exposeString('label', { description: 'The same for people: of a card what it is called.' }),
    count: t.exposeInt('count', { description: 'How many answers have it.' }),
    share: t.exposeFloat('share', {
      nullable: true,
      description: 'Of the answers to the question, from 0 to 1; null: there are none.',
    }),
  }),
})

const QuestionSummaryType = builder.objectRef<QuestionSummary>('QuestionSummary').implement({
  description: 'What was answered to one question, in responses that were submitted.',
  fields: (t) => ({
    fieldKey: t.exposeString('fieldKey', { description: 'Its field key.' }),
    type: t.field({ type: QuestionTypeEnum, description: 'Its type.', resolve: ({ type }) => type }),
    prompt: t.exposeString('prompt', {
      description: 'What it asks; what it last asked, when the link does not ask it any more.',
    }),
    question: t.prismaField({
      type: 'Question',
      nullable: true,
      description: 'The question; null: the link does not ask it any more, or asks it as another type.',
      resolve: (query, { questionId }, _args, { batches }) =>
        (questionId === null ? null : batches.node('question', questionId, query)) as never,
    }),
    answered: t.exposeInt('answered', { description: 'How many answers there are, without replies to follow-ups.' }),
    average: t.exposeFloat('average', {
      nullable: true,
      description: 'The arithmetic mean of numbers and ratings; null: there are none.',
    }),
    median: t.exposeFloat('median', { nullable: true, description: 'The middle of numbers and ratings.' }),
    min: t.exposeFloat('min', { nullable: true, description: 'The smallest of numbers and ratings.' }),
    max: t.exposeFloat('max', { nullable: true, description: 'The largest of numbers and ratings.' }),
    nps: t.field({
      type: NpsType,
      nullable: true,
      description: 'Of a rating on the scale of NPS; null of any other question.',
      resolve: ({ nps }) => nps,
    }),
    distribution: t.field({
      type: [ValueCountType],
      extensions: { listSize: 10 },
      description: `Options, cards, yes and no, and the steps of a rating in their order, also those nobody chose; dates by month. What was answered and cannot be any more comes last. Empty for other types; at most ${MAX_VALUES}.`,
      resolve: ({ distribution }) => distribution,
    }),
  }),
})

const VoiceSummaryType = builder.objectRef<VoiceSummary>('VoiceSummary').implement({
  description: 'What was recorded, replies to follow-ups included.',
  fields: (t) => ({
    recordings: t.exposeInt('recordings', { description: 'How many recordings there are.' }),
    totalSeconds: t.exposeFloat('totalSeconds', {
      nullable: true,
      description: 'How long they are together, as far as known; null: of none it is.',
    }),
    averageSeconds: t.exposeFloat('averageSeconds', { nullable: true, description: 'The mean of the same.' }),
  }),
})

const TopicSummaryType = builder.objectRef<TopicSummary>('TopicSummary').implement({
  description: 'What answers are about, by their newest insights.',
  fields: (t) => ({
    topic: t.exposeString('topic', { description: 'As it is spelled most often; case does not tell topics apart.' }),
    count: t.exposeInt('count', { description: 'How many answers are about it.' }),
    sentiments: t.field({
      type: SentimentCountsType,
      description: 'What they say of it.',
      resolve: ({ sentiments }) => sentiments,
    }),
  }),
})

const CustomFieldSummaryType = builder.objectRef<CustomFieldSummary>('CustomFieldSummary').implement({
  description: 'How often something that a question is looked through for was found.',
  fields: (t) => ({
    fieldKey: t.exposeString('fieldKey', { description: 'Of the question.' }),
    name: t.exposeString('name', { description: 'Its name in `custom_fields`.' }),
    asked: t.exposeInt('asked', { description: 'Responses that were looked through for it, follow-ups included.' }),
    filled: t.exposeInt('filled', { description: 'Those in which it was found.' }),
  }),
})

const LinkSummaryType = builder.objectRef<LinkSummary>('LinkSummary').implement({
  description:
    'What came of the responses that were opened in a period. What they say counts once they are submitted. Where nothing was measured there is null, not 0.',
  fields: (t) => ({
    counts: t.field({ type: ResponseCountsType, description: 'All of them.', resolve: ({ counts }) => counts }),
    channels: t.field({
      type: [ChannelCountsType],
      extensions: { listSize: 2 },
      description: 'The same by channel, one per channel, always.',
      resolve: ({ channels }) => channels,
    }),
    points: t.field({
      type: [SummaryPointType],
      extensions: { listSize: 50 },
      description:
        'One per day, week or month of the period, by when responses were opened, oldest first, at most 2000; empty without `granularity`, and before the first response.',
      resolve: ({ points }) => points,
    }),
    questions: t.field({
      type: [QuestionSummaryType],
      description: `In their order; then what the link does not ask any more and was answered; at most ${MAX_QUESTIONS_SUMMED}.`,
      resolve: ({ questions }) => questions,
    }),
    nps: t.field({
      type: NpsType,
      nullable: true,
      description: 'Of all ratings on the scale of NPS together; null: the link asks for none.',
      resolve: ({ nps }) => nps,
    }),
    voice: t.field({ type: VoiceSummaryType, description: 'What was recorded.', resolve: ({ voice }) => voice }),
    analyzedAnswers: t.exposeInt('analyzedAnswers', { description: 'Answers of which there is an insight.' }),
    actionableAnswers: t.exposeInt('actionableAnswers', {
      description: 'Those of which the newest says that something can be done.',
    }),
    sentiments: t.field({
      type: SentimentCountsType,
      description: 'What they say.',
      resolve: ({ sentiments }) => sentiments,
    }),
    topics: t.field({
      type: [TopicSummaryType],
      description: `What they are about, the most frequent first, at most ${MAX_TOPICS}.`,
      resolve: ({ topics }) => topics,
    }),
    customFields: t.field({
      type: [CustomFieldSummaryType],
      extensions: { listSize: 10 },
      description: `What they were looked through for, by field key and name, at most ${MAX_CUSTOM_FIELDS}.`,
      resolve: ({ customFields }) => customFields,
    }),
  }),
})

/** What has to be counted for a field. */
const NEEDS: Readonly<Record<string, readonly SummaryPart[]>> = {
  counts: ['counts'],
  channels: ['counts'],
  points: ['counts', 'insights'],
  questions: ['questions'],
  nps: ['questions'],
  voice: ['voice'],
  analyzedAnswers: ['insights'],
  actionableAnswers: ['insights'],
  sentiments: ['insights'],
  topics: ['topics'],
  customFields: ['customFields'],
}

const loaders = new WeakMap<Context, Map<string, DataLoader<string, LinkSummary>>>()

/** Of the links of one operation together: one statement per way of asking. */
function loadSummary(id: string, request: SummaryRequest, context: Context, info: GraphQLResolveInfo) {
  const fields = selectedFields(info)
  const parts = new Set([...fields].flatMap((field) => NEEDS[field] ?? []))
  const asked = { ...request, granularity: fields.has('points') ? request.granularity : null }
  const known = loaders.get(context) ?? new Map<string, DataLoader<string, LinkSummary>>()
  loaders.set(context, known)
  const key = JSON.stringify([asked, [...parts].sort()])
  let loader = known.get(key)
  if (!loader) {
    loader = new DataLoader(
      async (ids) => {
        const found = await linkSummaries(context.world, context.viewer, [...new Set(ids)], asked, parts)
        return ids.map((each) => found.get(each)!)
      },
      // Mutations of one operation follow each other, so nothing is kept.
      { cache: false },
    )
    known.set(key, loader)
  }
  return loader.load(id)
}

builder.prismaObjectField(Link, 'summary', (t) =>
  t.field({
    type: LinkSummaryType,
    description: 'What came of its responses. Needs `responses:read`.',
    args: {
      from: t.arg({
        type: 'DateTime',
        description: 'Opened at this moment or later; from the first one on when absent.',
      }),
      to: t.arg({ type: 'DateTime', description: 'Opened before this moment; until now when absent.' }),
      channel: t.arg({ type: ResponseChannelEnum, description: 'Only responses given this way.' }),
      granularity: t.arg({ type: GranularityEnum, description: 'What `points` are; none when absent.' }),
      timeZone: t.arg.string({
        description: 'IANA name of the zone in which days begin, such as `Europe/Helsinki`; UTC when absent.',
      }),
    },
    select: { id: true },
    resolve: ({ id }, args, context, info) => loadSummary(id, args, context, info),
  }),
)
