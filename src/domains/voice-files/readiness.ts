import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { isUuid } from '../../platform/ids.ts'
import type { VoiceFileStatus } from './store.ts'

export interface Readiness {
  status: VoiceFileStatus
  /** Null until ready. */
  durationMs: number | null
}

/** Of each of the voice files that exist: whether it can be played. For whoever dials: it asks for no scope. */
export async function readinessOf(
  db: Queryable,
  workspaceId: string,
  ids: readonly string[],
): Promise<Map<string, Readiness>> {
  const uuids = ids.filter(isUuid)
  if (uuids.length === 0) return new Map()
  const rows = await db.query<{ id: string; status: VoiceFileStatus; duration_seconds: number | null }>(
    sql`SELECT id, status, duration_seconds FROM voice_file
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${uuids}::uuid[]) AND deleted_at IS NULL`,
  )
  return new Map(
    rows.map(({ id, status, duration_seconds: seconds }) => [
      id,
      { status, durationMs: seconds === null ? null : Math.ceil(seconds * 1_000) },
    ]),
  )
}

/**
 * Which of the voice files exist. They cannot be deleted until the transaction ends, so that whoever says in it that a
 * campaign plays them is not overtaken by their deletion.
 */
export async function holdVoiceFiles(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await tx.query<{ id: string }>(
    sql`SELECT id FROM voice_file
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[]) AND deleted_at IS NULL
        ORDER BY id FOR SHARE`,
  )
  return new Set(rows.map((row) => row.id))
}
