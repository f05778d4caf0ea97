import { sql } from '../../db/sql.ts'
import type { CallDeps } from './deps.ts'

/** How often a process looks for calls that nobody follows, beyond the moments when it takes seats. */
export const ORPHANS_EVERY_MS = 60_000

export interface OrphanWatch {
  /** Hangs up what nobody follows. Returns how many calls. Rejects with TelephonyUnavailableError. */
  look(): Promise<number>
}

/**
 * Calls of our seats that go on although nobody will ever talk to the person again: their call was settled, given up as
 * unknown, or there is none, since the database was brought back to an earlier day. The latter are hung up only when they
 * are still there after a dial that is being written down must have been. Calls of seats that are not ours, which another
 * installation on the same provider may have, are left alone.
 */
export function orphanWatch({
  world,
  telephony,
  logger,
}: Pick<CallDeps, 'world' | 'telephony' | 'logger'>): OrphanWatch {
  /** Since when calls without a row are known. */
  const unknown = new Map<string, number>()
  return {
    async look() {
      const live = await telephony.active()
      const rows = await world.db.query<{ id: string; settled: boolean | null }>(
        sql`SELECT a.id, (SELECT c.settled_at IS NOT NULL FROM call c WHERE c.id = a.id) AS settled
            FROM unnest(${live.map(({ callId }) => callId)}::uuid[], ${live.map(({ seat }) => seat)}::text[]) AS a(id, seat)
            WHERE EXISTS (SELECT FROM call c WHERE c.id = a.id) OR EXISTS (SELECT FROM seat s WHERE s.name = a.seat)`,
      )
      const now = world.clock.now().getTime()
      const rowless = new Set(rows.flatMap(({ id, settled }) => (settled === null ? [id] : [])))
      for (const id of unknown.keys()) if (!rowless.has(id)) unknown.delete(id)
      for (const id of rowless) if (!unknown.has(id)) unknown.set(id, now)
      const orphans = rows.filter(
        ({ id, settled }) => settled === true || (settled === null && now - unknown.get(id)! >= ORPHANS_EVERY_MS),
      )
      for (const { id } of orphans) {
        logger.warn({ callId: id }, 'hung up a call that nobody follows')
        await telephony.command(id, { id: 'orphan', kind: 'hangUp' })
      }
      return orphans.length
    },
  }
}
