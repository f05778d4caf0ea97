import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

/** A workspace's own budget; null tokens: as many as are wanted. */
export interface BudgetRow {
  monthly_tokens: number | null
}

export interface SpendRow {
  requests: number
  input_tokens: number
  output_tokens: number
  reserved_tokens: number
  exhausted_at: Date | null
}

/** Undefined where the server's default counts. */
export async function findBudget(db: Queryable, workspaceId: string): Promise<BudgetRow | undefined> {
  const [row] = await db.query<BudgetRow>(
    sql`SELECT monthly_tokens::float8 AS monthly_tokens FROM insight_budget WHERE workspace_id = ${workspaceId}::uuid`,
  )
  return row
}

export async function saveBudget(tx: Tx, workspaceId: string, monthlyTokens: number | null, now: Date): Promise<void> {
  await tx.query(
    sql`INSERT INTO insight_budget (workspace_id, monthly_tokens, updated_at)
        VALUES (${workspaceId}::uuid, ${monthlyTokens}::bigint, ${now}::timestamptz)
        ON CONFLICT (workspace_id) DO UPDATE SET monthly_tokens = excluded.monthly_tokens, updated_at = excluded.updated_at`,
  )
}

export async function removeBudget(tx: Tx, workspaceId: string): Promise<void> {
  await tx.query(sql`DELETE FROM insight_budget WHERE workspace_id = ${workspaceId}::uuid`)
}

/** `month` is its first day, `2026-11-01`. Reservations of the dead do not count. */
export async function readSpend(
  db: Queryable,
  workspaceId: string,
  month: string,
  now: Date,
): Promise<SpendRow | undefined> {
  const [row] = await db.query<SpendRow>(
    sql`SELECT requests, input_tokens::float8 AS input_tokens, output_tokens::float8 AS output_tokens, exhausted_at,
               (SELECT coalesce(sum(tokens), 0)::float8 FROM insight_reservation
                WHERE workspace_id = ${workspaceId}::uuid AND month = ${month}::date AND expires_at > ${now}::timestamptz
               ) AS reserved_tokens
        FROM insight_spend WHERE workspace_id = ${workspaceId}::uuid AND month = ${month}::date`,
  )
  return row
}

/** The month has a row from then on. */
export async function beginMonth(db: Queryable, workspaceId: string, month: string): Promise<void> {
  await db.query(
    sql`INSERT INTO insight_spend (workspace_id, month) VALUES (${workspaceId}::uuid, ${month}::date)
        ON CONFLICT DO NOTHING`,
  )
}

/** Gives back what the dead had reserved, of whatever month. */
export async function releaseExpired(db: Queryable, workspaceId: string, now: Date): Promise<void> {
  await db.query(
    sql`WITH dead AS (
          DELETE FROM insight_reservation
          WHERE workspace_id = ${workspaceId}::uuid AND expires_at <= ${now}::timestamptz RETURNING month, tokens
        )
        UPDATE insight_spend s SET reserved_tokens = s.reserved_tokens - d.tokens
        FROM (SELECT month, sum(tokens)::bigint AS tokens FROM dead GROUP BY month) d
        WHERE s.workspace_id = ${workspaceId}::uuid AND s.month = d.month`,
  )
}

export interface NewReservation {
  id: string
  workspaceId: string
  month: string
  tokens: number
  expiresAt: Date
}

/**
 * Takes the tokens if the month has room for them, in one statement: of two at once the second waits for the row and
 * sees what the first took. False when there is no room.
 */
export async function reserveTokens(
  db: Queryable,
  reservation: NewReservation,
  limit: number | null,
): Promise<boolean> {
  const { id, workspaceId, month, tokens, expiresAt } = reservation
  const rows = await db.query(
    sql`WITH taken AS (
          UPDATE insight_spend SET reserved_tokens = reserved_tokens + ${tokens}::bigint, requests = requests + 1
          WHERE workspace_id = ${workspaceId}::uuid AND month = ${month}::date
            AND (${limit}::bigint IS NULL
                 OR input_tokens + output_tokens + reserved_tokens + ${tokens}::bigint <= ${limit}::bigint)
          RETURNING workspace_id
        )
        INSERT INTO insight_reservation (id, workspace_id, month, tokens, expires_at)
        SELECT ${id}::uuid, workspace_id, ${month}::date, ${tokens}::bigint, ${expiresAt}::timestamptz FROM taken
        RETURNING id`,
  )
  return rows.length > 0
}

/** Turns a reservation into what was used; one that has expired is booked all the same. */
export async function bookTokens(
  db: Queryable,
  { id, workspaceId, month }: Pick<NewReservation, 'id' | 'workspaceId' | 'month'>,
  { inputTokens, outputTokens }: { inputTokens: number; outputTokens: number },
): Promise<void> {
  await db.query(
    sql`WITH gone AS (
          DELETE FROM insight_reservation WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid RETURNING tokens
        )
        UPDATE insight_spend
        SET reserved_tokens = reserved_tokens - coalesce((SELECT tokens FROM gone), 0),
            input_tokens = input_tokens + ${inputTokens}::bigint, output_tokens = output_tokens + ${outputTokens}::bigint
        WHERE workspace_id = ${workspaceId}::uuid AND month = ${month}::date`,
  )
}

/** True for the first one who finds that what was used leaves no room for `tokens`. */
export async function markExhausted(
  tx: Tx,
  { workspaceId, month, tokens }: Pick<NewReservation, 'workspaceId' | 'month' | 'tokens'>,
  limit: number,
  now: Date,
): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE insight_spend SET exhausted_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND month = ${month}::date AND exhausted_at IS NULL
          AND input_tokens + output_tokens + ${tokens}::bigint > ${limit}::bigint
        RETURNING month`,
  )
  return rows.length > 0
}
