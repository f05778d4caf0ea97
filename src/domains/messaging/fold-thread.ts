import { dayOf, type Fact, nextPresence } from './fact.ts'
import { followLane, type Item, type LaneEnd } from './item.ts'

/** Where a thread stands after its last message. */
export interface ThreadState {
  /** The moment of the last message; null: there was none. */
  last: number | null
  /** Of the last message in. */
  lastIn: number | null
  /** When the last session began. */
  session: number | null
  /** When an agent or a tag was last there with a message in. */
  words: Record<number, number>
  /** The last message without a conversation. */
  lane: LaneEnd | null
}

export interface Thread {
  id: string
  channelId: number
  country: string | null
  state: ThreadState
}

export const NEW_THREAD: ThreadState = { last: null, lastIn: null, session: null, words: {}, lane: null }

/** A session of unique conversations lasts so long, and so long a customer's message makes the next one theirs. */
const SESSION_MS = 24 * 3_600_000

/**
 * Lets messages, in order, follow on the state of their thread: who opens a session, what replies to what without a
 * conversation, and on which days the customer was there. Changes the items' derived values and returns the new state
 * with the facts that are new.
 */
export function foldThread(thread: Thread, items: readonly Item[]): { state: ThreadState; facts: Fact[] } {
  const state: ThreadState = { ...thread.state, words: { ...thread.state.words } }
  const facts: Fact[] = []
  const bePresent = (item: Item, wordId: number, lastAt: number | null | undefined) => {
    const news = nextPresence(lastAt, item.at)
    if (news) facts.push({ ...contactFact(thread, item, wordId), ...news })
  }
  for (const item of items) {
    item.derived.session = null
    if (item.sent) {
      if (state.session === null || item.at >= state.session + SESSION_MS) {
        state.session = item.at
        const isUsers = state.lastIn !== null && item.at < state.lastIn + SESSION_MS
        item.derived.session = isUsers ? 'U' : 'B'
      }
    } else {
      bePresent(item, 0, state.lastIn)
      for (const word of item.agentId === 0 ? item.tagIds : [item.agentId, ...item.tagIds]) {
        bePresent(item, word, state.words[word])
        state.words[word] = item.at
      }
      state.lastIn = item.at
    }
    if (item.conversationId === null) state.lane = followLane(state.lane, item)
    state.last = item.at
  }
  return { state, facts }
}

function contactFact(thread: Thread, item: Item, wordId: number): Omit<Fact, 'prevAt'> {
  return {
    kind: 'C',
    entityId: thread.id,
    wordId,
    tagId: 0,
    day: dayOf(item.at),
    at: item.at,
    ms: null,
    openMs: null,
    channelId: thread.channelId,
    // A customer may be reached through several providers.
    providerId: 0,
    country: thread.country,
  }
}
