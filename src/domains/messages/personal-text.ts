import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import {
  type CampaignRow,
  type Candidate,
  LINK_PLACEHOLDER,
  respondentsOf,
  type SmsContent,
} from '../campaigns/index.ts'
import type { MessageDeps } from './deps.ts'

/**
 * What each receiver of a campaign is texted, by receiver: `{link}` is their own way into the survey that the campaign
 * leads to. Undefined for campaigns whose message is the same for all.
 */
export async function personalTexts(
  { world, personalUrl }: Pick<MessageDeps, 'world' | 'personalUrl'>,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  candidates: readonly Candidate[],
): Promise<Map<string, string> | undefined> {
  const { workspace_id: workspaceId, link_id: linkId } = campaign
  if (campaign.kind !== 'sms_broadcast' || linkId === null || candidates.length === 0) return undefined
  const [slugs] = await tx.query<{ workspace: string; link: string }>(
    sql`SELECT w.slug AS workspace, l.slug AS link FROM workspace w JOIN link l ON l.workspace_id = w.id
        WHERE w.id = ${workspaceId}::uuid AND l.id = ${linkId}::uuid`,
  )
  const respondents = await respondentsOf(world, tx, emit, campaign, candidates)
  const rows = [...respondents].map(([receiver, respondent]) => ({ receiver, respondent }))
  await tx.query(
    sql`UPDATE receiver r SET respondent_id = n.respondent
        FROM unnest(${rows.map(({ receiver }) => receiver)}::uuid[], ${rows.map(({ respondent }) => respondent)}::uuid[])
          AS n(receiver, respondent)
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = n.receiver AND r.respondent_id IS NULL`,
  )
  const { message } = campaign.content as SmsContent
  return new Map(
    rows.map(({ receiver, respondent }) => [
      receiver,
      message.replaceAll(LINK_PLACEHOLDER, personalUrl(slugs!.workspace, slugs!.link, respondent)),
    ]),
  )
}
