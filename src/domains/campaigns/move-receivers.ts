import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { lockCampaigns } from './progress.ts'

/**
 * Holds the campaigns that address contacts. Before the contacts themselves are locked: whoever holds a campaign may wait
 * for a contact.
 */
export async function holdCampaignsOf(tx: Tx, workspaceId: string, contactIds: readonly string[]): Promise<void> {
  const campaigns = await tx.query<{ id: string }>(
    sql`SELECT DISTINCT campaign_id AS id FROM receiver
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[])`,
  )
  if (campaigns.length === 0) return
  await lockCampaigns(
    tx,
    workspaceId,
    campaigns.map(({ id }) => id),
  )
}

/**
 * Makes what campaigns did for one contact another one's: targets, receivers, their calls and messages. Where both are
 * receivers of one campaign, the merged contact's row stays with its history; nobody is addressed by it any more, since it
 * has no address. The caller holds the campaigns, and then both contacts.
 */
export async function moveReceivers(
  tx: Tx,
  workspaceId: string,
  { from, to }: { from: string; to: string },
  now: Date,
): Promise<void> {
  await tx.query(
    sql`UPDATE campaign_target SET contact_id = ${to}::uuid, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ${from}::uuid`,
  )
  const moved = await tx.query<{ id: string }>(
    sql`UPDATE receiver r SET contact_id = ${to}::uuid, updated_at = ${now}::timestamptz
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.contact_id = ${from}::uuid
          -- Participations in a survey stay apart, whoever's they are.
          AND (r.respondent_id IS NOT NULL OR NOT EXISTS (
            SELECT FROM receiver o WHERE o.workspace_id = ${workspaceId}::uuid AND o.campaign_id = r.campaign_id
              AND o.contact_id = ${to}::uuid AND o.respondent_id IS NULL))
        RETURNING r.id`,
  )
  const ids = moved.map(({ id }) => id)
  if (ids.length === 0) return
  await tx.query(
    sql`UPDATE call SET contact_id = ${to}::uuid
        WHERE workspace_id = ${workspaceId}::uuid AND receiver_id = ANY(${ids}::uuid[])`,
  )
  await tx.query(
    sql`UPDATE outbound_message SET contact_id = ${to}::uuid
        WHERE workspace_id = ${workspaceId}::uuid AND receiver_id = ANY(${ids}::uuid[])`,
  )
}
