import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { MessageChannel } from './deps.ts'

export interface SentMessage {
  id: string
  receiverId: string
  channel: MessageChannel
  /** Null once the person was erased. */
  address: string | null
  /** As its campaign named it; null: the server's own. */
  sender: string | null
  /** Null: nobody knows whether it was sent. */
  sentAt: Date | null
}

/** Messages by id, without those that were not handed over. */
export async function findSentMessages(
  db: Queryable,
  workspaceId: string,
  ids: readonly string[],
): Promise<SentMessage[]> {
  if (ids.length === 0) return []
  return db.query(
    sql`SELECT m.id, m.receiver_id AS "receiverId", m.address, m.sent_at AS "sentAt",
               CASE c.kind WHEN 'email_broadcast' THEN 'email' ELSE 'sms' END AS channel,
               CASE c.kind WHEN 'email_broadcast' THEN c.content->>'fromEmail' ELSE c.content->>'sender' END AS sender
        FROM outbound_message m JOIN campaign c ON c.workspace_id = m.workspace_id AND c.id = m.campaign_id
        WHERE m.workspace_id = ${workspaceId}::uuid AND m.id = ANY(${ids}::uuid[]) AND m.state <> 'queued'`,
  )
}
