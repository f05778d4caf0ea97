import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { World } from '../world.ts'

/**
 * Forgets what is personal in the calls of erased contacts: the number, the digits, and what they said, whose bytes go
 * with the next look at recordings. That there were calls, how long and what they cost stays.
 */
export async function eraseCallsOf(
  { clock }: Pick<World, 'clock'>,
  tx: Tx,
  workspaceId: string,
  contactIds: readonly string[],
): Promise<void> {
  await tx.query(
    sql`UPDATE call SET phone = NULL, digits = NULL
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[])`,
  )
  await tx.query(
    sql`UPDATE recording SET state = 'lost', duration_ms = NULL, size = NULL, due_at = ${clock.now()}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND call_id IN (
          SELECT id FROM call WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[]))`,
  )
}
