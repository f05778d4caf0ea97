import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { leaveLists } from './membership-store.ts'
import { findSegment, segmentBatch } from './segment-store.ts'
import { lockContacts, markContactsDeleted } from './store.ts'

/** How many contacts one transaction deletes, so that none holds its locks for long. */
const BATCH = 500

/**
 * Deletes a contact: it is on no list any more and in no segment, its addresses and key are free again. The row stays
 * with what was known, as the person that respondents, calls and messages of the past refer to; `eraseContact` empties
 * it. Throws INSUFFICIENT_SCOPE (`contacts:write`), NOT_FOUND (also the second time).
 */
export async function deleteContact(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'contacts:write')
  if (!isUuid(id)) throw new NotFoundError('contact', ['id'])
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    const [contact] = await lockContacts(tx, workspaceId, [id])
    if (!contact) throw new NotFoundError('contact', ['id'])
    await leaveLists(tx, emit, workspaceId, [id], world.clock.now())
    await markContactsDeleted(tx, workspaceId, [id], world.clock.now())
    emit('contact.deleted', { contactId: id })
  })
}

/**
 * Deletes all contacts that a segment has now, or all there are (`'all'`). Works in batches, each with one event, and
 * can be repeated when it was interrupted. Returns how many. Throws INSUFFICIENT_SCOPE (`contacts:write`), NOT_FOUND.
 */
export async function deleteContacts(
  world: World,
  viewer: Viewer,
  which: 'all' | { segmentId: string },
): Promise<number> {
  requireScope(viewer, 'contacts:write')
  const { workspaceId } = viewer
  const segment = which === 'all' ? undefined : await findSegment(world.db, workspaceId, which.segmentId)
  if (which !== 'all' && !segment) throw new NotFoundError('segment', ['segmentId'])
  let deleted = 0
  let after = 0
  for (;;) {
    const page = await segmentBatch(world.db, workspaceId, segment?.conditions ?? [], after, BATCH)
    if (page.length === 0) return deleted
    after = page.at(-1)!.legacyId
    deleted += await world.events.write(workspaceId, async (tx, emit) => {
      const living = await lockContacts(
        tx,
        workspaceId,
        page.map((contact) => contact.id),
      )
      const ids = living.map((contact) => contact.id)
      if (ids.length === 0) return 0
      await leaveLists(tx, emit, workspaceId, ids, world.clock.now())
      await markContactsDeleted(tx, workspaceId, ids, world.clock.now())
      emit('contacts.deleted', { contactIds: ids })
      return ids.length
    })
  }
}
