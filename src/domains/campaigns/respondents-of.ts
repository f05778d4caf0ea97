import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import { addParticipants } from '../responses/index.ts'
import type { World } from '../world.ts'
import type { CampaignRow } from './campaign-row.ts'
import { type Candidate, participationsOf } from './questions.ts'

/**
 * The respondents that receivers of a campaign with a link are, by receiver: a person whom the campaign was told of
 * becomes one when first addressed. Empty for campaigns without a link.
 */
export async function respondentsOf(
  world: World,
  tx: Tx,
  emit: Emit,
  { workspace_id: workspaceId, link_id: linkId }: CampaignRow,
  candidates: readonly Pick<Candidate, 'id' | 'contact_id' | 'respondent_id'>[],
): Promise<Map<string, string>> {
  if (linkId === null || candidates.length === 0) return new Map()
  const taking = await participationsOf(tx, workspaceId, linkId, candidates)
  const respondents = new Map<string, string>()
  const missing: { id: string; contact_id: string }[] = []
  for (const candidate of candidates) {
    const found = taking.get(candidate.respondent_id ?? candidate.id)
    if (found) respondents.set(candidate.id, found.id)
    else missing.push(candidate)
  }
  const contacts = missing.map(({ contact_id: contactId }) => contactId)
  const made = await addParticipants(world, tx, emit, { workspaceId, linkId }, contacts)
  missing.forEach(({ id }, index) => void respondents.set(id, made[index]!))
  return respondents
}
