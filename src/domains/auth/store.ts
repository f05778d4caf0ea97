import type { Queryable, Tx } from '../../db/database.ts'
import { instantText, sql } from '../../db/sql.ts'

export interface KeyRow {
  id: string
  workspace_id: string
  workspace_slug: string
  scopes: string[]
  expires_at: Date | null
  revoked_at: Date | null
  last_used_at: Date | null
  requests_per_hour: number | null
}

export async function findKeyByHash(db: Queryable, hash: string): Promise<KeyRow | undefined> {
  const [row] = await db.query<KeyRow>(
    sql`SELECT k.id, k.workspace_id, w.slug AS workspace_slug, k.scopes, k.expires_at, k.revoked_at, k.last_used_at,
               k.requests_per_hour
        FROM api_key k JOIN workspace w ON w.id = k.workspace_id AND w.deactivated_at IS NULL WHERE k.hash = ${hash}`,
  )
  return row
}

export async function findKeyById(db: Queryable, id: string): Promise<KeyRow | undefined> {
  const [row] = await db.query<KeyRow>(
    sql`SELECT k.id, k.workspace_id, w.slug AS workspace_slug, k.scopes, k.expires_at, k.revoked_at, k.last_used_at,
               k.requests_per_hour
        FROM api_key k JOIN workspace w ON w.id = k.workspace_id AND w.deactivated_at IS NULL WHERE k.id = ${id}::uuid`,
  )
  return row
}

export async function insertKey(
  tx: Tx,
  key: {
    id: string
    workspaceId: string
    name: string
    prefix: string
    suffix: string
    hash: string
    scopes: readonly string[]
    createdAt: Date
    expiresAt: Date | null
    requestsPerHour: number | null
  },
): Promise<void> {
  await tx.query(
    sql`INSERT INTO api_key (id, workspace_id, name, prefix, suffix, hash, scopes, created_at, expires_at,
                             requests_per_hour)
        VALUES (${key.id}::uuid, ${key.workspaceId}::uuid, ${key.name}, ${key.prefix}, ${key.suffix}, ${key.hash},
                ${key.scopes}::text[], ${key.createdAt}::timestamptz, ${key.expiresAt}::timestamptz,
                ${key.requestsPerHour}::int)`,
  )
}

/** What is shown of a key. Instants are texts with microseconds, such as `2026-02-22T17:15:55.291121Z`. */
export interface ApiKeyView {
  id: string
  name: string
  /** The first characters and the last four of the key. */
  prefix: string
  suffix: string
  createdAt: string
  lastUsedAt: string | null
}

/** Unrevoked keys, newest first; only the one with this id when one is given. */
export async function selectKeyViews(db: Queryable, workspaceId: string, id?: string): Promise<ApiKeyView[]> {
  return db.query<ApiKeyView>(
    sql`SELECT id, name, prefix, suffix, ${instantText(sql`created_at`)} AS "createdAt",
               ${instantText(sql`last_used_at`)} AS "lastUsedAt"
        FROM api_key WHERE workspace_id = ${workspaceId}::uuid AND revoked_at IS NULL
          AND id = coalesce(${id ?? null}::uuid, id) ORDER BY created_at DESC, id DESC`,
  )
}

/** Whether there was an unrevoked key of this workspace to revoke. */
export async function markKeyRevoked(tx: Tx, workspaceId: string, id: string, now: Date): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE api_key SET revoked_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND revoked_at IS NULL RETURNING id`,
  )
  return rows.length > 0
}

/** Of an unrevoked key of this workspace; `undefined` leaves it as it is. */
export async function changeKeyLimit(
  tx: Tx,
  workspaceId: string,
  id: string,
  requestsPerHour: number | null | undefined,
): Promise<'missing' | 'same' | 'changed'> {
  const [key] = await tx.query<{ requests_per_hour: number | null }>(
    sql`SELECT requests_per_hour FROM api_key
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND revoked_at IS NULL FOR UPDATE`,
  )
  if (!key) return 'missing'
  if (requestsPerHour === undefined || requestsPerHour === key.requests_per_hour) return 'same'
  await tx.query(sql`UPDATE api_key SET requests_per_hour = ${requestsPerHour}::int
                     WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`)
  return 'changed'
}

/** Revokes all keys of a workspace; returns the ids of those that were not revoked before. */
export async function markAllKeysRevoked(tx: Tx, workspaceId: string, now: Date): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    sql`UPDATE api_key SET revoked_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND revoked_at IS NULL RETURNING id`,
  )
  return rows.map(({ id }) => id)
}

/** Moves the last use forward, never back, and only when it is older than `resolutionMs`. */
export async function touchKey(db: Queryable, id: string, now: Date, resolutionMs: number): Promise<void> {
  const before = new Date(now.getTime() - resolutionMs)
  await db.query(
    sql`UPDATE api_key SET last_used_at = ${now}::timestamptz
        WHERE id = ${id}::uuid AND (last_used_at IS NULL OR last_used_at < ${before}::timestamptz)`,
  )
}

export interface WorkspaceRow {
  id: string
  slug: string
  name: string
}

/** Unless nobody can enter it any more. */
export async function findWorkspaceBySlug(db: Queryable, slug: string): Promise<WorkspaceRow | undefined> {
  const [row] = await db.query<WorkspaceRow>(sql`SELECT id, slug, name FROM workspace
                                               WHERE slug = ${slug} AND deactivated_at IS NULL`)
  return row
}

export async function findFirstWorkspace(db: Queryable): Promise<WorkspaceRow | undefined> {
  const [row] = await db.query<WorkspaceRow>(sql`SELECT id, slug, name FROM workspace ORDER BY created_at, id LIMIT 1`)
  return row
}

export async function insertWorkspace(
  tx: Tx,
  workspace: WorkspaceRow & { parentId?: string },
  now: Date,
): Promise<void> {
  await tx.query(
    sql`INSERT INTO workspace (id, slug, name, parent_id, created_at, updated_at)
        VALUES (${workspace.id}::uuid, ${workspace.slug}, ${workspace.name}, ${workspace.parentId ?? null}::uuid,
                ${now}::timestamptz, ${now}::timestamptz)`,
  )
  await tx.query(sql`INSERT INTO event_head (workspace_id) VALUES (${workspace.id}::uuid)`)
}

/** Any fixed number; held until the transaction ends. */
const CREATION_LOCK = 7_294_016

export async function lockWorkspaceCreation(tx: Tx): Promise<void> {
  await tx.query(sql`SELECT pg_advisory_xact_lock(${CREATION_LOCK})`)
}
