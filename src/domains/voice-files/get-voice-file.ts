import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { isLegacyId } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { selectView, selectViews, type VoiceFileView } from './view-store.ts'

/**
 * By UUID, or by number as legacy clients know it; for whoever may read or write voice files, since who made it may see
 * it. Throws INSUFFICIENT_SCOPE (`voiceFiles:read`), NOT_FOUND.
 */
export async function getVoiceFile(world: World, viewer: Viewer, id: string | number): Promise<VoiceFileView> {
  if (!viewer.scopes.has('voiceFiles:write')) requireScope(viewer, 'voiceFiles:read')
  const known = typeof id === 'number' ? isLegacyId(id) : isUuid(id)
  const found = known ? await selectView(world.db, viewer.workspaceId, id) : undefined
  if (!found) throw new NotFoundError('voice file', ['id'])
  return found
}

/** Oldest first; a null `limit` is none. Throws INSUFFICIENT_SCOPE (`voiceFiles:read`). */
export async function listVoiceFiles(
  world: World,
  viewer: Viewer,
  { offset = 0, limit = null }: { offset?: number; limit?: number | null } = {},
): Promise<VoiceFileView[]> {
  requireScope(viewer, 'voiceFiles:read')
  return selectViews(world.db, viewer.workspaceId, offset, limit)
}
