import { sql } from '../../db/sql.ts'
import type { World } from '../world.ts'

/** For how long a seat is somebody's who does not say so again. */
export const LEASE_MS = 10_000

/** Takes a seat that nobody had before. Returns its name. */
export async function newSeat({ db, clock, newId }: World, holder: string): Promise<string> {
  const name = `seat-${newId()}`
  await db.query(
    sql`INSERT INTO seat (name, holder, lease_until)
        VALUES (${name}, ${holder}::uuid, ${leaseFrom(clock.now())}::timestamptz)`,
  )
  return name
}

/** Says that the seats are still the holder's. Returns those that are; the others somebody else has taken. */
export async function renewSeats({ db, clock }: World, holder: string): Promise<{ names: string[]; until: Date }> {
  const until = leaseFrom(clock.now())
  const rows = await db.query<{ name: string }>(
    sql`UPDATE seat SET lease_until = ${until}::timestamptz WHERE holder = ${holder}::uuid RETURNING name`,
  )
  return { names: rows.map(({ name }) => name), until }
}

/** For how long the seat of a process that is gone is listened to although its calls are settled: replies may be late. */
export const LATE_REPLIES_MS = 60_000

/**
 * Takes seats that nobody holds any more and that have calls which somebody must look after, and such as lost their holder
 * a moment ago. Returns their names.
 */
export async function adoptSeats({ db, clock }: World, holder: string): Promise<string[]> {
  const now = clock.now()
  const lately = new Date(now.getTime() - LATE_REPLIES_MS)
  const rows = await db.query<{ name: string }>(
    sql`UPDATE seat SET holder = ${holder}::uuid, lease_until = ${leaseFrom(now)}::timestamptz
        WHERE name IN (
          SELECT s.name FROM seat s
          CROSS JOIN LATERAL (
            SELECT EXISTS (SELECT FROM call c WHERE c.seat = s.name AND c.settled_at IS NULL) AS has_calls) live
          WHERE s.lease_until < ${now}::timestamptz AND (live.has_calls OR s.lease_until > ${lately}::timestamptz)
          ORDER BY live.has_calls DESC, s.name LIMIT 10 FOR UPDATE OF s SKIP LOCKED)
        RETURNING name`,
  )
  return rows.map(({ name }) => name)
}

/** Gives seats up for good whose calls are all settled. Returns their names, which are never used again. */
export async function retireSeats({ db }: World, holder: string, names: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    sql`DELETE FROM seat s WHERE s.holder = ${holder}::uuid AND s.name = ANY(${names}::text[])
          AND NOT EXISTS (SELECT FROM call c WHERE c.seat = s.name AND c.settled_at IS NULL)
        RETURNING s.name`,
  )
  return rows.map(({ name }) => name)
}

/** When somebody else's seat that has calls can be taken, unless its holder says that it is there. */
export async function nextFreeSeat({ db }: World, holder: string): Promise<Date | undefined> {
  const [row] = await db.query<{ lease_until: Date }>(
    sql`SELECT s.lease_until FROM seat s
        WHERE s.holder <> ${holder}::uuid AND EXISTS (SELECT FROM call c WHERE c.seat = s.name AND c.settled_at IS NULL)
        ORDER BY s.lease_until LIMIT 1`,
  )
  return row && new Date(row.lease_until.getTime() + 1)
}

/** Forgets seats that nobody holds and that have no calls. Their names are never used again. */
export async function clearSeats({ db, clock }: World): Promise<void> {
  await db.query(
    sql`DELETE FROM seat s WHERE s.lease_until < ${clock.now()}::timestamptz - interval '1 minute'
          AND NOT EXISTS (SELECT FROM call c WHERE c.seat = s.name AND c.settled_at IS NULL)`,
  )
}

/** Gives seats up, so that somebody else can take them at once. */
export async function leaveSeats({ db, clock }: World, holder: string, names?: readonly string[]): Promise<void> {
  const which = names ? sql`AND name = ANY(${names}::text[])` : sql``
  await db.query(
    sql`UPDATE seat SET lease_until = ${clock.now()}::timestamptz - interval '1 second'
        WHERE holder = ${holder}::uuid ${which}`,
  )
}

/**
 * Lets somebody look after the calls of a seat now: those never heard of may still be on their way until `queuedAt`, and
 * for those that ended with an open question the provider may have kept the answer, to be heard until `repliesAt`.
 */
export async function lookAfterSeat(
  { db }: World,
  name: string,
  { now, queuedAt, repliesAt }: { now: Date; queuedAt: Date; repliesAt: Date },
): Promise<void> {
  await db.query(
    sql`UPDATE call
        SET due_at = CASE state WHEN 'queued' THEN ${queuedAt}::timestamptz
                                WHEN 'ended' THEN greatest(due_at, ${repliesAt}::timestamptz)
                                ELSE ${now}::timestamptz END
        WHERE id IN (
          -- In the order in which whoever writes news locks calls, or each could wait for the other.
          SELECT id FROM call WHERE seat = ${name} AND settled_at IS NULL ORDER BY id FOR UPDATE)`,
  )
}

function leaseFrom(now: Date): Date {
  return new Date(now.getTime() + LEASE_MS)
}
