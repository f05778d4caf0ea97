import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { type ContactInput, changed, contactSchema } from './contact-fields.ts'
import { defaultCountry, lockContacts, throwConflict, updateContacts } from './store.ts'

/**
 * Changes a contact; absent keys stay as they are, null empties. Throws INSUFFICIENT_SCOPE (`contacts:write`),
 * NOT_FOUND (also for a deleted one), VALIDATION_FAILED, CONTACT_CONFLICT.
 */
export async function updateContact(world: World, viewer: Viewer, id: string, input: ContactInput): Promise<void> {
  requireScope(viewer, 'contacts:write')
  if (!isUuid(id)) throw new NotFoundError('contact', ['id'])
  const { workspaceId } = viewer
  const country = input.phone ? await defaultCountry(world.db, workspaceId) : null
  const changes = parse(contactSchema(country), input)
  try {
    await world.events.write(workspaceId, async (tx, emit) => {
      const [contact] = await lockContacts(tx, workspaceId, [id])
      if (!contact) throw new NotFoundError('contact', ['id'])
      const next = { ...contact, ...changed(contact, changes) }
      await updateContacts(tx, workspaceId, [next], world.clock.now())
      emit('contact.updated', { contactId: id })
    })
  } catch (error) {
    throwConflict(error)
  }
}
