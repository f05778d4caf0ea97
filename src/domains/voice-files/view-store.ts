import type { Queryable } from '../../db/database.ts'
import { instantText, type Sql, sql } from '../../db/sql.ts'
import type { VoiceFileFailure, VoiceFileKind, VoiceFileStatus } from './store.ts'

/** A voice file as those who own it see it. Instants are texts with microseconds, such as `2026-02-22T17:15:55.291121Z`. */
export interface VoiceFileView {
  id: string
  legacyId: number
  name: string
  description: string | null
  kind: VoiceFileKind
  text: string | null
  voice: string | null
  fileName: string | null
  status: VoiceFileStatus
  failure: VoiceFileFailure | null
  failureMessage: string | null
  durationSeconds: number | null
  /** Of the original; null until ready. */
  mediaType: string | null
  /** Bytes of the original. */
  size: number | null
  createdAt: string
  updatedAt: string
}

const view = sql`SELECT f.id, f.legacy_id AS "legacyId", f.name, f.description, f.kind::text AS kind, f.text, f.voice,
  f.file_name AS "fileName", f.status::text AS status, f.failure::text AS failure,
  f.failure_message AS "failureMessage", f.duration_seconds AS "durationSeconds", f.media_type AS "mediaType", f.size,
  ${instantText(sql`f.created_at`)} AS "createdAt", ${instantText(sql`f.updated_at`)} AS "updatedAt" FROM voice_file f`

const living = (workspaceId: string): Sql => sql`f.workspace_id = ${workspaceId}::uuid AND f.deleted_at IS NULL`

export async function selectView(
  db: Queryable,
  workspaceId: string,
  id: string | number,
): Promise<VoiceFileView | undefined> {
  const named = typeof id === 'number' ? sql`f.legacy_id = ${id}::int` : sql`f.id = ${id}::uuid`
  const [row] = await db.query<VoiceFileView>(sql`${view} WHERE ${living(workspaceId)} AND ${named}`)
  return row
}

/** Oldest first. A null `limit` is none. */
export async function selectViews(
  db: Queryable,
  workspaceId: string,
  offset: number,
  limit: number | null,
): Promise<VoiceFileView[]> {
  return db.query<VoiceFileView>(
    sql`${view} WHERE ${living(workspaceId)} ORDER BY f.legacy_id OFFSET ${offset}::bigint LIMIT ${limit}::bigint`,
  )
}
