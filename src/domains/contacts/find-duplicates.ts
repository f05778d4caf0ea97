import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

export interface DuplicateGroup {
  /** What they have in common. */
  by: 'phone' | 'email'
  /** E.164, or an e-mail address in lower case. */
  value: string
  /** In the order of their numbers, at most 100. */
  contactIds: string[]
}

/**
 * Living contacts that have a telephone number or an e-mail address in common, one group per number and address, in
 * the order of the values, after (exclusive) the place of an earlier group. One statement over two indexes.
 */
export async function findDuplicates(
  db: Queryable,
  workspaceId: string,
  after: { by: 'phone' | 'email'; value: string } | null,
  limit: number,
): Promise<DuplicateGroup[]> {
  return db.query<DuplicateGroup>(
    sql`SELECT by, value, ids[1:100]::text[] AS "contactIds" FROM (
          (SELECT 'email' AS by, lower(email) AS value, array_agg(id ORDER BY legacy_id) AS ids FROM contact
           WHERE workspace_id = ${workspaceId}::uuid AND email IS NOT NULL AND deleted_at IS NULL
           GROUP BY lower(email) HAVING count(*) > 1)
          UNION ALL
          (SELECT 'phone', phone, array_agg(id ORDER BY legacy_id) FROM contact
           WHERE workspace_id = ${workspaceId}::uuid AND phone IS NOT NULL AND deleted_at IS NULL
           GROUP BY phone HAVING count(*) > 1)
        ) duplicates
        WHERE ${after === null}::boolean
           OR (by COLLATE "C", value COLLATE "C") > (${after?.by ?? ''}::text COLLATE "C", ${after?.value ?? ''}::text COLLATE "C")
        ORDER BY by COLLATE "C", value COLLATE "C" LIMIT ${limit}::int`,
  )
}
