import { sql } from '../../db/sql.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Viewer } from '../auth/index.ts'
import { isLegacyId } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { findLinkById, findLinkBySlug, type LinkRow } from './store.ts'

/**
 * The link that a caller names, by its number, its UUID or its slug; undefined for an unknown, a deleted or somebody
 * else's. A slug of digits only is found when no link has the number. For whoever acts on it: it asks for no scope.
 */
export async function findLinkByName(
  { db }: Pick<World, 'db'>,
  { workspaceId }: Viewer,
  name: string | number,
): Promise<LinkRow | undefined> {
  const text = String(name).trim()
  const living = (link: LinkRow | undefined) => (link && link.deleted_at === null ? link : undefined)
  if (isUuid(text)) return living(await findLinkById(db, workspaceId, text))
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (isLegacyId(number)) {
    const [row] = await db.query<{ id: string }>(
      sql`SELECT id FROM link WHERE workspace_id = ${workspaceId}::uuid AND legacy_id = ${number}::int`,
    )
    const found = row && living(await findLinkById(db, workspaceId, row.id))
    if (found) return found
  }
  return living(await findLinkBySlug(db, workspaceId, text))
}
