import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import { monthOf } from './questions.ts'

/**
 * Holds what a workspace spends this month until the transaction ends. Whoever begins attempts holds it before judging,
 * so that a spend cap and a cap on contacts are counted together by all campaigns of the workspace.
 */
export async function holdSpend(tx: Tx, workspaceId: string, now: Date): Promise<void> {
  const month = monthOf(now)
  await tx.query(
    sql`INSERT INTO spend (workspace_id, month, amount) VALUES (${workspaceId}::uuid, ${month}::date, 0)
        ON CONFLICT DO NOTHING`,
  )
  await tx.query(sql`SELECT FROM spend WHERE workspace_id = ${workspaceId}::uuid AND month = ${month}::date FOR UPDATE`)
}

/** Adds to what a workspace spends in the months of the instants given; ten-thousandths of a cent, negative to give back. */
export async function addSpend(
  tx: Tx,
  workspaceId: string,
  amounts: readonly { at: Date; units: number }[],
): Promise<void> {
  const months = new Map<string, number>()
  for (const { at, units } of amounts) months.set(monthOf(at), (months.get(monthOf(at)) ?? 0) + units)
  const rows = [...months].flatMap(([month, units]) => (units === 0 ? [] : [{ month, units }]))
  if (rows.length === 0) return
  await tx.query(
    sql`INSERT INTO spend (workspace_id, month, amount)
        SELECT ${workspaceId}::uuid, m.month, m.units
        FROM jsonb_to_recordset(${json(rows)}::jsonb) AS m(month date, units bigint) ORDER BY m.month
        ON CONFLICT (workspace_id, month) DO UPDATE SET amount = spend.amount + excluded.amount`,
  )
}

/** How soon one looks again at what could be spent, when nothing tells that somebody has raised a cap. */
const BROKE_MS = 10 * 60_000

/** When it is worth looking again whether a workspace may spend more: at the latest as a month begins, which is counted anew. */
export function moneyAgainAt(now: Date): Date {
  const later = new Date(now.getTime() + BROKE_MS)
  const month = new Date(`${monthOf(now)}T00:00:00Z`)
  month.setUTCMonth(month.getUTCMonth() + 1)
  return month < later ? month : later
}
