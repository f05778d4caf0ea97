import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import type { CampaignRow } from './campaign-row.ts'
import type { SmsContent } from './content.ts'
import type { CampaignDeps } from './deps.ts'
import { lockCampaigns } from './progress.ts'
import { reachRespondents, standingCampaign } from './standing-campaign.ts'
import type { SurveyContent } from './survey/survey-script.ts'

/**
 * Locks campaigns whose calls are heard of, and with them those that text for them what a call cannot ask: all in one
 * order, since whoever locks several goes by their ids. Returns the ones asked for.
 */
export async function lockWithFollowUps(
  tx: Tx,
  workspaceId: string,
  campaignIds: readonly string[],
): Promise<CampaignRow[]> {
  const texting = await tx.query<{ id: string }>(
    sql`SELECT f.id FROM campaign c
        JOIN campaign f ON f.workspace_id = c.workspace_id AND f.link_id = c.link_id AND f.kind = 'sms_broadcast'
          AND f.standing AND f.deleted_at IS NULL AND f.state <> 'completed'
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.id = ANY(${campaignIds}::uuid[])
          AND c.kind = 'survey_calls' AND c.content ->> 'followUpSms' IS NOT NULL`,
  )
  const locked = await lockCampaigns(tx, workspaceId, [...campaignIds, ...texting.map(({ id }) => id)])
  return locked.filter(({ id }) => campaignIds.includes(id))
}

/**
 * Texts a respondent the personal address of a survey that a call has come as far in as a call can. The message goes out
 * by a campaign of its own for the link, so that it keeps to all rules; whoever was texted before is not texted again.
 */
export async function followUpBySms(
  deps: CampaignDeps,
  tx: Tx,
  emit: Emit,
  survey: CampaignRow,
  respondentId: string,
): Promise<void> {
  const { workspace_id: workspaceId, link_id: linkId } = survey
  const message = (survey.content as SurveyContent).followUpSms
  if (message === null || linkId === null) return
  const [person] = await tx.query<{ contact_id: string | null }>(
    sql`SELECT contact_id FROM respondent WHERE workspace_id = ${workspaceId}::uuid AND id = ${respondentId}::uuid`,
  )
  if (!person || person.contact_id === null) return
  const content: SmsContent = { message, sender: null, linkId }
  const what = { linkId, kind: 'sms_broadcast' as const, name: 'Follow-up' }
  const campaign = await standingCampaign(deps, tx, emit, workspaceId, what, async () => ({
    ...{ content, fault: null, voiceFileIds: [], sayings: [] },
  }))
  const known = await tx.query(
    sql`SELECT 1 FROM receiver WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ${campaign.id}::uuid
          AND respondent_id = ${respondentId}::uuid`,
  )
  if (known.length > 0) return
  await reachRespondents(deps, tx, emit, campaign, [{ respondentId, contactId: person.contact_id }])
}
