import { sql } from '../../db/sql.ts'
import { TelephonyUnavailableError } from '../../providers/telephony/index.ts'
import type { News } from './apply-news.ts'
import type { CallState } from './call-row.ts'
import { type CallDeps, GIVE_UP_MS, LOOK_AGAIN_MS } from './deps.ts'

/** How many calls are looked after at once. */
const BATCH = 200

interface DueCall {
  id: string
  state: CallState
  created_at: Date
}

/**
 * Finds out what became of calls of our seats of which no news came when they should have (DESIGN 4): the provider is
 * asked. Returns what is to be applied; calls that are on their way to the provider right now are left alone.
 */
export async function followCalls(
  { world, telephony, logger }: Pick<CallDeps, 'world' | 'telephony' | 'logger'>,
  seats: readonly string[],
  { isOnItsWay, dialSettlesWithinMs }: { isOnItsWay: (callId: string) => boolean; dialSettlesWithinMs: number },
): Promise<News[]> {
  if (seats.length === 0) return []
  const now = world.clock.now()
  const again = new Date(now.getTime() + LOOK_AGAIN_MS)
  const due = await world.db.query<DueCall>(
    sql`UPDATE call SET due_at = ${again}::timestamptz
        WHERE id IN (
          SELECT id FROM call WHERE due_at <= ${now}::timestamptz AND seat = ANY(${seats}::text[]) AND settled_at IS NULL
          ORDER BY due_at LIMIT ${BATCH}::int FOR UPDATE SKIP LOCKED)
        RETURNING id, state, created_at`,
  )
  const waited = due.filter(({ state }) => state === 'ended')
  const asked = due.filter(({ id, state }) => state !== 'ended' && !isOnItsWay(id))
  const news: News[] = waited.map(({ id }) => ({ callId: id, type: 'waited' }))
  if (asked.length === 0) return news
  try {
    const reports = await telephony.reconcile(asked.map(({ id }) => id))
    for (const [index, report] of reports.entries()) {
      const call = asked[index]!
      const isFinal = now.getTime() - call.created_at.getTime() >= dialSettlesWithinMs
      news.push({ callId: call.id, type: 'report', report, isFinal })
    }
  } catch (error) {
    if (!(error instanceof TelephonyUnavailableError)) throw error
    logger.warn({ err: error, calls: asked.length }, 'the provider cannot be asked what became of calls')
    for (const { id, created_at: createdAt } of asked) {
      if (now.getTime() - createdAt.getTime() > GIVE_UP_MS) news.push({ callId: id, type: 'lost' })
    }
  }
  return news
}
