import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { countLinks, type LinkView, selectLinkView, selectLinkViews } from './view-store.ts'

export interface LinksPage {
  /** How many links there are in all. */
  total: number
  links: LinkView[]
}

/**
 * The links of the workspace with their questions, newest first, ties by id. Absent `limit`: all of them. Throws
 * INSUFFICIENT_SCOPE (`links:read`).
 */
export async function listLinks(
  world: World,
  viewer: Viewer,
  { offset = 0, limit }: { offset?: number; limit?: number } = {},
): Promise<LinksPage> {
  requireScope(viewer, 'links:read')
  const links = await selectLinkViews(world.db, viewer.workspaceId, offset, limit ?? null)
  const total = limit === undefined ? links.length : await countLinks(world.db, viewer.workspaceId)
  return { total, links }
}

/**
 * One link with its questions, for whoever may read or write links, since who made it may see it. Throws
 * INSUFFICIENT_SCOPE (`links:read`), NOT_FOUND (also for a deleted one).
 */
export async function getLink(world: World, viewer: Viewer, id: string): Promise<LinkView> {
  if (!viewer.scopes.has('links:write')) requireScope(viewer, 'links:read')
  const found = isUuid(id) ? await selectLinkView(world.db, viewer.workspaceId, id) : undefined
  if (!found) throw new NotFoundError('link', ['id'])
  return found
}
