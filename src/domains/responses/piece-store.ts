import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

/** An upload that comes in pieces, as it stands. */
export interface PiecedUpload {
  id: string
  workspace_id: string
  state: 'pending' | 'ready' | 'discarded'
  storage_key: string
  file_name: string | null
  field_key: string
  expected_size: number
  received_size: number
  due_at: Date | null
  created_at: Date
}

/** One of this response. */
export async function findPiecedUpload(
  db: Queryable,
  { workspace_id: workspaceId, id: responseId }: { workspace_id: string; id: string },
  id: string,
): Promise<PiecedUpload | undefined> {
  const [row] = await db.query<PiecedUpload>(
    sql`SELECT id, workspace_id, state::text, storage_key, file_name, field_key, expected_size, received_size, due_at,
               created_at
        FROM upload WHERE workspace_id = ${workspaceId}::uuid AND response_id = ${responseId}::uuid
          AND id = ${id}::uuid AND expected_size IS NOT NULL`,
  )
  return row
}

/** Leaves all but the `keep` latest uploads of a response that are under way to the sweep. */
export async function discardOlderPieced(
  db: Queryable,
  { workspace_id: workspaceId, id: responseId }: { workspace_id: string; id: string },
  keep: number,
  now: Date,
): Promise<void> {
  await db.query(
    sql`UPDATE upload SET state = 'discarded', due_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND state = 'pending' AND id IN (
          SELECT id FROM upload
          WHERE workspace_id = ${workspaceId}::uuid AND response_id = ${responseId}::uuid AND state = 'pending'
            AND expected_size IS NOT NULL
          ORDER BY created_at DESC, id DESC OFFSET ${keep}::int)`,
  )
}

/** Notes an attempt before its bytes are stored, so that the sweep knows of them. */
export async function insertPiece(
  db: Queryable,
  piece: { id: string; upload: PiecedUpload; offset: number; dueAt: Date },
): Promise<void> {
  const { upload } = piece
  await db.query(
    sql`INSERT INTO upload_piece (id, workspace_id, upload_id, "offset", due_at)
        VALUES (${piece.id}::uuid, ${upload.workspace_id}::uuid, ${upload.id}::uuid, ${piece.offset}::int,
                ${piece.dueAt}::timestamptz)`,
  )
}

/**
 * Makes stored bytes the next piece of a pending upload, which then waits until `dueAt` for the next. False when the
 * upload has other bytes there by now, or is over.
 */
export async function addPiece(
  db: Queryable,
  piece: { id: string; upload: PiecedUpload; offset: number; size: number; dueAt: Date },
): Promise<boolean> {
  const { upload, size, offset } = piece
  const rows = await db.query(
    sql`WITH moved AS (
          UPDATE upload SET received_size = received_size + ${size}::int, due_at = ${piece.dueAt}::timestamptz
          WHERE workspace_id = ${upload.workspace_id}::uuid AND id = ${upload.id}::uuid AND state = 'pending'
            AND received_size = ${offset}::int RETURNING id
        )
        UPDATE upload_piece p SET size = ${size}::int FROM moved
        WHERE p.workspace_id = ${upload.workspace_id}::uuid AND p.id = ${piece.id}::uuid AND p.upload_id = moved.id
        RETURNING p.id`,
  )
  return rows.length > 0
}

/** The pieces that an upload consists of, in their order. */
export async function listPieces(db: Queryable, workspaceId: string, uploadId: string): Promise<{ id: string }[]> {
  return db.query<{ id: string }>(
    sql`SELECT id FROM upload_piece
        WHERE workspace_id = ${workspaceId}::uuid AND upload_id = ${uploadId}::uuid AND size IS NOT NULL
        ORDER BY "offset"`,
  )
}

/** All that is stored of an upload, attempts included. */
export async function listAttempts(db: Queryable, workspaceId: string, uploadId: string): Promise<{ id: string }[]> {
  return db.query<{ id: string }>(
    sql`SELECT id FROM upload_piece WHERE workspace_id = ${workspaceId}::uuid AND upload_id = ${uploadId}::uuid`,
  )
}

/** Forgets a piece whose bytes are gone, or belong to the upload itself. */
export async function deletePiece(db: Queryable | Tx, workspaceId: string, id: string): Promise<void> {
  await db.query(sql`DELETE FROM upload_piece WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`)
}

/** Takes up to `limit` pieces that are left of uploads which are whole: their next turn moves to `nextTurn`. */
export async function claimDuePieces(
  db: Queryable,
  now: Date,
  nextTurn: Date,
  limit: number,
): Promise<{ id: string; workspace_id: string }[]> {
  return db.query(
    sql`UPDATE upload_piece SET due_at = ${nextTurn}::timestamptz
        WHERE id IN (SELECT p.id FROM upload_piece p
                     JOIN upload u ON u.workspace_id = p.workspace_id AND u.id = p.upload_id
                     WHERE p.due_at <= ${now}::timestamptz AND u.state = 'ready'
                     ORDER BY p.due_at LIMIT ${limit}::int FOR UPDATE OF p SKIP LOCKED)
        RETURNING id, workspace_id`,
  )
}
