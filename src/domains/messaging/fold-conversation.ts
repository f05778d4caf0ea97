import { dayOf, type Fact, type FactKind, nextPresence } from './fact.ts'
import { followLane, type Item, type LaneEnd, type StoredHours } from './item.ts'

export interface Resolution {
  at: number
  /** 0: nobody named. */
  agentId: number
  tagIds: readonly number[]
}

export interface FirstReply {
  at: number
  agentId: number
  ms: number
  openMs: number
  /** Of the business calendar that had a say; null: none. */
  calendarVersion: number | null
}

/** Where a conversation stands after its last message and resolution. */
export interface Conversation {
  id: string
  channelId: number
  providerId: number
  received: number
  sent: number
  firstAt: number
  lastAt: number
  firstReceivedAt: number | null
  firstReply: FirstReply | null
  resolution: Resolution | null
  /** Of messages; that of the resolution is not among them. */
  agentIds: readonly number[]
  /** Of all messages and the resolution. */
  tagIds: readonly number[]
  /** Whether its end in silence is kept by word. Nothing is that something comes for. */
  settled: boolean
  state: ConversationState
}

/** What only counting needs. */
export interface ConversationState {
  lane: LaneEnd | null
  /** The hours that came with the first message in, until it is replied to. */
  hours: StoredHours | null
  /** When an agent was last there. */
  agents: Record<number, number>
  /** When a tag was last there: `12` at all, `12:7` with agent 7; any tag is `0`. */
  tags: Record<string, number>
}

/** Says how much of a time was business time, by the hours of a message and the calendar in force at its beginning. */
export type OpenTime = (
  hours: StoredHours | null,
  from: number,
  to: number,
) => { openMs: number; calendarVersion: number | null }

export function newConversation(id: string, channelId: number, providerId: number): Conversation {
  return {
    ...{ id, channelId, providerId, received: 0, sent: 0, firstAt: Number.POSITIVE_INFINITY, lastAt: 0 },
    ...{ firstReceivedAt: null, firstReply: null, resolution: null, agentIds: [], tagIds: [] },
    settled: false,
    state: { lane: null, hours: null, agents: {}, tags: {} },
  }
}

export interface FoldOptions {
  openTime: OpenTime
  /** Whether a tag is the user's: only those are counted as used. */
  isUserTag(tagId: number): boolean
}

/**
 * Lets messages, in order, and perhaps the resolution follow on a conversation. `before` has all tags already that it
 * will have afterwards. Changes the items' derived values, and returns the conversation as it is then with the facts of
 * presence that are new.
 */
export function foldConversation(
  before: Conversation,
  items: readonly Item[],
  resolution: Resolution | null,
  { openTime, isUserTag }: FoldOptions,
): { after: Conversation; facts: Fact[] } {
  const agentIds = new Set(before.agentIds)
  const state: ConversationState = {
    ...before.state,
    agents: { ...before.state.agents },
    tags: { ...before.state.tags },
  }
  const after: Conversation = { ...before, resolution: resolution ?? before.resolution, state }
  const facts: Fact[] = []
  const presence = (kind: FactKind, at: number, wordId: number, tagId: number, lastAt: number | undefined) => {
    const news = nextPresence(lastAt, at)
    if (news) facts.push({ ...factOf(after, kind, wordId, at), tagId, day: dayOf(at), ...news })
    return news
  }
  const useTags = (at: number, agentId: number, tagIds: readonly number[]) => {
    const used = tagIds.filter(isUserTag)
    // Besides each tag also "any".
    for (const tagId of used.length === 0 ? used : [0, ...used]) {
      for (const wordId of agentId === 0 ? [0] : [0, agentId]) {
        const key = wordId === 0 ? `${tagId}` : `${tagId}:${wordId}`
        presence('T', at, wordId, tagId, state.tags[key])
        state.tags[key] = at
      }
    }
  }
  let resolving = resolution
  /** The resolution has its place among the messages. */
  const resolveBefore = (at: number) => {
    if (resolving === null || resolving.at >= at) return
    useTags(resolving.at, resolving.agentId, resolving.tagIds)
    resolving = null
  }
  for (const item of items) {
    resolveBefore(item.at)
    const { at, agentId } = item
    const wasThere = state.lane?.at
    for (const wordId of [0, ...after.tagIds]) presence('V', at, wordId, 0, wasThere)
    if (agentId !== 0) {
      presence('V', at, agentId, 0, state.agents[agentId])
      state.agents[agentId] = at
      agentIds.add(agentId)
    }
    useTags(at, agentId, item.tagIds)
    state.lane = followLane(state.lane, item)
    after.firstAt = Math.min(after.firstAt, at)
    after.lastAt = Math.max(after.lastAt, at)
    if (item.sent) after.sent++
    else after.received++
    if (!item.sent && after.firstReceivedAt === null) {
      after.firstReceivedAt = at
      state.hours = item.hours
    } else if (item.sent && !item.automatic && after.firstReceivedAt !== null && after.firstReply === null) {
      const from = after.firstReceivedAt
      after.firstReply = { at, agentId, ms: at - from, ...openTime(state.hours ?? item.hours, from, at) }
      state.hours = null
    }
  }
  resolveBefore(Number.POSITIVE_INFINITY)
  after.agentIds = [...agentIds]
  return { after, facts }
}

/** The facts that there is one of per conversation: its first reply, and its resolution or last message. */
export function factsOf(conversation: Conversation): Fact[] {
  const { firstReply, resolution, firstAt, lastAt, tagIds, settled } = conversation
  const facts: Fact[] = []
  if (firstReply) {
    const { at, ms, openMs, agentId } = firstReply
    for (const word of wordsOf([agentId], tagIds)) {
      facts.push({ ...factOf(conversation, 'R', word, at), ms, openMs })
    }
  }
  if (!resolution) {
    // It moves with every message, so it is kept once until it is settled; who asks for an agent or a tag looks at the
    // conversation.
    const words = settled ? wordsOf(agentsOf(conversation), tagIds) : [0]
    for (const word of words) {
      facts.push({ ...factOf(conversation, settled ? 'S' : 'U', word, lastAt), ms: lastAt - firstAt })
    }
    return facts
  }
  const ms = Math.max(0, resolution.at - firstAt)
  for (const word of wordsOf(agentsOf(conversation), tagIds)) {
    facts.push({ ...factOf(conversation, 'E', word, resolution.at), ms })
  }
  return facts
}

/** Of any message or of the resolution. */
export function agentsOf({ agentIds, resolution }: Conversation): number[] {
  return [...new Set(resolution && resolution.agentId !== 0 ? [...agentIds, resolution.agentId] : agentIds)]
}

/** "All", the agents that are any, and the tags. */
function wordsOf(agentIds: readonly number[], tagIds: readonly number[]): number[] {
  return [0, ...agentIds.filter((id) => id !== 0), ...tagIds]
}

function factOf(
  of: { id: string; channelId: number; providerId: number },
  kind: FactKind,
  wordId: number,
  at: number,
): Fact {
  return {
    ...{ kind, entityId: of.id, wordId, tagId: 0, day: 0, at, prevAt: null, ms: null, openMs: null },
    ...{ channelId: of.channelId, providerId: of.providerId, country: null },
  }
}
