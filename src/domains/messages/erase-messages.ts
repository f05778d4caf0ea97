import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { EmailSender } from '../../providers/email/index.ts'
import type { SmsSender } from '../../providers/sms/index.ts'
import type { World } from '../world.ts'
import { ERASED } from './message-row.ts'

/**
 * Erases where messages to contacts went and what providers said of them. Copies in outboxes are removed by `sweepOutboxes`.
 * That messages were sent, when, and what came of them stays. Returns the addresses.
 */
export async function eraseMessagesOf(tx: Tx, workspaceId: string, contactIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string; address: string }>(
    sql`SELECT id, address FROM outbound_message
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[]) AND address IS NOT NULL
        ORDER BY id FOR UPDATE`,
  )
  await tx.query(
    sql`WITH erased AS (
          UPDATE outbound_message
          SET address = NULL, failure = CASE WHEN failure IS NOT NULL THEN ${ERASED} END
          WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${rows.map(({ id }) => id)}::uuid[])
          RETURNING id
        )
        INSERT INTO outbox_erasure (message_id, workspace_id) SELECT id, ${workspaceId}::uuid FROM erased
        ON CONFLICT DO NOTHING`,
  )
  return [...new Set(rows.map(({ address }) => address))]
}

const BATCH = 1_000

/**
 * A due check: removes the copies of erased messages from outboxes. One that is on its way is waited for. Returns how many
 * there were.
 */
export async function sweepOutboxes(
  world: World,
  { sms, email }: { sms: SmsSender; email: EmailSender },
): Promise<number> {
  const erased = await world.db.query<{ id: string; kind: string }>(
    sql`SELECT m.id, c.kind::text FROM outbox_erasure e
        JOIN outbound_message m ON m.workspace_id = e.workspace_id AND m.id = e.message_id AND m.due_at IS NULL
        JOIN campaign c ON c.workspace_id = m.workspace_id AND c.id = m.campaign_id
        ORDER BY e.message_id LIMIT ${BATCH}`,
  )
  if (erased.length === 0) return 0
  const idsOf = (kind: string) => erased.flatMap((row) => (row.kind === kind ? [row.id] : []))
  await sms.forget?.(idsOf('sms_broadcast'))
  await email.forget?.(idsOf('email_broadcast'))
  await world.db.query(sql`DELETE FROM outbox_erasure WHERE message_id = ANY(${erased.map(({ id }) => id)}::uuid[])`)
  return erased.length
}
