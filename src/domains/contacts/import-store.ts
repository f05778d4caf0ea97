import type { Queryable, Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { ImportKey, RefusedRow } from './import-row.ts'
import { type ContactRow, contactColumns } from './store.ts'

export type ImportState = 'running' | 'finished' | 'failed'

export interface ImportRun {
  id: string
  key: string
  optionsHash: string
  rowsHash: string
  state: ImportState
  dryRun: boolean
  rowsDone: number
  created: number
  updated: number
  failed: number
  message: string | null
}

const runColumns = sql`id, key, options_hash AS "optionsHash", rows_hash AS "rowsHash", state::text AS state,
  dry_run AS "dryRun", rows_done AS "rowsDone", created, updated, failed, message`

export async function findImport(db: Queryable, workspaceId: string, id: string): Promise<ImportRun | undefined> {
  const [row] = await db.query<ImportRun>(
    sql`SELECT ${runColumns} FROM contact_import WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
  return row
}

/** The run under a key: the present one, or a new one. */
export async function beginImport(
  tx: Tx,
  workspaceId: string,
  run: { id: string; key: string; optionsHash: string; dryRun: boolean },
  now: Date,
): Promise<ImportRun> {
  await tx.query(
    sql`INSERT INTO contact_import (id, workspace_id, key, options_hash, rows_hash, state, dry_run, created_at, updated_at)
        VALUES (${run.id}::uuid, ${workspaceId}::uuid, ${run.key}, ${run.optionsHash}, '', 'running', ${run.dryRun},
                ${now}::timestamptz, ${now}::timestamptz)
        ON CONFLICT (workspace_id, key) DO NOTHING`,
  )
  const [row] = await tx.query<ImportRun>(
    sql`SELECT ${runColumns} FROM contact_import WHERE workspace_id = ${workspaceId}::uuid AND key = ${run.key}`,
  )
  return row!
}

export async function lockImport(tx: Tx, workspaceId: string, id: string): Promise<ImportRun> {
  const [row] = await tx.query<ImportRun>(
    sql`SELECT ${runColumns} FROM contact_import
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid FOR UPDATE`,
  )
  return row!
}

export async function saveImport(tx: Tx, workspaceId: string, run: ImportRun, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE contact_import SET rows_hash = ${run.rowsHash}, state = ${run.state}::contact_import_state,
               rows_done = ${run.rowsDone}::int, created = ${run.created}::int, updated = ${run.updated}::int,
               failed = ${run.failed}::int, message = ${run.message}, updated_at = ${now}::timestamptz,
               finished_at = CASE WHEN ${run.state === 'finished'}::boolean THEN ${now}::timestamptz END
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${run.id}::uuid`,
  )
}

export async function insertRefusals(
  tx: Tx,
  workspaceId: string,
  importId: string,
  refused: readonly RefusedRow[],
): Promise<void> {
  if (refused.length === 0) return
  await tx.query(
    sql`INSERT INTO contact_import_error (workspace_id, import_id, row, issues)
        SELECT ${workspaceId}::uuid, ${importId}::uuid, r.row, r.issues
        FROM jsonb_to_recordset(${json(refused)}::jsonb) AS r(row int, issues jsonb)`,
  )
}

/** Refused rows after a row, in their order. */
export async function listRefusals(
  db: Queryable,
  workspaceId: string,
  importId: string,
  after: number,
  limit: number,
): Promise<RefusedRow[]> {
  return db.query<RefusedRow>(
    sql`SELECT row, issues FROM contact_import_error
        WHERE workspace_id = ${workspaceId}::uuid AND import_id = ${importId}::uuid AND row > ${after}::int
        ORDER BY row LIMIT ${limit}::int`,
  )
}

/** What rows could be about or collide with. */
export interface Candidate extends ContactRow {
  deleted: boolean
}

/**
 * Living contacts with any of these addresses and keys, contacts of any kind with these numbers, and whoever has for
 * itself the address that one of them shares; all are locked, in the order of their ids.
 */
export async function lockCandidates(
  tx: Tx,
  workspaceId: string,
  values: { [Key in ImportKey]: Key extends 'legacyId' ? readonly number[] : readonly string[] },
): Promise<Candidate[]> {
  // A plan that was made while the table was small would read all of it, batch after batch, when it has grown.
  await tx.query(sql`SELECT set_config('plan_cache_mode', 'force_custom_plan', true)`)
  return tx.query<Candidate>(
    sql`WITH named AS (
          SELECT id, email, shares_email FROM contact
          WHERE workspace_id = ${workspaceId}::uuid AND legacy_id = ANY(${values.legacyId}::int[])
          UNION ALL
          SELECT id, email, shares_email FROM contact WHERE workspace_id = ${workspaceId}::uuid AND deleted_at IS NULL
            AND external_key IS NOT NULL AND external_key = ANY(${values.externalKey}::text[])
          UNION ALL
          SELECT id, email, shares_email FROM contact WHERE workspace_id = ${workspaceId}::uuid AND deleted_at IS NULL
            AND email IS NOT NULL AND lower(email) = ANY(${values.email}::text[])
          UNION ALL
          SELECT id, email, shares_email FROM contact WHERE workspace_id = ${workspaceId}::uuid AND deleted_at IS NULL
            AND phone IS NOT NULL AND phone = ANY(${values.phone}::text[])
        )
        SELECT ${contactColumns}, c.deleted_at IS NOT NULL AS deleted FROM contact c
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.id IN (
          SELECT id FROM named
          UNION ALL
          -- A row may end the sharing without saying the address.
          SELECT holder.id FROM named JOIN contact holder ON lower(holder.email) = lower(named.email)
          WHERE named.shares_email AND holder.workspace_id = ${workspaceId}::uuid AND holder.deleted_at IS NULL
            AND holder.email IS NOT NULL AND NOT holder.shares_email
        ) ORDER BY c.id FOR UPDATE`,
  )
}
