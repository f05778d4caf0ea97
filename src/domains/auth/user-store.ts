import type { Queryable, Tx } from '../../db/database.ts'
import { sql, violatedConstraint } from '../../db/sql.ts'
import { ExpectedError } from '../../platform/errors.ts'
import type { StoredToken } from './legacy-token.ts'
import type { Grant, UserProfile } from './user-input.ts'

/** What a user is known by when entering. One row, read at one moment: a token of before a change never goes with a
 * password of after it. */
export interface EntryRow {
  user_id: string
  workspace_id: string
  workspace_slug: string
  all_scopes: boolean
  scopes: string[]
  password_hash: string
  generation: number
  token_sealed: string
}

const ENTRY = sql`SELECT u.id AS user_id, u.workspace_id, w.slug AS workspace_slug, u.all_scopes, u.scopes,
                         s.password_hash, s.generation, s.token_sealed
                  FROM workspace_user u
                  JOIN user_secret s ON s.workspace_id = u.workspace_id AND s.user_id = u.id
                  JOIN workspace w ON w.id = u.workspace_id
                  WHERE u.deactivated_at IS NULL AND w.deactivated_at IS NULL`

/** Of users and workspaces that are not deactivated. */
export async function findEntryByEmail(db: Queryable, email: string): Promise<EntryRow | undefined> {
  const [row] = await db.query<EntryRow>(sql`${ENTRY} AND lower(u.email) = lower(${email})`)
  return row
}

export async function findEntryByToken(db: Queryable, tokenHash: string): Promise<EntryRow | undefined> {
  const [row] = await db.query<EntryRow>(sql`${ENTRY} AND s.token_hash = ${tokenHash}`)
  return row
}

export async function findEntryById(db: Queryable, userId: string): Promise<EntryRow | undefined> {
  const [row] = await db.query<EntryRow>(sql`${ENTRY} AND u.id = ${userId}::uuid`)
  return row
}

/** The same of a workspace only. */
export async function findEntryOf(db: Queryable, workspaceId: string, userId: string): Promise<EntryRow | undefined> {
  const [row] = await db.query<EntryRow>(
    sql`${ENTRY} AND u.id = ${userId}::uuid AND u.workspace_id = ${workspaceId}::uuid`,
  )
  return row
}

export interface NewUser extends UserProfile, Grant {
  id: string
  workspaceId: string
  email: string
  passwordHash: string
  token: StoredToken
  now: Date
}

export async function insertUser(tx: Tx, user: NewUser): Promise<void> {
  const { id, workspaceId, now } = user
  await tx.query(
    sql`INSERT INTO workspace_user (id, workspace_id, email, username, first_name, last_name, company, phone,
                                    all_scopes, scopes, created_at, updated_at)
        VALUES (${id}::uuid, ${workspaceId}::uuid, ${user.email}, ${user.username}, ${user.firstName},
                ${user.lastName}, ${user.company}, ${user.phone}, ${user.allScopes}, ${user.scopes}::text[],
                ${now}::timestamptz, ${now}::timestamptz)`,
  )
  await tx.query(
    sql`INSERT INTO user_secret (user_id, workspace_id, password_hash, generation, token_hash, token_sealed)
        VALUES (${id}::uuid, ${workspaceId}::uuid, ${user.passwordHash}, 1, ${user.token.hash}, ${user.token.sealed})`,
  )
}

export interface UserRow extends UserProfile, Grant {
  email: string
}

/** A user who is not deactivated, locked until the transaction ends. */
export async function lockUser(tx: Tx, workspaceId: string, id: string): Promise<UserRow | undefined> {
  const [row] = await tx.query<UserRow>(
    sql`SELECT email, username, first_name AS "firstName", last_name AS "lastName", company, phone,
               all_scopes AS "allScopes", scopes
        FROM workspace_user
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deactivated_at IS NULL FOR UPDATE`,
  )
  return row
}

export async function updateUserRow(tx: Tx, workspaceId: string, id: string, user: UserRow, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE workspace_user
        SET email = ${user.email}, username = ${user.username}, first_name = ${user.firstName},
            last_name = ${user.lastName}, company = ${user.company}, phone = ${user.phone},
            all_scopes = ${user.allScopes}, scopes = ${user.scopes}::text[], updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}

/**
 * Ends everything that was entered before: another generation and another token, and another password when one is
 * given. False when the generation is no longer the one that was looked at.
 */
export async function replaceSecret(
  tx: Tx,
  workspaceId: string,
  userId: string,
  next: { passwordHash?: string; token: StoredToken; generation?: number },
): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE user_secret
        SET password_hash = coalesce(${next.passwordHash ?? null}, password_hash), generation = generation + 1,
            token_hash = ${next.token.hash}, token_sealed = ${next.token.sealed}
        WHERE workspace_id = ${workspaceId}::uuid AND user_id = ${userId}::uuid
          AND generation = coalesce(${next.generation ?? null}::int, generation)
        RETURNING user_id`,
  )
  return rows.length > 0
}

/** The same password in another form; nothing when it was changed meanwhile. */
export async function replaceHash(db: Queryable, userId: string, before: string, after: string): Promise<void> {
  await db.query(
    sql`UPDATE user_secret SET password_hash = ${after} WHERE user_id = ${userId}::uuid AND password_hash = ${before}`,
  )
}

/** Whether there was an active user to deactivate. */
export async function markUserDeactivated(tx: Tx, workspaceId: string, id: string, now: Date): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE workspace_user SET deactivated_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deactivated_at IS NULL RETURNING id`,
  )
  return rows.length > 0
}

/** Runs what stores an e-mail address. Throws EMAIL_TAKEN when another user of the server has it. */
export async function withFreeEmail<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (violatedConstraint(error) !== 'workspace_user_email_key') throw error
    throw new ExpectedError('EMAIL_TAKEN', 'Another user of this server has this e-mail address.', { path: ['email'] })
  }
}
