import type { z } from 'zod'
import { type Grouping, METRICS, type MetricName, readMetric } from '../../domains/metrics/index.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import { refused } from './common-answers.ts'
import type { SaysimpleDeps } from './deps.ts'
import { BARE_SERIES, BY_COUNTRY, BY_TAG, SERIES } from './examples.ts'
import { API_PATH } from './paths.ts'
import { granularityOf, type PeriodTable, TABLE_A, TABLE_B, TABLE_C } from './periods.ts'
import { FILTER_NAMES, filterOf, periodOf, queryOf, type Takes } from './query.ts'
import { bareSeries, groups, series } from './schemas.ts'
import { NOT_ISO_8601 } from './words.ts'
import { writeGroups, writeSeries } from './write-metric.ts'

interface Described {
  id: string
  /** Below `/metrics`. */
  path: string
  tag: 'Messages' | 'Active contacts' | 'Conversations'
  summary: string
  metric: MetricName
  /** Default: B. */
  table?: PeriodTable
  takes?: Takes
  /** Instead of buckets: values by group, the largest first, at most so many. */
  by?: { grouping: Grouping; most: number; schema: z.ZodType; example: unknown }
  /** Without the value of the whole period, as documented. */
  bare?: true
}

const DIRECTION: Takes = { direction: true }

/** In the order of the documentation (contract/saysimple.md 4, 10). */
const DESCRIBED: readonly Described[] = [
  {
    id: 'getMessagesSummed',
    path: 'messages/sum',
    tag: 'Messages',
    summary: 'Total messages',
    metric: 'messages',
    takes: DIRECTION,
  },
  {
    id: 'getSentPaidTemplatesSummed',
    path: 'messages/sent-paid-templates/sum',
    tag: 'Messages',
    summary: 'Total paid templates sent',
    metric: 'paidTemplates',
  },
  {
    id: 'getMessageDistribution',
    path: 'messages/distribution',
    tag: 'Messages',
    summary: 'Message distribution',
    metric: 'messages',
    table: TABLE_A,
    takes: DIRECTION,
  },
  {
    id: 'getMessagesResponseTimesAverage',
    path: 'messages/response-times/average',
    tag: 'Messages',
    summary: 'Response times (average)',
    metric: 'responseTimeAverage',
    takes: DIRECTION,
  },
  {
    id: 'getActiveContactsSummed',
    path: 'active-contacts/sum',
    tag: 'Active contacts',
    summary: 'Total active contacts',
    metric: 'activeContacts',
  },
  {
    id: 'getActiveContactsDistribution',
    path: 'active-contacts/distribution',
    tag: 'Active contacts',
    summary: 'Active contacts by country, the ten largest',
    metric: 'activeContacts',
    by: {
      grouping: 'country',
      most: 10,
      schema: groups('ContactsByCountry', 'By country (ISO 3166-1 alpha-2), descending.'),
      example: BY_COUNTRY,
    },
  },
  {
    id: 'getConversationsFirstReplyTimesMedian',
    path: 'conversations/first-reply-times/median',
    tag: 'Conversations',
    summary: 'First reply times (median)',
    metric: 'firstReplyTimeMedian',
  },
  {
    id: 'getConversationsFirstReplyTimesAverage',
    path: 'conversations/first-reply-times/average',
    tag: 'Conversations',
    summary: 'First reply times (average)',
    metric: 'firstReplyTimeAverage',
  },
  {
    id: 'getConversationsFirstReplyTimesBusinessHoursMedian',
    path: 'conversations/first-reply-times-business-hours/median',
    tag: 'Conversations',
    summary: 'First reply times during business hours (median)',
    metric: 'openFirstReplyTimeMedian',
  },
  {
    id: 'getConversationsFirstReplyTimesBusinessHoursAverage',
    path: 'conversations/first-reply-times-business-hours/average',
    tag: 'Conversations',
    summary: 'First reply times during business hours (average)',
    metric: 'openFirstReplyTimeAverage',
  },
  {
    id: 'getConversationsResolved',
    path: 'conversations/resolved',
    tag: 'Conversations',
    summary: 'Total resolved conversations',
    metric: 'resolvedConversations',
    bare: true,
  },
  {
    id: 'getConversationsTagsUsed',
    path: 'conversations/tags',
    tag: 'Conversations',
    summary: 'Tags used by conversations',
    metric: 'taggedConversations',
    table: TABLE_C,
    takes: { tag: false },
    by: {
      grouping: 'tag',
      most: Number.POSITIVE_INFINITY,
      schema: groups('ConversationsByTag', 'By tag, without `user:`.'),
      example: BY_TAG,
    },
  },
  {
    id: 'getConversationsResolveTimesMedian',
    path: 'conversations/resolve-times/median',
    tag: 'Conversations',
    summary: 'Resolve times (median)',
    metric: 'resolveTimeMedian',
  },
  {
    id: 'getConversationsResolveTimesAverage',
    path: 'conversations/resolve-times/average',
    tag: 'Conversations',
    summary: 'Resolve times (average)',
    metric: 'resolveTimeAverage',
  },
  {
    id: 'getConversationsMessagesAverage',
    path: 'conversations/messages/average',
    tag: 'Conversations',
    summary: 'Average messages per conversation',
    metric: 'messagesPerConversation',
    takes: DIRECTION,
  },
  {
    id: 'getConversationsUnique',
    path: 'conversations/unique',
    tag: 'Conversations',
    summary: 'Unique conversations',
    metric: 'uniqueConversations',
    takes: { initiatedBy: true },
  },
]

const malformed = refused(1536, 'Parameters are wrong.', [
  ['between', NOT_ISO_8601],
  ['channel', 'Channel should be a string'],
])

/** `and` is inclusive, the end of a period in the domain is not; times have milliseconds. */
const INCLUSIVE_MS = 1

export function metricOperations({ world }: SaysimpleDeps): AnyOperation[] {
  return DESCRIBED.map(({ id, path, tag, summary, metric, table = TABLE_B, takes = {}, by, bare }) => {
    const { unit, text } = METRICS[metric]
    const [schema, example] = by ? [by.schema, by.example] : bare ? [bareSeries, BARE_SERIES] : [series, SERIES]
    return operation({
      id,
      method: 'GET',
      path: `${API_PATH}/metrics/${path}`,
      tag,
      summary,
      description: unit === 'seconds' ? `${text} In seconds.` : text,
      scope: 'messages:read',
      query: queryOf(takes),
      names: FILTER_NAMES,
      answers: [{ status: 200, description: 'The metric.', schema, example }, malformed],
      async handle({ viewer, query }) {
        const { between, and } = periodOf(query, world.clock.now())
        const granularity = granularityOf(table, between, and)
        const result = await readMetric(world, viewer, {
          metric,
          from: between,
          to: new Date(and.getTime() + INCLUSIVE_MS),
          filter: filterOf(query),
          ...{ nearestKept: true, withCalendarVersions: false },
          ...(by ? { groupBy: by.grouping } : { granularity, withPrevious: !bare && previousTo(between, and) }),
        })
        const body = by
          ? writeGroups(result.groups.slice(0, by.most), granularity, { between, and })
          : writeSeries(metric, result, granularity, { bare: bare ?? false })
        return { status: 200, body }
      },
    })
  })
}

/** Where the previous period begins: it is as long as the two bounds are apart (contract/saysimple.md 9). */
function previousTo(between: Date, and: Date): Date {
  return new Date(2 * between.getTime() - and.getTime())
}
