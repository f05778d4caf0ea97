import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import {
  countMessageRows,
  countMessagesOfOwners,
  type MessageFilter,
  type MessageOwner,
  type MessageView,
  type Page,
  readMessagePage,
  readMessagesOf,
} from './view-store.ts'

/** A page of all messages of the workspace, the latest first. Throws INSUFFICIENT_SCOPE (`messages:read`). */
export async function listMessages(
  world: World,
  viewer: Viewer,
  { filter = {}, ...page }: Page & { filter?: MessageFilter | undefined },
): Promise<MessageView[]> {
  requireScope(viewer, 'messages:read')
  return readMessagePage(world, viewer.workspaceId, page, filter)
}

/** How many there are in the whole list. Throws INSUFFICIENT_SCOPE (`messages:read`). */
export async function countMessages(world: World, viewer: Viewer, filter: MessageFilter = {}): Promise<number> {
  requireScope(viewer, 'messages:read')
  return countMessageRows(world.db, viewer.workspaceId, filter)
}

/**
 * The same page of the messages of each conversation or thread, oldest first; one without messages on it is left out.
 * Throws INSUFFICIENT_SCOPE (`messages:read`).
 */
export async function listMessagesOf(
  world: World,
  viewer: Viewer,
  owner: MessageOwner,
  ids: readonly string[],
  page: Page,
): Promise<Map<string, MessageView[]>> {
  requireScope(viewer, 'messages:read')
  return readMessagesOf(world, viewer.workspaceId, owner, ids, page)
}

/** How many each has; none is left out. Throws INSUFFICIENT_SCOPE (`messages:read`). */
export async function countMessagesOf(
  world: World,
  viewer: Viewer,
  owner: MessageOwner,
  ids: readonly string[],
): Promise<Map<string, number>> {
  requireScope(viewer, 'messages:read')
  return countMessagesOfOwners(world.db, viewer.workspaceId, owner, ids)
}
