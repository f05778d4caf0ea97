import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { AudioRefusal } from '../../providers/audio/index.ts'
import type { VoiceFileForm } from './storage-keys.ts'

export type VoiceFileKind = 'upload' | 'speech'
export type VoiceFileStatus = 'pending' | 'ready' | 'failed'
export type VoiceFileFailure = Exclude<AudioRefusal, 'unavailable'> | 'speech_failed'

export interface NewVoiceFile {
  id: string
  workspaceId: string
  legacyId: number
  name: string
  description: string | null
  kind: VoiceFileKind
  text: string | null
  voice: string | null
  fileName: string | null
  size: number | null
  sha256: string | null
  now: Date
  dueAt: Date
}

/** Pending, until `dueAt` at the latest. */
export async function insertVoiceFile(tx: Tx, file: NewVoiceFile): Promise<void> {
  await tx.query(
    sql`INSERT INTO voice_file (id, workspace_id, legacy_id, name, description, kind, text, voice, file_name, size, sha256,
                                status, due_at, created_at, updated_at)
        VALUES (${file.id}::uuid, ${file.workspaceId}::uuid, ${file.legacyId}::int, ${file.name}, ${file.description},
                ${file.kind}::voice_file_kind, ${file.text}, ${file.voice}, ${file.fileName}, ${file.size}::int,
                ${file.sha256}, 'pending', ${file.dueAt}::timestamptz, ${file.now}::timestamptz, ${file.now}::timestamptz)`,
  )
}

/** False when there is no such voice file. Absent changes leave what is there. */
export async function updateNaming(
  tx: Tx,
  workspaceId: string,
  id: string,
  changes: { name?: string | undefined; description?: string | null | undefined },
  now: Date,
): Promise<boolean> {
  const { name, description } = changes
  const rows = await tx.query(
    sql`UPDATE voice_file
        SET name = coalesce(${name ?? null}::text, name),
            description = CASE WHEN ${description !== undefined}::boolean THEN ${description ?? null}::text
                               ELSE description END,
            updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL RETURNING id`,
  )
  return rows.length > 0
}

/** Takes it out of all reads and leaves it to the sweep. False when there is no such voice file. */
export async function markDeleted(tx: Tx, workspaceId: string, id: string, now: Date): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE voice_file SET deleted_at = ${now}::timestamptz, due_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL RETURNING id`,
  )
  return rows.length > 0
}

/** Campaigns that are not completed and play it, oldest first. */
export async function campaignsPlaying(tx: Tx, workspaceId: string, id: string, limit: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    sql`SELECT c.id FROM campaign_voice_file f
        JOIN campaign c ON c.workspace_id = f.workspace_id AND c.id = f.campaign_id
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.voice_file_id = ${id}::uuid
          AND c.state <> 'completed' AND c.deleted_at IS NULL
        ORDER BY c.id LIMIT ${limit}::int`,
  )
  return rows.map((row) => row.id)
}

export interface PendingRow {
  id: string
  workspace_id: string
  text: string | null
  voice: string | null
}

export async function findPending(db: Queryable, workspaceId: string, id: string): Promise<PendingRow | undefined> {
  const [row] = await db.query<PendingRow>(
    sql`SELECT id, workspace_id, text, voice FROM voice_file
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND status = 'pending' AND deleted_at IS NULL`,
  )
  return row
}

export async function isLiving(db: Queryable, workspaceId: string, id: string): Promise<boolean> {
  const rows = await db.query(
    sql`SELECT id FROM voice_file
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL`,
  )
  return rows.length > 0
}

/** False when it is pending no more. */
export async function markReady(
  tx: Tx,
  file: { id: string; workspace_id: string },
  facts: {
    durationSeconds: number
    mediaType: string
    size: number
    sha256: string
    mp3Size: number
    wavSize: number
  },
  now: Date,
): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE voice_file
        SET status = 'ready', due_at = NULL, duration_seconds = ${facts.durationSeconds}::float8,
            media_type = ${facts.mediaType}, size = ${facts.size}::int, sha256 = ${facts.sha256},
            mp3_size = ${facts.mp3Size}::int, wav_size = ${facts.wavSize}::int, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${file.workspace_id}::uuid AND id = ${file.id}::uuid AND status = 'pending'
          AND deleted_at IS NULL RETURNING id`,
  )
  return rows.length > 0
}

