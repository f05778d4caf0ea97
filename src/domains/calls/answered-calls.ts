import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

export interface AnsweredCall {
  id: string
  receiverId: string
  /** Null once the person was erased. */
  phone: string | null
  at: Date
}

/** Of these calls, and of all calls of these receivers, those that somebody answered. */
export async function findAnsweredCalls(
  db: Queryable,
  workspaceId: string,
  { callIds, receiverIds }: { callIds: readonly string[]; receiverIds: readonly string[] },
): Promise<AnsweredCall[]> {
  if (callIds.length + receiverIds.length === 0) return []
  return db.query(
    sql`SELECT id, receiver_id AS "receiverId", phone, coalesce(answered_at, ended_at) AS at FROM call
        WHERE workspace_id = ${workspaceId}::uuid
          AND (id = ANY(${callIds}::uuid[]) OR receiver_id = ANY(${receiverIds}::uuid[]))
          AND (answered_at IS NOT NULL OR cause = 'answered')`,
  )
}
