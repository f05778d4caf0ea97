/**
 * What a fact is about. Presence, one per day in UTC: `C` a thread with a message in, `V` a conversation with a message,
 * `T` a conversation with a tag. One per conversation: `R` its first reply, `E` its resolution by an event, and while there
 * was none its last message: `U` as long as that may well move, which is kept for all together only, `S` once it is settled.
 */
export type FactKind = 'C' | 'V' | 'T' | 'R' | 'E' | 'S' | 'U'

/** A row of metric_fact, moments in milliseconds. */
export interface Fact {
  kind: FactKind
  entityId: string
  wordId: number
  tagId: number
  day: number
  at: number
  prevAt: number | null
  ms: number | null
  openMs: number | null
  channelId: number
  providerId: number
  country: string | null
}

const DAY_MS = 86_400_000

export function dayOf(at: number): number {
  return Math.floor(at / DAY_MS)
}

/** A set of facts has one of each. */
export function factKey({ kind, wordId, tagId, day }: Fact): string {
  return `${kind}${wordId}:${tagId}:${day}`
}

/** Says when something was there last, and whether that makes a new day of its presence. */
export function nextPresence(lastAt: number | undefined | null, at: number): { prevAt: number | null } | undefined {
  if (lastAt === undefined || lastAt === null) return { prevAt: null }
  return dayOf(lastAt) === dayOf(at) ? undefined : { prevAt: lastAt }
}
