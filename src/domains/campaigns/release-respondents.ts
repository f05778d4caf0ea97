import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
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
          AND NOT EXISTS (
            SELECT FROM receiver o
            JOIN campaign c ON c.workspace_id = o.workspace_id AND c.id = o.campaign_id
            WHERE o.workspace_id = r.workspace_id AND o.respondent_id = r.respondent_id AND o.campaign_id <> r.campaign_id
              AND (o.state = 'in_progress' OR (o.state = 'waiting' AND c.state <> 'completed' AND c.deleted_at IS NULL)))`,
  )
  const moves = new Map(
    waiting.map(({ respondent_id: respondent, attempts }) => [
      respondent,
      attempts === 0 ? ('created' as const) : ('called' as const),
    ]),
  )
  await moveStatus(tx, emit, workspaceId, moves, now)
}
