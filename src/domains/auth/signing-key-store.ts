import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { PublicKey } from './public-key.ts'

/** What is shown of a public key with which a client signs. */
export interface SigningKeyView {
  id: string
  /** The API key for which tokens can be signed with it. */
  apiKeyId: string
  name: string | null
  /** SHA-256 of the DER form of SPKI, hexadecimal. */
  fingerprint: string
  createdAt: Date
}

/** Whether there is such an unrevoked key of this workspace; holds it until the transaction ends. */
export async function lockKey(tx: Tx, workspaceId: string, id: string): Promise<boolean> {
  const rows = await tx.query(
    sql`SELECT 1 FROM api_key
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND revoked_at IS NULL FOR UPDATE`,
  )
  return rows.length > 0
}

export async function insertSigningKey(
  tx: Tx,
  key: PublicKey & { id: string; workspaceId: string; apiKeyId: string; name: string | null; createdAt: Date },
): Promise<void> {
  await tx.query(
    sql`INSERT INTO signing_key (id, workspace_id, api_key_id, name, public_key, fingerprint, created_at)
        VALUES (${key.id}::uuid, ${key.workspaceId}::uuid, ${key.apiKeyId}::uuid, ${key.name}, ${key.pem},
                ${key.fingerprint}, ${key.createdAt}::timestamptz)`,
  )
}

/** Of unrevoked API keys the unrevoked signing keys, newest first. */
export async function selectSigningKeys(
  db: Queryable,
  workspaceId: string,
  { apiKeyId = null, id = null }: { apiKeyId?: string | null; id?: string | null } = {},
): Promise<SigningKeyView[]> {
  return db.query<SigningKeyView>(
    sql`SELECT s.id, s.api_key_id AS "apiKeyId", s.name, s.fingerprint, s.created_at AS "createdAt"
        FROM signing_key s JOIN api_key k ON k.id = s.api_key_id AND k.revoked_at IS NULL
        WHERE s.workspace_id = ${workspaceId}::uuid AND s.revoked_at IS NULL
          AND s.api_key_id = coalesce(${apiKeyId}::uuid, s.api_key_id) AND s.id = coalesce(${id}::uuid, s.id)
        ORDER BY s.created_at DESC, s.id DESC`,
  )
}

/** The unrevoked public keys of an API key, by which what a client signed is judged. */
export async function publicKeysOf(db: Queryable, apiKeyId: string): Promise<{ id: string; pem: string }[]> {
  return db.query<{ id: string; pem: string }>(
    sql`SELECT id, public_key AS pem FROM signing_key
        WHERE api_key_id = ${apiKeyId}::uuid AND revoked_at IS NULL ORDER BY created_at DESC, id DESC`,
  )
}

export async function isSigningKeyOf(db: Queryable, id: string, apiKeyId: string): Promise<boolean> {
  const rows = await db.query(
    sql`SELECT 1 FROM signing_key
        WHERE id = ${id}::uuid AND api_key_id = ${apiKeyId}::uuid AND revoked_at IS NULL`,
  )
  return rows.length > 0
}

/** The API key of the unrevoked signing key that was revoked; undefined when there was none. */
export async function markSigningKeyRevoked(
  tx: Tx,
  workspaceId: string,
  id: string,
  now: Date,
): Promise<string | undefined> {
  const [row] = await tx.query<{ api_key_id: string }>(
    sql`UPDATE signing_key SET revoked_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND revoked_at IS NULL RETURNING api_key_id`,
  )
  return row?.api_key_id
}
