import { z } from 'zod'
import { type Issue, NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { holdCampaignsOf, moveReceivers } from '../campaigns/index.ts'
import {
  addressesOf,
  type ContactRow,
  lockContacts,
  markContactsDeleted,
  mergeMemberships,
  OUTREACH_CHANNELS,
  optedOutAmong,
  recordOptOuts,
  updateContacts,
} from '../contacts/index.ts'
import { lockResponsesOf, moveRespondents } from '../responses/index.ts'
import type { World } from '../world.ts'

export interface MergeContactsInput {
  /** The contact that stays. */
  id: string
  /** Those that are the same person; 1 to 100. */
  duplicateIds: readonly string[]
}

const schema = z.object({
  duplicateIds: z.array(z.string()).min(1, 'must name a duplicate').max(100, 'must be at most 100'),
})

/**
 * Makes one contact of several. What the one that stays does not say is taken from the duplicates, the first that says
 * it; their participations, their places on lists and what campaigns did for them become its own, and whatever one of them was opted out of, it is opted
 * out of. The duplicates are deleted and lead to it by `mergedInto`. Throws INSUFFICIENT_SCOPE (`contacts:write`),
 * NOT_FOUND, VALIDATION_FAILED.
 */
export async function mergeContacts(world: World, viewer: Viewer, input: MergeContactsInput): Promise<{ id: string }> {
  requireScope(viewer, 'contacts:write')
  const { id } = input
  parse(schema, { duplicateIds: input.duplicateIds })
  if (!isUuid(id)) throw new NotFoundError('contact', ['id'])
  const duplicateIds = [...new Set(input.duplicateIds)]
  if (duplicateIds.includes(id)) {
    const message = 'must not be the contact that stays'
    throw new ValidationError([{ path: ['duplicateIds', input.duplicateIds.indexOf(id)], rule: 'same', message }])
  }
  const { workspaceId } = viewer
  const now = world.clock.now()
  await world.events.write(workspaceId, async (tx, emit) => {
    await holdCampaignsOf(tx, workspaceId, duplicateIds.filter(isUuid))
    const locked = await lockContacts(tx, workspaceId, [id, ...duplicateIds.filter(isUuid)])
    const kept = locked.find((contact) => contact.id === id)
    if (!kept) throw new NotFoundError('contact', ['id'])
    const issues = input.duplicateIds.flatMap((each, index): Issue[] =>
      locked.some((contact) => contact.id === each)
        ? []
        : [{ path: ['duplicateIds', index], rule: 'unknown_contact', message: 'must be a contact of your workspace' }],
    )
    if (issues.length > 0) throw new ValidationError(issues as [Issue, ...Issue[]])
    const duplicates = duplicateIds.map((each) => locked.find((contact) => contact.id === each)!)
    const merged = duplicates.reduce(filledIn, kept)

    // Calls before responses, and those before respondents, as who brings, submits or deletes answers locks them.
    for (const { id: from } of duplicates) await moveReceivers(tx, workspaceId, { from, to: id }, now)
    await lockResponsesOf(tx, workspaceId, duplicateIds)
    for (const { id: from } of duplicates) {
      await moveRespondents(tx, emit, workspaceId, { from, to: id }, now)
      await mergeMemberships(tx, emit, workspaceId, { from, to: id }, now)
    }
    const addresses = duplicates.flatMap((contact) => addressesOf(contact))
    const out = await optedOutAmong(world, tx, workspaceId, addresses)
    const channels = OUTREACH_CHANNELS.filter((each) => addresses.some(({ channel }, n) => out[n] && channel === each))
    await recordOptOuts(world, tx, emit, workspaceId, id, addressesOf(merged, channels))
    // First they free their addresses, then it takes them.
    await markContactsDeleted(tx, workspaceId, duplicateIds, now, id)
    await updateContacts(tx, workspaceId, [merged], now)
    for (const { id: from } of duplicates) emit('contact.merged', { contactId: id, mergedContactId: from })
  })
  return { id }
}

/** `kept` with what it does not say taken from `other`; a telephone number goes with what was typed. */
function filledIn(kept: ContactRow, other: ContactRow): ContactRow {
  const filled = { ...kept } as Record<keyof ContactRow, unknown>
  for (const [field, value] of Object.entries(other) as [keyof ContactRow, unknown][]) filled[field] ??= value
  if (kept.phone !== null) filled.phoneInput = kept.phoneInput
  if (kept.email === null) filled.sharesEmail = other.sharesEmail
  return filled as unknown as ContactRow
}
