import { z } from 'zod'
import { violatedConstraint } from '../../db/sql.ts'
import { ExpectedError } from '../../platform/errors.ts'
import { line, parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { insertContact } from './store.ts'

const schema = z
  .object({
    name: line(300).nullish(),
    email: line(320).pipe(z.email('must be an e-mail address')).nullish(),
    phone: z
      .string()
      .trim()
      .regex(/^\+[1-9]\d{5,14}$/, 'must be a number in E.164 form, such as +358401234567')
      .nullish(),
  })
  .refine(({ name, email, phone }) => name || email || phone, {
    message: 'needs at least one of name, email and phone',
    params: { rule: 'required' },
  })

export interface CreateContactInput {
  name?: string | null
  email?: string | null
  /** E.164. */
  phone?: string | null
  idempotencyKey?: string | null
}

/**
 * Adds a person. Throws INSUFFICIENT_SCOPE (`contacts:write`), VALIDATION_FAILED, CONTACT_CONFLICT (another contact
 * has the e-mail address), IDEMPOTENCY_CONFLICT.
 */
export async function createContact(world: World, viewer: Viewer, input: CreateContactInput): Promise<{ id: string }> {
  requireScope(viewer, 'contacts:write')
  const { idempotencyKey, ...asked } = input
  const { name = null, email = null, phone = null } = parse(schema, asked)
  const { workspaceId } = viewer
  const now = world.clock.now()
  try {
    return await world.events.write(workspaceId, (tx, emit) =>
      once(tx, { workspaceId, key: idempotencyKey, operation: 'createContact', input: asked, now }, async () => {
        const id = world.newId()
        const legacyId = await takeLegacyIds(tx, workspaceId, 'contact')
        await insertContact(tx, { id, workspaceId, legacyId, name, email, phone, now })
        emit('contact.created', { contactId: id })
        return { id }
      }),
    )
  } catch (error) {
    if (violatedConstraint(error) !== 'contact_email_key') throw error
    throw new ExpectedError('CONTACT_CONFLICT', 'Another contact has this e-mail address.', { path: ['email'] })
  }
}