/** False when it is pending no more. */
export async function markFailed(
  tx: Tx,
  file: { id: string; workspace_id: string },
  failure: VoiceFileFailure,
  message: string,
  now: Date,
): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE voice_file
        SET status = 'failed', due_at = NULL, failure = ${failure}::voice_file_failure, failure_message = ${message},
            updated_at = ${now}::timestamptz
        WHERE workspace_id = ${file.workspace_id}::uuid AND id = ${file.id}::uuid AND status = 'pending'
          AND deleted_at IS NULL RETURNING id`,
  )
  return rows.length > 0
}

/** Takes up to `limit` that are due for this process: their next turn moves to `nextTurn`, in case it dies. */
export async function claimDue(
  db: Queryable,
  now: Date,
  nextTurn: Date,
  limit: number,
): Promise<{ id: string; workspace_id: string; deleted: boolean }[]> {
  return db.query(
    sql`UPDATE voice_file SET due_at = ${nextTurn}::timestamptz
        WHERE id IN (SELECT id FROM voice_file WHERE due_at <= ${now}::timestamptz
                     ORDER BY due_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)
        RETURNING id, workspace_id, deleted_at IS NOT NULL AS deleted`,
  )
}

export async function deleteRow(db: Queryable, workspaceId: string, id: string): Promise<void> {
  await db.query(
    sql`DELETE FROM voice_file
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NOT NULL`,
  )
}

export async function insertArrival(
  db: Queryable,
  { id, workspaceId, dueAt }: { id: string; workspaceId: string; dueAt: Date },
): Promise<void> {
  await db.query(
    sql`INSERT INTO voice_file_arrival (id, workspace_id, due_at)
        VALUES (${id}::uuid, ${workspaceId}::uuid, ${dueAt}::timestamptz)`,
  )
}

/** Forgets arrivals that become voice files. Returns how many of them the sweep had not taken. */
export async function forgetArrivals(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<number> {
  const rows = await tx.query(
    sql`DELETE FROM voice_file_arrival
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[]) AND NOT discarded RETURNING id`,
  )
  return rows.length
}

/** Leaves arrivals to the sweep. */
export async function discardArrivals(
  db: Queryable,
  workspaceId: string,
  ids: readonly string[],
  now: Date,
): Promise<void> {
  await db.query(
    sql`UPDATE voice_file_arrival SET discarded = true, due_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
}

/** Those of the ids that are no voice file. */
export async function notStored(db: Queryable, workspaceId: string, ids: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    sql`SELECT id FROM unnest(${ids}::uuid[]) AS begun(id)
        WHERE NOT EXISTS (SELECT 1 FROM voice_file f WHERE f.workspace_id = ${workspaceId}::uuid AND f.id = begun.id)`,
  )
  return rows.map((row) => row.id)
}

/** As `claimDue`; what is claimed can become no voice file any more. */
export async function claimDueArrivals(
  db: Queryable,
  now: Date,
  nextTurn: Date,
  limit: number,
): Promise<{ id: string; workspace_id: string }[]> {
  return db.query(
    sql`UPDATE voice_file_arrival SET discarded = true, due_at = ${nextTurn}::timestamptz
        WHERE id IN (SELECT id FROM voice_file_arrival WHERE due_at <= ${now}::timestamptz
                     ORDER BY due_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)
        RETURNING id, workspace_id`,
  )
}

export async function deleteArrival(db: Queryable, workspaceId: string, id: string): Promise<void> {
  await db.query(
    sql`DELETE FROM voice_file_arrival WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND discarded`,
  )
}

/** What plays a form of a ready voice file; undefined when there is none in the workspace. */
export async function selectForm(
  db: Queryable,
  workspaceId: string,
  id: string,
  form: VoiceFileForm,
): Promise<{ media_type: string; size: number } | undefined> {
  const [row] = await db.query<{ media_type: string; size: number; mp3_size: number; wav_size: number }>(
    sql`SELECT media_type, size, mp3_size, wav_size FROM voice_file
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND status = 'ready' AND deleted_at IS NULL`,
  )
  if (!row) return undefined
  switch (form) {
    case 'original':
      return { media_type: row.media_type, size: row.size }
    case 'mp3':
      return { media_type: 'audio/mpeg', size: row.mp3_size }
    case 'wav':
      return { media_type: 'audio/wav', size: row.wav_size }
  }
}
