import { z } from 'zod'
import { type Issue, NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { deleteMembers, insertMembers, lockList } from './membership-store.ts'
import { holdContacts } from './store.ts'

/** How many contacts one call adds or removes. */
export const MAX_MEMBERS_PER_CALL = 10_000

const idsSchema = z.object({
  contactIds: z.array(z.string()).max(MAX_MEMBERS_PER_CALL, `must be at most ${MAX_MEMBERS_PER_CALL}`),
})

/**
 * Adds contacts at the end of a list, in the order given; those on it already stay where they are. All or none are
 * added. Returns how many are new. Throws INSUFFICIENT_SCOPE (`contacts:write`), NOT_FOUND (the list), VALIDATION_FAILED
 * (rule `unknown_contact`, one issue per contact that the workspace does not have).
 */
export async function addToContactList(
  world: World,
  viewer: Viewer,
  listId: string,
  contactIds: readonly string[],
): Promise<{ added: number }> {
  requireScope(viewer, 'contacts:write')
  if (!isUuid(listId)) throw new NotFoundError('contact list', ['id'])
  parse(idsSchema, { contactIds })
  const { workspaceId } = viewer
  const now = world.clock.now()
  const distinct = [...new Set(contactIds)]
  return world.events.write(workspaceId, async (tx, emit) => {
    // Contacts are locked before lists, here and where contacts are deleted.
    const known = await holdContacts(tx, workspaceId, distinct.filter(isUuid))
    if (!(await lockList(tx, workspaceId, listId))) throw new NotFoundError('contact list', ['id'])
    const issues = contactIds.flatMap((id, index): Issue[] =>
      known.has(id)
        ? []
        : [{ path: ['contactIds', index], rule: 'unknown_contact', message: 'must be a contact of your workspace' }],
    )
    if (issues.length > 0) throw new ValidationError(issues as [Issue, ...Issue[]])
    const members = distinct.map((contactId) => ({ id: world.newId(), contactId }))
    const added = await insertMembers(tx, workspaceId, listId, members, now)
    if (added > 0) emit('contactList.membersChanged', { contactListId: listId, added, removed: 0 })
    return { added }
  })
}

/**
 * Removes contacts from a list, or everybody (`'all'`); those that are not on it are passed over. Returns how many were
 * removed. Throws INSUFFICIENT_SCOPE (`contacts:write`), NOT_FOUND (the list).
 */
export async function removeFromContactList(
  world: World,
  viewer: Viewer,
  listId: string,
  contactIds: readonly string[] | 'all',
): Promise<{ removed: number }> {
  requireScope(viewer, 'contacts:write')
  if (!isUuid(listId)) throw new NotFoundError('contact list', ['id'])
  if (contactIds !== 'all') parse(idsSchema, { contactIds })
  const ids = contactIds === 'all' ? contactIds : contactIds.filter(isUuid)
  const { workspaceId } = viewer
  return world.events.write(workspaceId, async (tx, emit) => {
    if (!(await lockList(tx, workspaceId, listId))) throw new NotFoundError('contact list', ['id'])
    const removed = await deleteMembers(tx, workspaceId, listId, ids, world.clock.now())
    if (removed > 0) emit('contactList.membersChanged', { contactListId: listId, added: 0, removed })
    return { removed }
  })
}
