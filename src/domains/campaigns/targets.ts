import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import { contactsOf, type Receiver as Reached } from '../contacts/index.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import type { World } from '../world.ts'

export interface Target extends Reached {
  targetId: string
}

/** Writes down whom a campaign was told to address, after those it was told before. */
export async function insertTargets(
  world: World,
  tx: Tx,
  campaign: { id: string; workspaceId: string },
  reached: readonly Reached[],
): Promise<Target[]> {
  const { id, workspaceId } = campaign
  const first = await takeLegacyIds(tx, workspaceId, 'campaignTarget', reached.length)
  const targets = reached.map((each) => ({ ...each, targetId: world.newId() }))
  const rows = targets.map((target, n) => ({ n, kind: target.kind, target: target.targetId, reached: target.id }))
  await tx.query(
    sql`INSERT INTO campaign_target (id, workspace_id, campaign_id, legacy_id, kind, contact_id, list_id, segment_id,
                                     position, created_at, updated_at)
        SELECT t.target, ${workspaceId}::uuid, ${id}::uuid, ${first}::int + t.n, t.kind::campaign_target_kind,
               CASE WHEN t.kind = 'contact' THEN t.reached END, CASE WHEN t.kind = 'list' THEN t.reached END,
               CASE WHEN t.kind = 'segment' THEN t.reached END, last.position + t.n,
               ${world.clock.now()}::timestamptz, ${world.clock.now()}::timestamptz
        FROM jsonb_to_recordset(${json(rows)}::jsonb) AS t(n int, kind text, target uuid, reached uuid),
             (SELECT coalesce(max(position), -1) + 1 AS position FROM campaign_target
              WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ${id}::uuid) last`,
  )
  return targets
}

export async function readTargets(tx: Tx, workspaceId: string, campaignId: string): Promise<Target[]> {
  return tx.query<Target>(
    sql`SELECT id AS "targetId", kind, coalesce(contact_id, list_id, segment_id) AS id FROM campaign_target
        WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ${campaignId}::uuid ORDER BY position`,
  )
}

/** How many receivers one statement makes. */
const BATCH = 10_000

/**
 * Makes receivers of the persons whom targets stand for and whom the campaign does not address yet, in their order.
 * The caller holds the campaign, whose last position is given. Returns how many were made.
 */
export async function expandTargets(
  world: World,
  tx: Tx,
  campaign: { id: string; workspaceId: string; lastPosition: number },
  targets: readonly Target[],
): Promise<number> {
  const { id, workspaceId, lastPosition } = campaign
  if (targets.length === 0) return 0
  const now = world.clock.now()
  const found = await tx.query<{ contact_id: string; n: number }>(
    sql`SELECT reached.contact_id, reached.n FROM (${contactsOf(workspaceId, targets)}) reached
        WHERE NOT EXISTS (
          SELECT FROM receiver r WHERE r.campaign_id = ${id}::uuid AND r.contact_id = reached.contact_id)
        ORDER BY reached.n, reached.place, reached.contact_id`,
  )
  for (let start = 0; start < found.length; start += BATCH) {
    const batch = found.slice(start, start + BATCH)
    await tx.query(
      sql`INSERT INTO receiver (id, workspace_id, campaign_id, contact_id, target_id, position, state, ready_at,
                                created_at, updated_at)
          SELECT r.id, ${workspaceId}::uuid, ${id}::uuid, r.contact_id, r.target_id,
                 ${lastPosition + start}::int + r.n, 'waiting', ${now}::timestamptz, ${now}::timestamptz,
                 ${now}::timestamptz
          FROM unnest(${batch.map(() => world.newId())}::uuid[], ${batch.map((row) => row.contact_id)}::uuid[],
                      ${batch.map((row) => targets[row.n]!.targetId)}::uuid[])
               WITH ORDINALITY AS r(id, contact_id, target_id, n)`,
    )
  }
  return found.length
}

/**
 * Takes out those who were never addressed and whom no target stands for any more. The caller holds the campaign.
 * Returns how many went.
 */
export async function dropUnreached(
  tx: Tx,
  campaign: { id: string; workspaceId: string },
  targets: readonly Target[],
): Promise<number> {
  const { id, workspaceId } = campaign
  const [row] = await tx.query<{ count: number }>(
    sql`WITH gone AS (
          DELETE FROM receiver r
          WHERE r.workspace_id = ${workspaceId}::uuid AND r.campaign_id = ${id}::uuid AND r.state = 'waiting'
            AND r.attempts = 0
            AND NOT EXISTS (SELECT FROM call WHERE call.workspace_id = ${workspaceId}::uuid AND call.receiver_id = r.id)
            AND NOT EXISTS (
              SELECT FROM (${contactsOf(workspaceId, targets)}) reached WHERE reached.contact_id = r.contact_id)
          RETURNING 1
        ) SELECT count(*)::int AS count FROM gone`,
  )
  return row!.count
}
