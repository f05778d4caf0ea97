import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { isLegacyId } from '../legacy-id.ts'

/** The UUIDs of voice files by their numbers; unknown numbers are missing. For whoever names them: it asks for no scope. */
export async function voiceFileIds(
  db: Queryable,
  workspaceId: string,
  numbers: readonly number[],
): Promise<Map<number, string>> {
  const wanted = numbers.filter(isLegacyId)
  if (wanted.length === 0) return new Map()
  const rows = await db.query<{ id: string; legacy_id: number }>(
    sql`SELECT id, legacy_id FROM voice_file
        WHERE workspace_id = ${workspaceId}::uuid AND legacy_id = ANY(${wanted}::int[]) AND deleted_at IS NULL`,
  )
  return new Map(rows.map((row) => [row.legacy_id, row.id]))
}

/** The numbers of voice files by their UUIDs, of deleted ones as well: history names them. It asks for no scope. */
export async function voiceFileNumbers(
  db: Queryable,
  workspaceId: string,
  ids: readonly string[],
): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map()
  const rows = await db.query<{ id: string; legacy_id: number }>(
    sql`SELECT id, legacy_id FROM voice_file
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
  return new Map(rows.map((row) => [row.id, row.legacy_id]))
}
