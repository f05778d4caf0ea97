import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'

/**
 * Takes contacts off all their lists and tells of each list. The caller holds the contacts locked: whoever adds to a
 * list holds its contacts before the list, so here the lists come second, in the order of their ids.
 */
export async function leaveLists(
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  contactIds: readonly string[],
  now: Date,
): Promise<void> {
  await tx.query(
    sql`SELECT id FROM contact_list WHERE workspace_id = ${workspaceId}::uuid AND id IN (
          SELECT list_id FROM contact_list_member
          WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[])
        ) ORDER BY id FOR UPDATE`,
  )
  const lists = await tx.query<{ id: string; removed: number }>(
    sql`WITH gone AS (
          DELETE FROM contact_list_member
          WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[]) RETURNING list_id
        ), per_list AS (
          SELECT list_id, count(*)::int AS removed FROM gone GROUP BY list_id
        )
        UPDATE contact_list l SET member_count = member_count - p.removed, updated_at = ${now}::timestamptz
        FROM per_list p WHERE l.workspace_id = ${workspaceId}::uuid AND l.id = p.list_id
        RETURNING l.id, p.removed`,
  )
  for (const { id, removed } of lists) emit('contactList.membersChanged', { contactListId: id, added: 0, removed })
}

/** Locks a list that exists; undefined otherwise. */
export async function lockList(
  tx: Tx,
  workspaceId: string,
  id: string,
): Promise<{ id: string; name: string; description: string | null } | undefined> {
  const [row] = await tx.query<{ id: string; name: string; description: string | null }>(
    sql`SELECT id, name, description FROM contact_list
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL FOR UPDATE`,
  )
  return row
}

/** Adds contacts at the end of a locked list, in the order given; those on it stay where they are. Returns how many. */
export async function insertMembers(
  tx: Tx,
  workspaceId: string,
  listId: string,
  members: readonly { id: string; contactId: string }[],
  now: Date,
): Promise<number> {
  const [row] = await tx.query<{ added: number }>(
    sql`WITH wanted AS (
          SELECT w.id, w.contact_id, w.n
          FROM unnest(${members.map((member) => member.id)}::uuid[], ${members.map((member) => member.contactId)}::uuid[])
               WITH ORDINALITY AS w(id, contact_id, n)
          WHERE NOT EXISTS (
            SELECT FROM contact_list_member m
            WHERE m.workspace_id = ${workspaceId}::uuid AND m.list_id = ${listId}::uuid AND m.contact_id = w.contact_id)
        ), added AS (
          INSERT INTO contact_list_member (id, workspace_id, list_id, contact_id, position, created_at)
          SELECT w.id, ${workspaceId}::uuid, l.id, w.contact_id, l.last_position + row_number() OVER (ORDER BY w.n),
                 ${now}::timestamptz
          FROM wanted w, contact_list l WHERE l.workspace_id = ${workspaceId}::uuid AND l.id = ${listId}::uuid
          RETURNING 1
        ), counted AS (
          SELECT count(*)::int AS added FROM added
        )
        UPDATE contact_list SET member_count = member_count + counted.added,
               last_position = last_position + counted.added,
               updated_at = CASE WHEN counted.added > 0 THEN ${now}::timestamptz ELSE updated_at END
        FROM counted WHERE workspace_id = ${workspaceId}::uuid AND id = ${listId}::uuid
        RETURNING counted.added`,
  )
  return row!.added
}

/** Removes contacts from a locked list; all of them when `contactIds` is `'all'`. Returns how many were on it. */
export async function deleteMembers(
  tx: Tx,
  workspaceId: string,
  listId: string,
  contactIds: readonly string[] | 'all',
  now: Date,
): Promise<number> {
  const which = contactIds === 'all' ? sql`` : sql`AND contact_id = ANY(${contactIds}::uuid[])`
  const [row] = await tx.query<{ removed: number }>(
    sql`WITH gone AS (
          DELETE FROM contact_list_member
          WHERE workspace_id = ${workspaceId}::uuid AND list_id = ${listId}::uuid ${which} RETURNING 1
        ), counted AS (
          SELECT count(*)::int AS removed FROM gone
        )
        UPDATE contact_list SET member_count = member_count - counted.removed,
               updated_at = CASE WHEN counted.removed > 0 THEN ${now}::timestamptz ELSE updated_at END
        FROM counted WHERE workspace_id = ${workspaceId}::uuid AND id = ${listId}::uuid
        RETURNING counted.removed`,
  )
  return row!.removed
}

export async function insertList(
  tx: Tx,
  list: {
    id: string
    workspaceId: string
    legacyId: number
    name: string
    description: string | null
    now: Date
  },
): Promise<void> {
  await tx.query(
    sql`INSERT INTO contact_list (id, workspace_id, legacy_id, name, description, created_at, updated_at)
        VALUES (${list.id}::uuid, ${list.workspaceId}::uuid, ${list.legacyId}, ${list.name}, ${list.description},
                ${list.now}::timestamptz, ${list.now}::timestamptz)`,
  )
}

export async function updateListRow(
  tx: Tx,
  workspaceId: string,
  list: { id: string; name: string; description: string | null },
  now: Date,
): Promise<void> {
  await tx.query(
    sql`UPDATE contact_list SET name = ${list.name}, description = ${list.description},
               updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${list.id}::uuid`,
  )
}

export async function markListDeleted(tx: Tx, workspaceId: string, id: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE contact_list SET deleted_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}

/**
 * Gives one contact the places on lists that another has; where both are on a list, the earlier of the two places. The
 * caller holds both contacts locked.
 */
export async function mergeMemberships(
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  { from, to }: { from: string; to: string },
  now: Date,
): Promise<void> {
  await tx.query(
    sql`SELECT id FROM contact_list WHERE workspace_id = ${workspaceId}::uuid AND id IN (
          SELECT list_id FROM contact_list_member
          WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ${from}::uuid
        ) ORDER BY id FOR UPDATE`,
  )
  const both = await tx.query<{ list_id: string; position: number }>(
    sql`DELETE FROM contact_list_member f USING contact_list_member t
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.contact_id = ${from}::uuid
          AND t.workspace_id = f.workspace_id AND t.list_id = f.list_id AND t.contact_id = ${to}::uuid
        RETURNING f.list_id, f.position`,
  )
  for (const { list_id: listId, position } of both) {
    await tx.query(
      sql`UPDATE contact_list_member SET position = least(position, ${position}::int)
          WHERE workspace_id = ${workspaceId}::uuid AND list_id = ${listId}::uuid AND contact_id = ${to}::uuid`,
    )
    await tx.query(
      sql`UPDATE contact_list SET member_count = member_count - 1, updated_at = ${now}::timestamptz
          WHERE workspace_id = ${workspaceId}::uuid AND id = ${listId}::uuid`,
    )
    emit('contactList.membersChanged', { contactListId: listId, added: 0, removed: 1 })
  }
  await tx.query(
    sql`UPDATE contact_list_member SET contact_id = ${to}::uuid
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ${from}::uuid`,
  )
}
