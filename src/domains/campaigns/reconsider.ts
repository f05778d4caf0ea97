import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

/**
 * Has all that waits in a workspace judged again at once, after a rule was changed that may have put it off; only the
 * wait between attempts stays. For the engine everything else is as it was.
 */
export async function reconsiderReceivers(tx: Tx, workspaceId: string, now: Date): Promise<void> {
  // Whoever changes receivers holds their campaign, and several in the order of their ids.
  const campaigns = await tx.query<{ id: string }>(
    sql`SELECT id FROM campaign
        WHERE workspace_id = ${workspaceId}::uuid AND state <> 'completed' AND deleted_at IS NULL
        ORDER BY id FOR UPDATE`,
  )
  const ids = campaigns.map(({ id }) => id)
  if (ids.length === 0) return
  await tx.query(
    sql`UPDATE receiver SET ready_at = greatest(retry_at, ${now}::timestamptz)
        WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ANY(${ids}::uuid[]) AND state = 'waiting'
          AND ready_at > greatest(retry_at, ${now}::timestamptz)`,
  )
  await tx.query(
    sql`UPDATE campaign SET due_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[]) AND state = 'active'
          AND (due_at IS NULL OR due_at > ${now}::timestamptz)`,
  )
}
