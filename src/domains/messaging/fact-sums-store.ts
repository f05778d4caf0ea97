import type { Tx } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { type FactSums, NEVER } from './fact-sums.ts'

const DAY_SECONDS = 86_400
/** Seconds since 1970 of a day since 1970. */
const startOf = (day: number) => new Date(day * DAY_SECONDS * 1_000).toISOString()

/** Adds to the sums of days. Nobody else may: the pool is held. */
export function addFactSums(workspaceId: string, sums: FactSums): (Sql | undefined)[] {
  const [days, presence] = [sums.days(), sums.presence()]
  return [
    days.length === 0
      ? undefined
      : sql`INSERT INTO metric_day AS s (workspace_id, kind, word_id, day, count, ms, open_ms)
            SELECT ${workspaceId}::uuid, n.*
            FROM unnest(${days.map(({ kind }) => kind)}::text[], ${days.map(({ wordId }) => wordId)}::int[],
                   ${days.map(({ day }) => day)}::int[], ${days.map(({ count }) => count)}::int[],
                   ${days.map(({ ms }) => ms)}::bigint[], ${days.map(({ openMs }) => openMs)}::bigint[]) AS n
            ON CONFLICT (workspace_id, kind, word_id, day) DO UPDATE
            SET count = s.count + excluded.count, ms = s.ms + excluded.ms, open_ms = s.open_ms + excluded.open_ms`,
    presence.length === 0
      ? undefined
      : sql`INSERT INTO metric_presence AS s (workspace_id, kind, country, grain, day, previous, count)
            SELECT ${workspaceId}::uuid, n.*
            FROM unnest(${presence.map(({ kind }) => kind)}::text[], ${presence.map(({ country }) => country)}::text[],
                   ${presence.map(({ grain }) => grain)}::smallint[], ${presence.map(({ day }) => day)}::int[],
                   ${presence.map(({ previous }) => previous)}::int[], ${presence.map(({ count }) => count)}::int[]) AS n
            ON CONFLICT (workspace_id, kind, country, grain, day, previous) DO UPDATE
            SET count = s.count + excluded.count`,
  ]
}

/**
 * Takes back what facts that are being removed count for in sums of days before `summedBefore`; to be followed by nothing
 * but the end of a statement whose `gone` holds them.
 */
export function takeFromPresence(workspaceId: string, summedBefore: number): Sql {
  return sql`INSERT INTO metric_presence AS s (workspace_id, kind, country, grain, day, previous, count)
    SELECT ${workspaceId}::uuid, kind, country, grain, day, previous, -count(*)::int
    FROM (${presenceOf(sql`gone`, sql`f.day < ${summedBefore}::int`)}) p GROUP BY kind, country, grain, day, previous
    ON CONFLICT (workspace_id, kind, country, grain, day, previous) DO UPDATE SET count = s.count + excluded.count`
}

/** What facts of presence (`f`) are counted under; FactSums counts the same. */
function presenceOf(facts: Sql, condition: Sql): Sql {
  return sql`SELECT f.kind, n.country, n.grain, f.day, n.previous
    FROM ${facts} f
    CROSS JOIN LATERAL (SELECT coalesce((extract(year FROM f.prev_at AT TIME ZONE 'UTC') * 12
                                         + extract(month FROM f.prev_at AT TIME ZONE 'UTC') - 1)::int, ${NEVER}::int) AS month) m
    CROSS JOIN LATERAL (VALUES ('', 1::smallint, m.month), (f.country, 1::smallint, m.month),
      ('', 0::smallint, floor(extract(epoch FROM f.prev_at) / ${DAY_SECONDS}::int)::int)) n(country, grain, previous)
    WHERE f.kind IN ('C', 'V', 'T') AND f.word_id = 0 AND f.tag_id = 0
      AND n.country IS NOT NULL AND n.previous IS NOT NULL AND ${condition}`
}

/** The facts (`f`) of days. Looked up by kind and word, as their index has them. */
function factsBetween(workspaceId: string, from: number, to: number): Sql {
  return sql`f.workspace_id = ${workspaceId}::uuid AND f.at >= ${startOf(from)}::timestamptz AND f.at < ${startOf(to)}::timestamptz`
}

function daySumsOf(workspaceId: string, from: number, to: number): Sql {
  return sql`SELECT f.kind, f.word_id, floor(extract(epoch FROM f.at) / ${DAY_SECONDS}::int)::int AS day, count(*)::int AS count,
      coalesce(sum(f.ms), 0)::bigint AS ms, coalesce(sum(f.open_ms), 0)::bigint AS open_ms
    FROM metric_fact f
    WHERE ${factsBetween(workspaceId, from, to)} AND f.kind IN ('R', 'E', 'S')
      AND f.word_id = ANY(ARRAY(SELECT 0 UNION ALL SELECT id FROM message_word WHERE workspace_id = ${workspaceId}::uuid))
    GROUP BY 1, 2, 3`
}

