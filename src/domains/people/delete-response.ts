import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { eraseSpeechOf } from '../calls/index.ts'
import { removeResponse } from '../responses/index.ts'
import { forgetAnswersOfReceivers } from '../webhooks/index.ts'
import type { World } from '../world.ts'

/**
 * Deletes a response for good, whoever gave it and whether it was submitted: its answers, what was made of them,
 * recordings and files, what was said and pressed in the calls that brought it, what receivers of webhooks answered
 * about it and its respondent. Bytes are unreachable at once and go with the next sweeps. It is counted no more, and a
 * link that was full takes another one. An anonymous respondent who is left without any goes with it; others stay as
 * they are. Throws INSUFFICIENT_SCOPE (`responses:write`), NOT_FOUND.
 */
export async function deleteResponse(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'responses:write')
  if (!isUuid(id)) throw new NotFoundError('response', ['id'])
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    // Before the response, as calls that bring answers lock them.
    await eraseSpeechOf(world, tx, workspaceId, id)
    const removed = await removeResponse(tx, workspaceId, id, world.clock.now())
    if (!removed) throw new NotFoundError('response', ['id'])
    await forgetAnswersOfReceivers(tx, workspaceId, [id, removed.respondentId])
    emit('response.deleted', { linkId: removed.linkId, responseId: id, respondentId: removed.respondentId })
  })
}
