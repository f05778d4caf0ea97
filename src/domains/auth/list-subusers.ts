import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { isLegacyId } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { type SubuserRow, selectSubusers } from './subuser-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/** What its parent sees of a subuser, the token included (contract/multisender.md 5.10). */
export interface SubuserView extends Omit<SubuserRow, 'tokenSealed' | 'userId'> {
  /** The subuser's token for the legacy APIs. */
  authToken: string
}

/** The subusers of the workspace, in the order of their numbers. Throws INSUFFICIENT_SCOPE (`subusers:read`). */
export async function listSubusers(world: World, viewer: Viewer): Promise<SubuserView[]> {
  requireScope(viewer, 'subusers:read')
  const rows = await selectSubusers(world.db, viewer.workspaceId)
  return rows.map((row) => viewOf(world, row))
}

/**
 * One subuser by its UUID or its number, for whoever may read or write subusers, since who made it may see it. Throws
 * INSUFFICIENT_SCOPE (`subusers:read`), NOT_FOUND.
 */
export async function getSubuser(world: World, viewer: Viewer, id: string | number): Promise<SubuserView> {
  const { workspaceId } = viewer
  mayRead(viewer)
  const only = typeof id === 'number' ? { legacyId: id } : { ids: [id] }
  const valid = typeof id === 'number' ? isLegacyId(id) : isUuid(id)
  const [row] = valid ? await selectSubusers(world.db, workspaceId, only) : []
  if (!row) throw new NotFoundError('subuser', ['id'])
  return viewOf(world, row)
}

/** Several of them by their UUIDs; those that the workspace does not have are missing from the result. */
export async function getSubusers(
  world: World,
  viewer: Viewer,
  ids: readonly string[],
): Promise<Map<string, SubuserView>> {
  mayRead(viewer)
  const rows = await selectSubusers(world.db, viewer.workspaceId, { ids: ids.filter(isUuid) })
  return new Map(rows.map((row) => [row.id, viewOf(world, row)]))
}

function mayRead(viewer: Viewer): void {
  if (!viewer.scopes.has('subusers:write')) requireScope(viewer, 'subusers:read')
}

function viewOf(world: World, { tokenSealed, userId, ...row }: SubuserRow): SubuserView {
  return {
    ...row,
    // When it is asked for: with another APP_SECRET it cannot be read, and everything else still can.
    get authToken() {
      return world.sealer.open(tokenSealed, userId)
    },
  }
}
