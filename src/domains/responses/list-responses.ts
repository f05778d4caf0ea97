import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { isStorable } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { findLinkById } from '../links/index.ts'
import type { World } from '../world.ts'
import {
  countResponseViews,
  type ResponseOrder,
  type ResponseView,
  selectResponseView,
  selectResponseViews,
  selectResponseWithLink,
} from './view-store.ts'

export interface ListResponsesInput {
  /** Text in the respondent's e-mail address or in the latest transcript of an answer, in any case. */
  search?: string
  /** Default: last submitted first. Ties by id, in the direction of the first field. */
  order?: ResponseOrder[]
  /** Default 0. */
  offset?: number
  limit: number
}

export interface ResponsesPage {
  /** How many responses there are in all. */
  total: number
  responses: ResponseView[]
}

/** The completed responses of a link. Throws INSUFFICIENT_SCOPE (`responses:read`), NOT_FOUND (also for a deleted link). */
export async function listResponses(
  world: World,
  viewer: Viewer,
  linkId: string,
  { search, order = [{ field: 'submittedAt', descending: true }], offset = 0, limit }: ListResponsesInput,
): Promise<ResponsesPage> {
  const { workspaceId } = viewer
  await requireLinkOfResponses(world, viewer, linkId)
  // What cannot be stored can be in no row, and the database refuses to look for it.
  if (search !== undefined && !isStorable(search)) return { total: 0, responses: [] }
  const sought = search || null
  const total = await countResponseViews(world.db, workspaceId, linkId, sought)
  if (offset >= total || limit === 0) return { total, responses: [] }
  const page = { search: sought, order, offset, limit }
  return { total, responses: await selectResponseViews(world.db, workspaceId, linkId, page) }
}

/**
 * One response of a link, also one that is not completed. Throws INSUFFICIENT_SCOPE (`responses:read`), NOT_FOUND (also
 * for a response of another link, and of a deleted one).
 */
export async function getResponse(world: World, viewer: Viewer, linkId: string, id: string): Promise<ResponseView> {
  requireScope(viewer, 'responses:read')
  const known = isUuid(linkId) && isUuid(id)
  const found = known ? await selectResponseView(world.db, viewer.workspaceId, linkId, id) : undefined
  if (!found) throw new NotFoundError('response', ['id'])
  return found
}

/**
 * A response with its link for the server itself, which has no viewer when it sends a webhook: nothing but the
 * workspace bounds it. Undefined when it does not exist.
 */
export async function responseForDelivery(world: Pick<World, 'db'>, workspaceId: string, id: string) {
  return isUuid(id) ? selectResponseWithLink(world.db, workspaceId, id) : undefined
}

/** Throws INSUFFICIENT_SCOPE (`responses:read`), NOT_FOUND unless there is this link, undeleted, in the workspace. */
async function requireLinkOfResponses(world: World, viewer: Viewer, linkId: string): Promise<void> {
  requireScope(viewer, 'responses:read')
  const link = isUuid(linkId) ? await findLinkById(world.db, viewer.workspaceId, linkId) : undefined
  if (!link || link.deleted_at !== null) throw new NotFoundError('link', ['linkId'])
}
