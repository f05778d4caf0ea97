import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

export interface SoundRow {
  id: string
  workspace_id: string
  storage_key: string
  /** Null of one that was stored before sounds were prepared. */
  sound_state: 'pending' | 'ready' | 'failed' | null
}

/** An upload that has all its bytes and was not discarded. */
export async function findSound(db: Queryable, workspaceId: string, id: string): Promise<SoundRow | undefined> {
  const [row] = await db.query<SoundRow>(
    sql`SELECT id, workspace_id, storage_key, sound_state::text FROM upload
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND state = 'ready'`,
  )
  return row
}

/** Says that forms may be written until then. False when nobody wants them any more. */
export async function beginSound(db: Queryable, { workspace_id, id }: SoundRow, until: Date): Promise<boolean> {
  const rows = await db.query(
    sql`UPDATE upload SET preparing_until = greatest(preparing_until, ${until}::timestamptz)
        WHERE workspace_id = ${workspace_id}::uuid AND id = ${id}::uuid AND state = 'ready' RETURNING id`,
  )
  return rows.length > 0
}

export interface SoundOf {
  answerId: string
  responseId: string
  linkId: string
}

/**
 * Settles how a recording came out; what is ready stays so. Returns the answer that it is when this was news to it;
 * undefined when it was settled like that before, or is nobody's any more.
 */
export async function settleSound(
  tx: Tx,
  { workspace_id: workspaceId, id }: SoundRow,
  outcome: { durationSeconds: number; waveform: Uint8Array; mp3Size: number; wavSize: number } | { failure: string },
): Promise<SoundOf | undefined> {
  const change =
    'failure' in outcome
      ? sql`sound_state = 'failed', sound_failure = ${outcome.failure}`
      : sql`sound_state = 'ready', sound_failure = NULL, duration_seconds = coalesce(duration_seconds, ${outcome.durationSeconds}::float8),
            waveform = decode(${Buffer.from(outcome.waveform).toString('base64')}, 'base64'),
            mp3_size = ${outcome.mp3Size}::int, wav_size = ${outcome.wavSize}::int`
  const open =
    'failure' in outcome
      ? sql`coalesce(sound_state, 'pending') = 'pending'`
      : sql`coalesce(sound_state, 'pending') <> 'ready'`
  const [row] = await tx.query<SoundOf>(
    sql`WITH settled AS (
          UPDATE upload SET ${change}
          WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND state = 'ready' AND ${open} RETURNING id
        )
        SELECT a.id AS "answerId", a.response_id AS "responseId", r.link_id AS "linkId"
        FROM settled s JOIN answer a ON a.workspace_id = ${workspaceId}::uuid AND a.upload_id = s.id
        JOIN response r ON r.workspace_id = a.workspace_id AND r.id = a.response_id`,
  )
  return row
}
