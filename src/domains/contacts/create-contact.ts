import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { type ContactInput, changed, contactSchema, isSomebody, NO_FIELDS } from './contact-fields.ts'
import { defaultCountry, insertContacts, throwConflict } from './store.ts'

export interface CreateContactInput extends ContactInput {
  idempotencyKey?: string | null
}

export interface CreateContactOptions {
  /** Also a contact that says nothing of anybody, which contract/multisender.md 5.1 accepts. */
  allowEmpty?: boolean
}

/**
 * Adds a person. Throws INSUFFICIENT_SCOPE (`contacts:write`), VALIDATION_FAILED, CONTACT_CONFLICT (another contact
 * has the e-mail address, and not both may share it, or the external key), IDEMPOTENCY_CONFLICT.
 */
export async function createContact(
  world: World,
  viewer: Viewer,
  input: CreateContactInput,
  { allowEmpty = false }: CreateContactOptions = {},
): Promise<{ id: string }> {
  requireScope(viewer, 'contacts:write')
  const { idempotencyKey, ...asked } = input
  const { workspaceId } = viewer
  // Known before the transaction: what the country was when the call began decides.
  const country = asked.phone ? await defaultCountry(world.db, workspaceId) : null
  const schema = contactSchema(country).refine((contact) => allowEmpty || isSomebody(contact), {
    message: 'needs at least one of name, e-mail, phone, company and external key',
    params: { rule: 'required' },
  })
  const fields = changed(NO_FIELDS, parse(schema, asked))
  const now = world.clock.now()
  try {
    return await world.events.write(workspaceId, (tx, emit) =>
      once(tx, { workspaceId, key: idempotencyKey, operation: 'createContact', input: asked, now }, async () => {
        const id = world.newId()
        const legacyId = await takeLegacyIds(tx, workspaceId, 'contact')
        await insertContacts(tx, workspaceId, [{ ...fields, id, legacyId }], now)
        emit('contact.created', { contactId: id })
        return { id }
      }),
    )
  } catch (error) {
    throwConflict(error)
  }
}
