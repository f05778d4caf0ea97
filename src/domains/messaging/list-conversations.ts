import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import {
  type ConversationFilter,
  type ConversationView,
  countConversationRows,
  type Page,
  readConversationPage,
} from './view-store.ts'

/** A page of the conversations of the workspace, the latest first. Throws INSUFFICIENT_SCOPE (`messages:read`). */
export async function listConversations(
  world: World,
  viewer: Viewer,
  { filter = {}, ...page }: Page & { filter?: ConversationFilter | undefined },
): Promise<ConversationView[]> {
  requireScope(viewer, 'messages:read')
  return readConversationPage(world.db, viewer.workspaceId, page, filter)
}

/** How many there are in the whole list. Throws INSUFFICIENT_SCOPE (`messages:read`). */
export async function countConversations(
  world: World,
  viewer: Viewer,
  filter: ConversationFilter = {},
): Promise<number> {
  requireScope(viewer, 'messages:read')
  return countConversationRows(world.db, viewer.workspaceId, filter)
}
