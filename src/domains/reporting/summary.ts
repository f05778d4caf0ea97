import type { QuestionType } from '../links/index.ts'
import type { Bucket } from '../metrics/index.ts'
import type { Sentiment } from './response-filter.ts'

export const SUMMARY_GRANULARITIES = ['day', 'week', 'month'] as const
export type SummaryGranularity = (typeof SUMMARY_GRANULARITIES)[number]

/** What a summary can be asked for; each costs its own part of the statement. */
export const SUMMARY_PARTS = ['counts', 'questions', 'voice', 'insights', 'topics', 'customFields'] as const
export type SummaryPart = (typeof SUMMARY_PARTS)[number]

/** Of which responses, by the moment at which they were opened. */
export interface SummaryRequest {
  /** Inclusive; absent: from the first one on. */
  from?: Date | null | undefined
  /** Exclusive; absent: until now. */
  to?: Date | null | undefined
  channel?: 'web' | 'phone' | null | undefined
  /** Of `points`; absent: there are none. */
  granularity?: SummaryGranularity | null | undefined
  /** IANA; where days begin. Absent: UTC. */
  timeZone?: string | null | undefined
}

export interface ResponseCounts {
  started: number
  /** Of those that were started. */
  completed: number
  /** From 0 to 1; null: none was started. */
  completionRate: number | null
}

export type SentimentCounts = Record<Sentiment, number>

export interface SummaryPoint extends Bucket {
  started: number
  completed: number
  sentiments: SentimentCounts
}

export interface Nps {
  promoters: number
  passives: number
  detractors: number
  /** From -100 to 100; null: nobody answered. */
  score: number | null
}

/** How often a value was given. */
export interface ValueCount {
  /** An option, the id of a card, `true` or `false`, a number, or a month as `YYYY-MM`. */
  value: string
  /** For people: of a card its label. */
  label: string
  count: number
  /** Of the answers to the question, from 0 to 1; null: there are none. */
  share: number | null
}

export interface QuestionSummary {
  fieldKey: string
  type: QuestionType
  prompt: string
  /** Null: the link does not ask this any more. */
  questionId: string | null
  answered: number
  /** Of numbers and ratings; null: there are none. */
  average: number | null
  median: number | null
  min: number | null
  max: number | null
  /** Null unless it is a rating on the scale of NPS. */
  nps: Nps | null
  /**
   * Options, cards, yes and no, and the steps of a rating in their order, also those nobody chose; months in theirs. What
   * was given and is not there any more comes last. Empty for other types.
   */
  distribution: ValueCount[]
}

export interface VoiceSummary {
  recordings: number
  /** Seconds, of recordings whose length is known; null: of none. */
  totalSeconds: number | null
  averageSeconds: number | null
}

export interface TopicSummary {
  /** As it is spelled most often. */
  topic: string
  /** Answers whose newest insight names it, in any case. */
  count: number
  sentiments: SentimentCounts
}

export interface CustomFieldSummary {
  fieldKey: string
  name: string
  /** Responses with an answer, or a reply to a follow-up of it, that was looked through for it. */
  asked: number
  /** Those in which it was found. */
  filled: number
}

export interface LinkSummary {
  counts: ResponseCounts
  channels: (ResponseCounts & { channel: 'web' | 'phone' })[]
  /** Every bucket of the period, oldest first. */
  points: SummaryPoint[]
  questions: QuestionSummary[]
  /** Of all ratings on the scale of NPS; null: the link asks for none. */
  nps: Nps | null
  voice: VoiceSummary
  /** Answers that an insight speaks of. */
  analyzedAnswers: number
  actionableAnswers: number
  sentiments: SentimentCounts
  /** The most frequent ones, at most MAX_TOPICS. */
  topics: TopicSummary[]
  customFields: CustomFieldSummary[]
}
