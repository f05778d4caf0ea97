import type { Queryable } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'

/** Workspaces with messages. */
export function findPools(db: Queryable): Promise<{ workspaceId: string }[]> {
  return db.query(sql`SELECT workspace_id AS "workspaceId" FROM message_pool ORDER BY workspace_id`)
}

/** An end in silence that is not kept by word yet. */
export interface UnsettledEnd {
  conversationId: string
  at: Date
  /** Whether nothing was written to its conversation since the moment that was asked for. */
  isQuiet: boolean
}

/** A place among them, in the order in which they are gone through. */
export type EndPlace = Pick<UnsettledEnd, 'at' | 'conversationId'>

/** The next ones that are not later than `silence`, oldest first. */
export function pageOfUnsettled(
  db: Queryable,
  workspaceId: string,
  { silence, quiet }: { silence: Date; quiet: Date },
  after: EndPlace,
  limit: number,
): Promise<UnsettledEnd[]> {
  return db.query(
    sql`SELECT f.entity_id AS "conversationId", f.at, c.updated_at <= ${quiet}::timestamptz AS "isQuiet"
        FROM metric_fact f
        CROSS JOIN LATERAL (SELECT updated_at FROM conversation WHERE id = f.entity_id OFFSET 0) c
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.kind = 'U' AND f.word_id = 0 AND f.at <= ${silence}::timestamptz
          AND f.at >= ${after.at}::timestamptz
          AND (f.at, f.entity_id) > (${after.at}::timestamptz, ${after.conversationId}::uuid)
        ORDER BY f.at, f.entity_id LIMIT ${limit}::int`,
  )
}

export function markSettled(workspaceId: string, ids: readonly string[]): Sql {
  return sql`UPDATE conversation SET settled = true WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`
}
