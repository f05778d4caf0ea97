import type { Granularity, MetricFilter, MetricName, MetricRequest } from '../../src/domains/metrics/index.ts'
import { FROM, TO } from './generate.ts'
import { AGENTS, TAGS, USER_TAGS } from './workspace.ts'

/** A metric, or one by group. */
export type Asked = MetricName | 'activeContacts by country' | 'taggedConversations by tag'

export interface Period {
  name: string
  from: Date
  to: Date
  /** What the legacy API shows of it (contract/saysimple.md 8, table B). */
  granularity: Granularity
}

export interface Narrowing {
  name: string
  /** Of AGENTS. */
  agent?: number
  /** Of TAGS. */
  tag?: number
}

export interface Question {
  asked: Asked
  period: Period
  narrowing: Narrowing
}

/** A value, or one per group. */
export type Outcome = number | null | Record<string, number>

const DAY = 86_400_000

/** A month near the beginning, for looking at it again and again while there is ever more after it. */
export const EARLY_MONTH: Period = {
  ...{ name: 'month', granularity: 'day' },
  ...{ from: new Date('2024-02-01T00:00:00Z'), to: new Date('2024-03-01T00:00:00Z') },
}

const UNALIGNED = Date.parse('2025-10-17T09:41:13.127Z')

export const PERIODS: readonly Period[] = [
  {
    ...{ name: 'month', granularity: 'day' },
    ...{ from: new Date('2025-11-01T00:00:00Z'), to: new Date('2025-12-01T00:00:00Z') },
  },
  { name: '30 days', granularity: 'day', from: new Date(UNALIGNED), to: new Date(UNALIGNED + 30 * DAY) },
  { name: 'year', granularity: 'week', from: new Date('2025-01-01T00:00:00Z'), to: new Date(TO) },
  { name: 'two years', granularity: 'month', from: new Date(FROM), to: new Date(TO) },
]

/** Agents and tags are numbered by how frequent they are. */
export const NARROWINGS: readonly Narrowing[] = [
  { name: 'everything' },
  { name: 'busiest agent', agent: 0 },
  { name: 'agent in the middle', agent: AGENTS.length / 2 },
  { name: 'busiest tag', tag: 0 },
  { name: 'tag in the middle', tag: USER_TAGS / 2 },
]

export const ASKED: readonly Asked[] = [
  'messages',
  'paidTemplates',
  'responseTimeAverage',
  'activeContacts',
  'activeContacts by country',
  'firstReplyTimeMedian',
  'firstReplyTimeAverage',
  'openFirstReplyTimeMedian',
  'openFirstReplyTimeAverage',
  'resolvedConversations',
  'taggedConversations',
  'taggedConversations by tag',
  'resolveTimeMedian',
  'resolveTimeAverage',
  'messagesPerConversation',
  'uniqueConversations',
]

export function requestOf({ asked, period, narrowing }: Question, withSeries: boolean): MetricRequest {
  const [metric, groupBy] = asked.split(' by ') as [MetricName, ('country' | 'tag')?]
  const filter: MetricFilter = {
    ...(narrowing.agent === undefined ? {} : { agents: [AGENTS[narrowing.agent]!] }),
    ...(narrowing.tag === undefined ? {} : { tags: [TAGS[narrowing.tag]!] }),
  }
  return {
    ...{ metric, from: period.from, to: period.to, filter },
    ...(groupBy ? { groupBy } : {}),
    ...(withSeries ? { granularity: period.granularity } : {}),
  }
}
