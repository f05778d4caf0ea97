import { sql } from '../../db/sql.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { isLegacyId } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { type ContactRow, contactColumns } from './store.ts'

/** A living contact with its moments. */
export type ContactView = ContactRow & { createdAt: Date; updatedAt: Date }

/**
 * A contact by its UUID, or by its number as legacy clients know it; for whoever may read or write contacts, since who
 * made it may see it. Throws INSUFFICIENT_SCOPE (`contacts:read`), NOT_FOUND (also for a deleted one).
 */
export async function getContact(world: World, viewer: Viewer, id: string | number): Promise<ContactView> {
  mayRead(viewer)
  const named = typeof id === 'number' ? sql`c.legacy_id = ${id}::int` : sql`c.id = ${id}::uuid`
  const known = typeof id === 'number' ? isLegacyId(id) : isUuid(id)
  const [contact] = known
    ? await world.db.query<ContactView>(
        sql`SELECT ${contactColumns}, c.created_at AS "createdAt", c.updated_at AS "updatedAt" FROM contact c
            WHERE c.workspace_id = ${viewer.workspaceId}::uuid AND c.deleted_at IS NULL AND ${named}`,
      )
    : []
  if (!contact) throw new NotFoundError('contact', ['id'])
  return contact
}

/** The UUIDs of living contacts by their numbers; unknown numbers are missing. Throws INSUFFICIENT_SCOPE. */
export async function findContactIds(
  world: World,
  viewer: Viewer,
  legacyIds: readonly number[],
): Promise<Map<number, string>> {
  mayRead(viewer)
  const rows = await world.db.query<{ id: string; legacyId: number }>(
    sql`SELECT id, legacy_id AS "legacyId" FROM contact
        WHERE workspace_id = ${viewer.workspaceId}::uuid AND deleted_at IS NULL
          AND legacy_id = ANY(${legacyIds.filter(isLegacyId)}::int[])`,
  )
  return new Map(rows.map((row) => [row.legacyId, row.id]))
}

/** Whoever may write contacts sees what they wrote. */
export function mayRead(viewer: Viewer): void {
  if (!viewer.scopes.has('contacts:write')) requireScope(viewer, 'contacts:read')
}
