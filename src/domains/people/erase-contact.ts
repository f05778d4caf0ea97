import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { eraseCallsOf } from '../calls/index.ts'
import { receiversOf } from '../campaigns/index.ts'
import { addressesToErase, leaveLists, lockForErasure, wipeContacts } from '../contacts/index.ts'
import { eraseMessagesOf } from '../messages/index.ts'
import { eraseCustomersAt } from '../messaging/index.ts'
import { eraseAnswersOf, respondentsOf } from '../responses/index.ts'
import { forgetAnswersOfReceivers } from '../webhooks/index.ts'
import type { World } from '../world.ts'

/**
 * Erases all that is personal about a contact, deleted or not, and about the duplicates that were merged into it: the
 * fields, what they answered and what was made of it, recordings and files, what they said in
 * calls and by which number, where messages went, what was exchanged with its addresses, what receivers of webhooks
 * answered about it. Ids, numbers, counts and events stay, which name nobody; opt-outs stay as keyed hashes. Erasing
 * again does the same once more. Throws INSUFFICIENT_SCOPE (`contacts:write`), NOT_FOUND.
 */
export async function eraseContact(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'contacts:write')
  if (!isUuid(id)) throw new NotFoundError('contact', ['id'])
  const { workspaceId } = viewer
  const now = world.clock.now()
  await world.events.write(workspaceId, async (tx, emit) => {
    const ids = await lockForErasure(tx, workspaceId, id)
    if (ids.length === 0) throw new NotFoundError('contact', ['id'])
    await leaveLists(tx, emit, workspaceId, ids, now)
    // Calls and their recordings before responses, as who brings what was said in them locks them.
    const called = await eraseCallsOf(world, tx, workspaceId, ids)
    const responses = await eraseAnswersOf(tx, workspaceId, ids, now)
    const mailed = await eraseMessagesOf(tx, workspaceId, ids)
    const addresses = await addressesToErase(tx, workspaceId, ids, [...mailed, ...called])
    await eraseCustomersAt(world, tx, emit, workspaceId, addresses)
    await wipeContacts(tx, workspaceId, ids, now)
    // What the events of each are told under.
    const respondents = await respondentsOf(tx, workspaceId, ids)
    const receivers = await receiversOf(tx, workspaceId, ids)
    await forgetAnswersOfReceivers(tx, workspaceId, [...ids, ...responses, ...respondents, ...receivers])
    for (const each of ids) emit('contact.erased', { contactId: each })
  })
}
