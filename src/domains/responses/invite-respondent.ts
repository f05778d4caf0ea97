import { sql } from '../../db/sql.ts'
import { ExpectedError, NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { contactExists } from '../contacts/index.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import { lockLink } from '../links/index.ts'
import type { World } from '../world.ts'
import { insertRespondent } from './store.ts'

export interface InviteRespondentInput {
  linkId: string
  contactId: string
  idempotencyKey?: string | null
}

/**
 * Makes a contact a respondent of a link, with a personal address of its own. Throws INSUFFICIENT_SCOPE
 * (`responses:write`), NOT_FOUND (link or contact), CONTACT_CONFLICT (takes part already), IDEMPOTENCY_CONFLICT.
 */
export async function inviteRespondent(
  world: World,
  viewer: Viewer,
  input: InviteRespondentInput,
): Promise<{ id: string }> {
  requireScope(viewer, 'responses:write')
  const { linkId, contactId, idempotencyKey } = input
  if (!isUuid(linkId)) throw new NotFoundError('link', ['linkId'])
  if (!isUuid(contactId)) throw new NotFoundError('contact', ['contactId'])
  const { workspaceId } = viewer
  const now = world.clock.now()
  const key = { workspaceId, key: idempotencyKey, operation: 'inviteRespondent', input: { linkId, contactId }, now }
  return world.events.write(workspaceId, (tx, emit) =>
    once(tx, key, async () => {
      // Held against others who invite the same person.
      if (!(await lockLink(tx, workspaceId, linkId))) throw new NotFoundError('link', ['linkId'])
      if (!(await contactExists(tx, workspaceId, contactId))) throw new NotFoundError('contact', ['contactId'])
      const taking = await tx.query(
        sql`SELECT id FROM respondent WHERE workspace_id = ${workspaceId}::uuid AND link_id = ${linkId}::uuid
              AND contact_id = ${contactId}::uuid LIMIT 1`,
      )
      if (taking.length > 0) {
        throw new ExpectedError('CONTACT_CONFLICT', 'This contact is a respondent of the link already.', {
          path: ['contactId'],
        })
      }
      const id = world.newId()
      const legacyId = await takeLegacyIds(tx, workspaceId, 'respondent')
      await insertRespondent(tx, { id, workspaceId, legacyId, linkId, contactId, status: 'created', now })
      emit('respondent.created', { linkId, respondentId: id })
      return { id }
    }),
  )
}
