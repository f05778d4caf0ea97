import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

/** What recordings are, whichever provider made them. */
export const RECORDING_MEDIA_TYPE = 'audio/wav'

/** Where the bytes of a recording lie: made of ids only, so that whatever runs twice writes and removes the same object. */
export function recordingKey(workspaceId: string, id: string): string {
  return `recordings/${workspaceId}/${id}.wav`
}

/** A recording that can be played; undefined while it is with the provider, when it is lost, or of another workspace. */
export async function findRecording(
  db: Queryable,
  workspaceId: string,
  id: string,
): Promise<{ storage_key: string; media_type: string; size: number } | undefined> {
  const [row] = await db.query<{ size: number }>(
    sql`SELECT size FROM recording
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND state = 'ready' AND size IS NOT NULL`,
  )
  return row && { storage_key: recordingKey(workspaceId, id), media_type: RECORDING_MEDIA_TYPE, size: row.size }
}
