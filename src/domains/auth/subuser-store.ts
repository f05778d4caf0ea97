import type { Queryable, Tx } from '../../db/database.ts'
import { instantText, sql } from '../../db/sql.ts'

/*
 * The only statements that reach from one workspace into another: from a parent into its children, and only to the
 * child's existence and to the one user that the parent administers there. Each names the parent.
 */

export interface ChildRow {
  subuserId: string
  childId: string
  userId: string
}

export interface NewSubuser {
  id: string
  parentId: string
  legacyId: number
  childId: string
  userId: string
  now: Date
}

export async function insertSubuser(tx: Tx, subuser: NewSubuser): Promise<void> {
  await tx.query(
    sql`INSERT INTO subuser (id, workspace_id, legacy_id, child_id, user_id, created_at)
        VALUES (${subuser.id}::uuid, ${subuser.parentId}::uuid, ${subuser.legacyId}, ${subuser.childId}::uuid,
                ${subuser.userId}::uuid, ${subuser.now}::timestamptz)`,
  )
}

/** A subuser of this parent that was not deleted, locked until the transaction ends. */
export async function lockSubuser(tx: Tx, parentId: string, id: string): Promise<ChildRow | undefined> {
  const [row] = await tx.query<ChildRow>(
    sql`SELECT id AS "subuserId", child_id AS "childId", user_id AS "userId" FROM subuser
        WHERE workspace_id = ${parentId}::uuid AND id = ${id}::uuid AND deactivated_at IS NULL FOR UPDATE`,
  )
  return row
}

/** Ends a subuser and the workspace it has; returns the users of that workspace who could enter until now. */
export async function markSubuserDeactivated(tx: Tx, parentId: string, child: ChildRow, now: Date): Promise<string[]> {
  await tx.query(
    sql`UPDATE subuser SET deactivated_at = ${now}::timestamptz
        WHERE workspace_id = ${parentId}::uuid AND id = ${child.subuserId}::uuid`,
  )
  await tx.query(
    sql`UPDATE workspace SET deactivated_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
        WHERE parent_id = ${parentId}::uuid AND id = ${child.childId}::uuid`,
  )
  const users = await tx.query<{ id: string }>(
    sql`UPDATE workspace_user SET deactivated_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${child.childId}::uuid AND deactivated_at IS NULL RETURNING id`,
  )
  return users.map(({ id }) => id)
}

/** What its parent sees of a subuser (contract/multisender.md 5.10). Instants are texts with microseconds. */
export interface SubuserRow {
  id: string
  legacyId: number
  username: string | null
  email: string
  firstName: string | null
  lastName: string | null
  company: string | null
  phone: string | null
  updatedAt: string
  createdAt: string
  userId: string
  tokenSealed: string
}

/** Those of a parent that were not deleted, in the order of their numbers; only these when ids or a number are given. */
export async function selectSubusers(
  db: Queryable,
  parentId: string,
  only: { ids?: readonly string[]; legacyId?: number } = {},
): Promise<SubuserRow[]> {
  const ids = only.ids ? sql`AND b.id = ANY(${[...only.ids]}::uuid[])` : sql``
  const number = only.legacyId === undefined ? sql`` : sql`AND b.legacy_id = ${only.legacyId}::int`
  return db.query<SubuserRow>(
    sql`SELECT b.id, b.legacy_id AS "legacyId", u.username, u.email, u.first_name AS "firstName",
               u.last_name AS "lastName", u.company, u.phone, ${instantText(sql`u.updated_at`)} AS "updatedAt",
               ${instantText(sql`b.created_at`)} AS "createdAt", u.id AS "userId", s.token_sealed AS "tokenSealed"
        FROM subuser b
        JOIN workspace_user u ON u.workspace_id = b.child_id AND u.id = b.user_id
        JOIN user_secret s ON s.workspace_id = b.child_id AND s.user_id = b.user_id
        WHERE b.workspace_id = ${parentId}::uuid AND b.deactivated_at IS NULL ${ids} ${number}
        ORDER BY b.legacy_id`,
  )
}

/** Whether a workspace is the child of another. */
export async function isChild(db: Queryable, workspaceId: string): Promise<boolean> {
  const rows = await db.query(sql`SELECT id FROM workspace WHERE id = ${workspaceId}::uuid AND parent_id IS NOT NULL`)
  return rows.length > 0
}

/** Whether a parent administers its child through this user. */
export async function isSubuser(tx: Tx, childId: string, userId: string): Promise<boolean> {
  const rows = await tx.query(
    sql`SELECT id FROM subuser WHERE child_id = ${childId}::uuid AND user_id = ${userId}::uuid
        AND deactivated_at IS NULL`,
  )
  return rows.length > 0
}
