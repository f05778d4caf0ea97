import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { World } from '../world.ts'

/**
 * Forgets what is personal in the calls of erased contacts: the number, the digits, what was answered by keys, and what
 * they said, whose bytes go with the next look at recordings. A call that is under way goes on by what was answered in it,
 * and forgets it when it is settled. That there were calls, how long and what they cost stays. Returns the numbers.
 */
export async function eraseCallsOf(
  { clock }: Pick<World, 'clock'>,
  tx: Tx,
  workspaceId: string,
  contactIds: readonly string[],
): Promise<string[]> {
  const rows = await tx.query<{ id: string; phone: string | null }>(
    sql`SELECT id, phone FROM call WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[])
        ORDER BY id FOR UPDATE`,
  )
  await tx.query(
    sql`UPDATE call SET phone = NULL, digits = NULL, flow = CASE WHEN settled_at IS NULL THEN flow END
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[])`,
  )
  await tx.query(
    sql`UPDATE recording SET state = 'lost', duration_ms = NULL, size = NULL, due_at = ${clock.now()}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND call_id IN (
          SELECT id FROM call WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[]))`,
  )
  return [...new Set(rows.flatMap(({ phone }) => (phone === null ? [] : [phone])))]
}

/**
 * Forgets what was said and pressed in the calls that brought a response, and in all of its respondent's where that has
 * no other. Recordings go with the next look at them. A call that is under way goes on by what was answered in it, and
 * forgets it when it is settled; so does one of which news may still come, but for what it came to.
 */
export async function eraseSpeechOf(
  { clock }: Pick<World, 'clock'>,
  tx: Tx,
  workspaceId: string,
  responseId: string,
): Promise<void> {
  const calls = await tx.query<{ id: string }>(
    sql`SELECT id FROM call
        WHERE workspace_id = ${workspaceId}::uuid AND (
          id IN (SELECT a.call_id FROM answer a
                 WHERE a.workspace_id = ${workspaceId}::uuid AND a.response_id = ${responseId}::uuid)
          -- Under way, without an answer yet.
          OR settled_at IS NULL AND respondent_id IN (
            SELECT r.respondent_id FROM response r
            WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ${responseId}::uuid AND r.status = 'started')
          OR respondent_id IN (
            SELECT r.respondent_id FROM response r
            WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ${responseId}::uuid AND NOT EXISTS (
              SELECT 1 FROM response o WHERE o.workspace_id = r.workspace_id AND o.respondent_id = r.respondent_id
                AND o.id <> r.id)))
        ORDER BY id FOR UPDATE`,
  )
  const ids = calls.map((call) => call.id)
  if (ids.length === 0) return
  await tx.query(
    sql`UPDATE call
        SET digits = NULL,
            flow = CASE
              WHEN settled_at IS NULL THEN flow::jsonb || '{"forgotten": true}'
              WHEN script IS NOT NULL
                THEN jsonb_set(flow::jsonb || '{"forgotten": true, "digits": null}', '{survey,answers}', '{}') END
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
  await tx.query(
    sql`UPDATE recording SET state = 'lost', duration_ms = NULL, size = NULL, due_at = ${clock.now()}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND call_id = ANY(${ids}::uuid[])`,
  )
}
