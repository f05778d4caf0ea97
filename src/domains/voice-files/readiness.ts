import type { Queryable } from '../../db/database.ts'
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
