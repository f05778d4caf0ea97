import type { MetricName } from './definitions.ts'

/** Weeks begin on Monday (ISO 8601). */
export const GRANULARITIES = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const
export type Granularity = (typeof GRANULARITIES)[number]

/** What values can be told apart by. */
export const GROUPINGS = ['agent', 'channel', 'provider', 'tag', 'team', 'country'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** Values within one list are alternatives, different lists must all hold; an absent or empty one holds always. */
export interface MetricFilter {
  /** Only messages that go this way; without effect on metrics of conversations. Absent: both. */
  direction?: 'in' | 'out' | undefined
  agents?: readonly string[] | undefined
  /** Such as `WHATSAPP`, in any case. */
  channels?: readonly string[] | undefined
  /** In any case. */
  providers?: readonly string[] | undefined
  /** With or without `user:`; `team:Sales` and `system:…` with their prefix. */
  tags?: readonly string[] | undefined
  /** Addresses of the workspace or of customers. */
  identifiers?: readonly string[] | undefined
  /** Names of conversations, as clients gave them. */
  conversations?: readonly string[] | undefined
  /** Of `uniqueConversations` only. Absent: both. */
  initiatedBy?: 'user' | 'business' | undefined
}

export interface MetricRequest {
  metric: MetricName
  /** Inclusive. */
  from: Date
  /** Exclusive; after `from`. */
  to: Date
  /** Of the series; absent: there is none. */
  granularity?: Granularity | undefined
  /** IANA; where days begin. Absent: UTC. */
  timeZone?: string | undefined
  filter?: MetricFilter | undefined
  groupBy?: Grouping | undefined
  /** Also the value of the period of the same length that ends where this one begins, or of one that begins here. */
  withPrevious?: boolean | Date | undefined
  /**
   * For clients that cannot be told that something is not known: where messages were reduced, a period begins and ends at
   * the nearest moments that sums are kept by (nearest-kept.ts), and a series that is not known does not keep the value back.
   */
  nearestKept?: boolean | undefined
  /** False: `calendarVersions` are not looked for. */
  withCalendarVersions?: boolean | undefined
}

export interface MetricPoint {
  /** The bucket as the calendar has it, also where the period begins or ends within it. */
  start: Date
  end: Date
  /** Null: not measurable. */
  value: number | null
}

export interface MetricGroup {
  /** An agent, channel, provider, tag (without `user:`), team (without `team:`) or country (ISO 3166-1 alpha-2). */
  key: string
  value: number | null
}

export interface MetricResult {
  /**
   * Seconds with milliseconds for times. Null: not measurable, because there is nothing to take an average of or because
   * it would need messages that retention has reduced; counts of nothing are 0.
   */
  value: number | null
  /** Undefined unless it was asked for. */
  previousValue?: number | null
  /** Every bucket that the period touches, oldest first; empty without granularity. */
  points: MetricPoint[]
  /** Those that occur, by value descending, then by key; empty without `groupBy`. */
  groups: MetricGroup[]
  /** Versions of the business calendar that had a say, ascending; only of metrics in business hours. */
  calendarVersions: number[]
  /** Whether parts of the period can only be read from what was counted before messages were reduced: then there is no proof. */
  isReduced: boolean
  /**
   * What would need messages that were reduced, and is null for that (points: each): not a value of nothing. Groups are
   * not known where the value is not.
   */
  unknown: { value: boolean; previousValue: boolean; points: boolean }
}

/** One message or conversation that a value was computed from. */
export interface Contribution {
  kind: 'message' | 'conversation'
  /** Of the message or conversation. */
  id: string
  /** The moment by which it belongs to a bucket. */
  at: Date
  /** What it adds: 1 for counts, seconds for times. */
  value: number
}
