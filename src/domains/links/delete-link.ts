import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { deleteQuestionRows, listQuestions, lockLink, markLinkDeleted } from './store.ts'

/**
 * Deletes a link and its questions for good. Responses stay, with what was asked, and stay reachable in the graph;
 * the slug is free again. Throws INSUFFICIENT_SCOPE (`links:write`), NOT_FOUND (also the second time).
 */
export async function deleteLink(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'links:write')
  if (!isUuid(id)) throw new NotFoundError('link', ['id'])
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    if (!(await lockLink(tx, workspaceId, id))) throw new NotFoundError('link', ['id'])
    const questions = await listQuestions(tx, workspaceId, id)
    await deleteQuestionRows(
      tx,
      workspaceId,
      questions.map((question) => question.id),
    )
    await markLinkDeleted(tx, workspaceId, id, world.clock.now())
    emit('link.deleted', { linkId: id })
  })
}
