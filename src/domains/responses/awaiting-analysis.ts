import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

/**
 * Which of these responses may still be said something of: those that are analysed here at present, and, for whoever
 * waits for analysers `elsewhere` (the default), those with recordings and no finished analysis. Where nothing here
 * `understands`, an analysis only listens, and finds nothing in a response without recordings.
 */
export async function awaitingAnalysis(
  db: Queryable,
  workspaceId: string,
  responseIds: readonly string[],
  { elsewhere = true, understands = true }: { elsewhere?: boolean; understands?: boolean } = {},
): Promise<ReadonlySet<string>> {
  const rows = await db.query<{ id: string }>(
    sql`SELECT r.id FROM response r
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ANY(${responseIds}::uuid[])
          AND (r.analysis = 'pending' AND ${understands} OR EXISTS (
            SELECT 1 FROM answer a
            WHERE a.workspace_id = r.workspace_id AND a.response_id = r.id AND a.upload_id IS NOT NULL
              AND a.question_type IN ('voice', 'voice_text_fallback')
              AND (r.analysis = 'pending' OR ${elsewhere} AND r.analyzed_at IS NULL)
          ))`,
  )
  return new Set(rows.map((row) => row.id))
}
