import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import type { CampaignRow } from './campaign-row.ts'
import type { PreparedContent } from './content.ts'
import { insertCampaign } from './create-campaign.ts'
import type { CampaignDeps, CampaignKind } from './deps.ts'
import { lockCampaigns, recordProgress } from './progress.ts'
import { insertTargets } from './targets.ts'

/**
 * The campaign that the server keeps for a link, locked: made when somebody first asks for it, and made anew when it was
 * deleted or has come to its end. `prepare` judges what a new one says.
 */
export async function standingCampaign(
  deps: CampaignDeps,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  { linkId, kind, name }: { linkId: string; kind: CampaignKind; name: string },
  prepare: () => Promise<PreparedContent>,
): Promise<CampaignRow> {
  const present = await findStanding(tx, workspaceId, linkId, kind)
  if (present) return present
  // Not the link's row: those who hold the campaign may wait for that.
  await tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`standing ${kind} ${linkId}`}, 0))`)
  const since = await findStanding(tx, workspaceId, linkId, kind)
  if (since) return since
  const prepared = await prepare()
  const schedule = { startsAt: null, endsAt: null }
  const fields = { name: name.slice(0, 200) }
  const id = await insertCampaign(
    deps,
    tx,
    emit,
    workspaceId,
    { kind, fields, schedule, state: 'active', prepared: { ...prepared, linkId }, standing: true },
    [],
  )
  return (await lockCampaigns(tx, workspaceId, [id]))[0]!
}

async function findStanding(
  tx: Tx,
  workspaceId: string,
  linkId: string,
  kind: CampaignKind,
): Promise<CampaignRow | undefined> {
  const [found] = await tx.query<{ id: string }>(
    sql`SELECT id FROM campaign WHERE workspace_id = ${workspaceId}::uuid AND link_id = ${linkId}::uuid
          AND kind = ${kind}::campaign_kind AND standing AND deleted_at IS NULL AND state <> 'completed'`,
  )
  const campaign = found && (await lockCampaigns(tx, workspaceId, [found.id]))[0]
  // It may have come to its end while it was waited for.
  return campaign && campaign.deleted_at === null && campaign.state !== 'completed' ? campaign : undefined
}

/** A respondent as somebody whom a campaign addresses. */
export interface RespondentToReach {
  respondentId: string
  contactId: string
}

/**
 * Has a locked campaign address respondents: those whom it knows and has done with once more, as often as anew; those
 * who wait or are being addressed stay as they are.
 */
export async function reachRespondents(
  { world }: Pick<CampaignDeps, 'world'>,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  respondents: readonly RespondentToReach[],
): Promise<void> {
  if (respondents.length === 0) return
  const { id: campaignId, workspace_id: workspaceId } = campaign
  const now = world.clock.now()
  const known = await tx.query<{ id: string; respondent_id: string; state: string; attempts: number }>(
    sql`SELECT id, respondent_id, state, attempts FROM receiver
        WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ${campaignId}::uuid
          AND respondent_id = ANY(${respondents.map(({ respondentId }) => respondentId)}::uuid[])
        ORDER BY id FOR UPDATE`,
  )
  const again = known.filter(({ state }) => state === 'settled')
  await tx.query(
    sql`UPDATE receiver SET state = 'waiting', outcome = NULL, reason = NULL, settled_at = NULL, retry_at = NULL,
               earlier_attempts = attempts, ready_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${again.map(({ id }) => id)}::uuid[])`,
  )
  for (const { id: receiverId, attempts } of again) emit('receiver.waiting', { campaignId, receiverId, attempts })
  const isKnown = new Set(known.map(({ respondent_id: id }) => id))
  const fresh = respondents.filter(({ respondentId }) => !isKnown.has(respondentId))
  await insertReceivers(fresh)
  const changed = again.length + fresh.length
  if (changed === 0) return
  const progress = { receivers: fresh.length, settled_receivers: -again.length }
  await recordProgress(tx, emit, campaign, progress, { now, dueAt: now })

  async function insertReceivers(people: readonly RespondentToReach[]): Promise<void> {
    if (people.length === 0) return
    const targets = await insertTargets(
      world,
      tx,
      { id: campaignId, workspaceId },
      people.map(({ contactId }) => ({ kind: 'contact', id: contactId })),
    )
    const rows = people.map(({ respondentId, contactId }, n) => ({
      ...{ id: world.newId(), respondent: respondentId, contact: contactId, target: targets[n]!.targetId, n: n + 1 },
    }))
    await tx.query(
      sql`INSERT INTO receiver (id, workspace_id, campaign_id, contact_id, respondent_id, target_id, position, state,
                                ready_at, created_at, updated_at)
          SELECT r.id, ${workspaceId}::uuid, ${campaignId}::uuid, r.contact, r.respondent, r.target,
                 ${campaign.last_position}::int + r.n, 'waiting', ${now}::timestamptz, ${now}::timestamptz,
                 ${now}::timestamptz
          FROM jsonb_to_recordset(${json(rows)}::jsonb)
            AS r(id uuid, respondent uuid, contact uuid, target uuid, n int)`,
    )
    campaign.last_position += people.length
    await tx.query(
      sql`UPDATE campaign SET last_position = ${campaign.last_position}::int
          WHERE workspace_id = ${workspaceId}::uuid AND id = ${campaignId}::uuid`,
    )
    emit('campaign.receiversAdded', { campaignId, count: people.length })
  }
}