function presenceSumsOf(workspaceId: string, from: number, to: number): Sql {
  return sql`SELECT kind, country, grain, day, previous, count(*)::int AS count
    FROM (${presenceOf(sql`metric_fact`, factsBetween(workspaceId, from, to))}) p GROUP BY 1, 2, 3, 4, 5`
}

/** Sums up the facts of days (since 1970, half open) that are not summed up yet. */
export async function sumDays(tx: Tx, workspaceId: string, from: number, to: number): Promise<void> {
  await Promise.all([
    tx.query(
      sql`INSERT INTO metric_day (workspace_id, kind, word_id, day, count, ms, open_ms)
          SELECT ${workspaceId}::uuid, * FROM (${daySumsOf(workspaceId, from, to)}) n`,
    ),
    tx.query(
      sql`INSERT INTO metric_presence (workspace_id, kind, country, grain, day, previous, count)
          SELECT ${workspaceId}::uuid, * FROM (${presenceSumsOf(workspaceId, from, to)}) n`,
    ),
  ])
}

/** Removes the sums of days. */
export async function deleteDaySums(tx: Tx, workspaceId: string, from: number, to: number): Promise<void> {
  await Promise.all([
    tx.query(sql`DELETE FROM metric_day s WHERE ${sumsBetween(workspaceId, from, to)}`),
    tx.query(sql`DELETE FROM metric_presence s WHERE ${sumsBetween(workspaceId, from, to)}`),
  ])
}

function sumsBetween(workspaceId: string, from: number, to: number): Sql {
  return sql`s.workspace_id = ${workspaceId}::uuid AND s.day >= ${from}::int AND s.day < ${to}::int`
}

/** Sums of days that are other than the facts have it, with what they are and should be; those of nothing are none. */
export function findWrongDaySums(
  tx: Tx,
  workspaceId: string,
  from: number,
  to: number,
): Promise<{ what: string; stored: string | null; expected: string | null }[]> {
  return tx.query(
    sql`SELECT format('%s of word %s, day %s', kind, word_id, day) AS what,
               format('%s, %s ms, %s ms open', s.count, s.ms, s.open_ms) AS stored,
               format('%s, %s ms, %s ms open', n.count, n.ms, n.open_ms) AS expected
        FROM (SELECT * FROM metric_day s WHERE ${sumsBetween(workspaceId, from, to)} AND (s.count, s.ms, s.open_ms) <> (0, 0, 0)) s
        FULL JOIN (${daySumsOf(workspaceId, from, to)}) n USING (kind, word_id, day)
        WHERE (s.count, s.ms, s.open_ms) IS DISTINCT FROM (n.count, n.ms, n.open_ms)
        UNION ALL
        SELECT format('%s of country %L, day %s, before %s (%s)', kind, country, day, previous, grain),
               s.count::text, n.count::text
        FROM (SELECT * FROM metric_presence s WHERE ${sumsBetween(workspaceId, from, to)} AND s.count <> 0) s
        FULL JOIN (${presenceSumsOf(workspaceId, from, to)}) n USING (kind, country, grain, day, previous)
        WHERE s.count IS DISTINCT FROM n.count`,
  )
}

/** Sums of days from one (since 1970) on, of which there should be none. */
export function findDaySumsFrom(
  tx: Tx,
  workspaceId: string,
  from: number,
): Promise<{ what: string; stored: string | null; expected: string | null }[]> {
  return tx.query(
    sql`SELECT format('%s of word %s, day %s', kind, word_id, day) AS what, count::text AS stored, NULL::text AS expected
        FROM metric_day WHERE workspace_id = ${workspaceId}::uuid AND day >= ${from}::int
        UNION ALL
        SELECT format('%s of country %L, day %s, before %s (%s)', kind, country, day, previous, grain), count::text, NULL
        FROM metric_presence WHERE workspace_id = ${workspaceId}::uuid AND day >= ${from}::int`,
  )
}

/** The day (since 1970) of the first fact, and of the last message; null: there is none. */
export async function findFactDays(
  tx: Tx,
  workspaceId: string,
): Promise<{ firstFact: number | null; lastMessage: number | null }> {
  const first = (kind: string) =>
    sql`(SELECT at FROM metric_fact WHERE workspace_id = ${workspaceId}::uuid AND kind = ${kind} AND word_id = 0 ORDER BY at LIMIT 1)`
  const [row] = await tx.query<{ first: Date | null; last: Date | null }>(
    sql`SELECT least(${first('C')}, ${first('V')}, ${first('T')}, ${first('R')}, ${first('E')}, ${first('S')}) AS first,
               (SELECT time FROM message WHERE workspace_id = ${workspaceId}::uuid ORDER BY time DESC LIMIT 1) AS last`,
  )
  const dayOf = (at: Date | null) => at && Math.floor(at.getTime() / (DAY_SECONDS * 1_000))
  return { firstFact: dayOf(row!.first), lastMessage: dayOf(row!.last) }
}

export async function saveSummedBefore(tx: Tx, workspaceId: string, day: number): Promise<void> {
  await tx.query(sql`UPDATE message_pool SET summed_before = ${day}::int WHERE workspace_id = ${workspaceId}::uuid`)
}
