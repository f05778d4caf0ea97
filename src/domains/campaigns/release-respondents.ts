import type { Tx } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { moveStatus } from '../responses/index.ts'
import type { CampaignRow } from './campaign-row.ts'

/**
 * No call will be made after all to those who wait in a campaign that is over or deleted, which is locked: unless another
 * one is going to call them, they are not queued any more.
 */
export async function releaseWaitingRespondents(tx: Tx, emit: Emit, campaign: CampaignRow, now: Date): Promise<void> {
  if (campaign.kind !== 'survey_calls') return
  const { workspace_id: workspaceId, id } = campaign
  const waiting = await tx.query<{ respondent_id: string; attempts: number }>(
    sql`SELECT r.respondent_id, r.attempts FROM receiver r
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.campaign_id = ${id}::uuid AND r.state = 'waiting'
          AND r.respondent_id IS NOT NULL
          AND NOT EXISTS (${callsOfOthers(sql`r.workspace_id`, sql`r.respondent_id`, sql`r.campaign_id`)})`,
  )
  const moves = new Map(
    waiting.map(({ respondent_id: respondent, attempts }) => [
      respondent,
      attempts === 0 ? ('created' as const) : ('called' as const),
    ]),
  )
  await moveStatus(tx, emit, workspaceId, moves, now)
}

/** Whether another campaign than the one given calls a respondent, or is going to. */
export async function isCalledElsewhere(
  tx: Tx,
  workspaceId: string,
  { respondent_id: respondentId, campaign_id: campaignId }: { respondent_id: string | null; campaign_id: string },
): Promise<boolean> {
  const others = callsOfOthers(sql`${workspaceId}::uuid`, sql`${respondentId}::uuid`, sql`${campaignId}::uuid`)
  const [row] = await tx.query<{ found: boolean }>(sql`SELECT EXISTS (${others}) AS found`)
  return row!.found
}

function callsOfOthers(workspaceId: Sql, respondentId: Sql, campaignId: Sql): Sql {
  return sql`SELECT FROM receiver o
    JOIN campaign c ON c.workspace_id = o.workspace_id AND c.id = o.campaign_id AND c.kind = 'survey_calls'
    WHERE o.workspace_id = ${workspaceId} AND o.respondent_id = ${respondentId} AND o.campaign_id <> ${campaignId}
      AND (o.state = 'in_progress' OR (o.state = 'waiting' AND c.state <> 'completed' AND c.deleted_at IS NULL))`
}
