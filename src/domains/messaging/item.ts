/** How opening hours came with a message; read by business-hours.ts. */
export interface StoredHours {
  hours: Readonly<Record<string, readonly string[]>>
  timeZone: string
}

/**
 * A message while it is counted: what it is, and what follows from its neighbours. Agents, providers, tags and channels
 * by their numbers; moments in milliseconds.
 */
export interface Item {
  id: string
  seq: number
  at: number
  sent: boolean
  channelId: number
  providerId: number
  /** 0: none. */
  agentId: number
  threadId: string
  conversationId: string | null
  tagIds: readonly number[]
  automatic: boolean
  paid: boolean
  hours: StoredHours | null
  derived: Derived
  /** As it is stored; undefined of a message that is new. */
  stored: Derived | undefined
}

/** What follows from the neighbours of a message. */
export interface Derived {
  /** Since its predecessor in the lane, when that went the other way; null otherwise. */
  replyMs: number | null
  /** Who sent the reply, or was replied to; 0: nobody named. */
  replyAgentId: number
  /** Whether it opens a session, and who began that. */
  session: 'U' | 'B' | null
}

/** The last message of a lane. */
export interface LaneEnd {
  at: number
  sent: boolean
  agentId: number
}

export const NOTHING_DERIVED: Derived = { replyMs: null, replyAgentId: 0, session: null }

/** The order of everything that is computed: by time, and of one moment by arrival. */
export function inOrder(a: Item, b: Item): number {
  return a.at - b.at || a.seq - b.seq
}

/** Lets an item follow the end of its lane: whether it is a reply, after how long, and whose. */
export function followLane(end: LaneEnd | null, item: Item): LaneEnd {
  const isReply = end !== null && end.sent !== item.sent
  item.derived.replyMs = isReply ? item.at - end.at : null
  item.derived.replyAgentId = isReply ? (item.sent ? item.agentId : end.agentId) : 0
  return { at: item.at, sent: item.sent, agentId: item.agentId }
}
