import { z } from 'zod'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { line, parse, text } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { deleteMembers, insertList, lockList, markListDeleted, updateListRow } from './membership-store.ts'

const schema = z.object({ name: line(300), description: text(2_000).nullish() })

export interface ContactListInput {
  name: string
  description?: string | null
}

/** Makes an empty list. Throws INSUFFICIENT_SCOPE (`contacts:write`), VALIDATION_FAILED, IDEMPOTENCY_CONFLICT. */
export async function createContactList(
  world: World,
  viewer: Viewer,
  { idempotencyKey, ...input }: ContactListInput & { idempotencyKey?: string | null },
): Promise<{ id: string }> {
  requireScope(viewer, 'contacts:write')
  const { name, description = null } = parse(schema, input)
  const { workspaceId } = viewer
  const now = world.clock.now()
  return world.events.write(workspaceId, (tx, emit) =>
    once(tx, { workspaceId, key: idempotencyKey, operation: 'createContactList', input, now }, async () => {
      const id = world.newId()
      const legacyId = await takeLegacyIds(tx, workspaceId, 'contactList')
      await insertList(tx, { id, workspaceId, legacyId, name, description, now })
      emit('contactList.created', { contactListId: id })
      return { id }
    }),
  )
}

/** Absent keys stay. Throws INSUFFICIENT_SCOPE (`contacts:write`), NOT_FOUND, VALIDATION_FAILED. */
export async function updateContactList(
  world: World,
  viewer: Viewer,
  id: string,
  input: Partial<ContactListInput>,
): Promise<void> {
  requireScope(viewer, 'contacts:write')
  if (!isUuid(id)) throw new NotFoundError('contact list', ['id'])
  const changes = parse(schema.partial(), input)
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    const list = await lockList(tx, workspaceId, id)
    if (!list) throw new NotFoundError('contact list', ['id'])
    if (changes.name !== undefined) list.name = changes.name
    if (changes.description !== undefined) list.description = changes.description
    await updateListRow(tx, workspaceId, list, world.clock.now())
    emit('contactList.updated', { contactListId: id })
  })
}

/**
 * Deletes a list; its contacts stay, and so does its row, for campaigns that named it. Throws INSUFFICIENT_SCOPE
 * (`contacts:write`), NOT_FOUND (also the second time).
 */
export async function deleteContactList(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'contacts:write')
  if (!isUuid(id)) throw new NotFoundError('contact list', ['id'])
  const { workspaceId } = viewer
  const now = world.clock.now()
  await world.events.write(workspaceId, async (tx, emit) => {
    if (!(await lockList(tx, workspaceId, id))) throw new NotFoundError('contact list', ['id'])
    await deleteMembers(tx, workspaceId, id, 'all', now)
    await markListDeleted(tx, workspaceId, id, now)
    emit('contactList.deleted', { contactListId: id })
  })
}
