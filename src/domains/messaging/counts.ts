import { agentsOf, type Conversation } from './fold-conversation.ts'
import type { Derived, Item } from './item.ts'

/** The sums of metric_rollup, in the order of their columns. */
export const SUMS = [
  ...(['received', 'sent', 'paid', 'received_replies', 'received_reply_ms', 'sent_replies', 'sent_reply_ms'] as const),
  ...(['user_sessions', 'business_sessions', 'conversed', 'resolved'] as const),
] as const
export type Sum = (typeof SUMS)[number]

const COLUMN = Object.fromEntries(SUMS.map((name, index) => [name, index])) as Record<Sum, number>

export const QUARTER_MS = 15 * 60_000
const QUARTERS_A_DAY = 96

/** One row of metric_rollup, or a change of it. */
export interface CountRow {
  wordId: number
  grain: 0 | 1
  /** Milliseconds. */
  at: number
  /** In the order of SUMS. */
  sums: Float64Array
}

/** What counts for a conversation's tags of its messages in one quarter of an hour since 1970. */
export type QuarterCount = readonly [quarter: number, messages: number, userSessions: number, businessSessions: number]

/** Gathers what messages and conversations add to sums, and what they no longer do. */
export class Counts {
  /** By word, by quarter of an hour since 1970. */
  readonly #quarters = new Map<number, Map<number, Float64Array>>()

  /** Adds what a message counts for (`sign` 1), or takes it away (-1). `tagIds` are those of its conversation. */
  addMessage(item: Item, derived: Derived, tagIds: readonly number[], sign: 1 | -1): void {
    const { at, sent, agentId, channelId, providerId } = item
    const quarter = Math.floor(at / QUARTER_MS)
    const { replyMs, replyAgentId, session } = derived
    const count = (words: Iterable<number>, sum: Sum, amount: number) => {
      for (const word of words) this.#sums(word, quarter)[COLUMN[sum]]! += amount * sign
    }
    const all = [0, channelId, providerId]
    const fixed = agentId === 0 ? all : [...all, agentId]
    const own = [...fixed, ...item.tagIds]
    count(own, sent ? 'sent' : 'received', 1)
    if (sent && item.paid) count(own, 'paid', 1)
    if (replyMs !== null) {
      const words = [...all, ...(replyAgentId === 0 ? [] : [replyAgentId]), ...item.tagIds]
      count(words, sent ? 'sent_replies' : 'received_replies', 1)
      count(words, sent ? 'sent_reply_ms' : 'received_reply_ms', replyMs)
    }
    if (session !== null) {
      const words = new Set([...own, ...tagIds])
      count(words, session === 'U' ? 'user_sessions' : 'business_sessions', 1)
    }
    if (item.conversationId !== null) count([...fixed, ...tagIds], 'conversed', 1)
  }

  /** Adds that a conversation was resolved, if it was, or takes it away. */
  addConversation(conversation: Conversation, sign: 1 | -1): void {
    const { resolution, channelId, providerId, tagIds } = conversation
    if (!resolution) return
    const quarter = Math.floor(resolution.at / QUARTER_MS)
    for (const word of [0, channelId, providerId, ...agentsOf(conversation), ...tagIds]) {
      this.#sums(word, quarter)[COLUMN.resolved]! += sign
    }
  }

  /** Adds that messages which are gone count for new tags of their conversation as well. */
  addReduced(quarters: readonly QuarterCount[], tagIds: readonly number[]): void {
    for (const [quarter, messages, userSessions, businessSessions] of quarters) {
      for (const word of tagIds) {
        const sums = this.#sums(word, quarter)
        sums[COLUMN.conversed]! += messages
        sums[COLUMN.user_sessions]! += userSessions
        sums[COLUMN.business_sessions]! += businessSessions
      }
    }
  }

  /** By quarter and by day, without what came to nothing. */
  rows(): CountRow[] {
    const rows: CountRow[] = []
    for (const [wordId, quarters] of this.#quarters) {
      const days = new Map<number, Float64Array>()
      for (const [quarter, sums] of quarters) {
        if (sums.every((sum) => sum === 0)) continue
        rows.push({ wordId, grain: 0, at: quarter * QUARTER_MS, sums })
        const day = Math.floor(quarter / QUARTERS_A_DAY)
        const total = days.get(day)
        if (total) for (const [index, sum] of sums.entries()) total[index]! += sum
        else days.set(day, sums.slice())
      }
      for (const [day, sums] of days) {
        if (sums.every((sum) => sum === 0)) continue
        rows.push({ wordId, grain: 1, at: day * QUARTERS_A_DAY * QUARTER_MS, sums })
      }
    }
    return rows
  }

  #sums(word: number, quarter: number): Float64Array {
    let quarters = this.#quarters.get(word)
    if (!quarters) {
      quarters = new Map()
      this.#quarters.set(word, quarters)
    }
    let sums = quarters.get(quarter)
    if (!sums) {
      sums = new Float64Array(SUMS.length)
      quarters.set(quarter, sums)
    }
    return sums
  }
}
