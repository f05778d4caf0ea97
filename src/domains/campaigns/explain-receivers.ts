import { sql } from '../../db/sql.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { type Blocker, blockersOf, nextAttemptAt } from './blockers.ts'
import { type CampaignRow, campaignColumns } from './campaign-row.ts'
import type { CampaignDeps, CampaignKind } from './deps.ts'
import { type Candidate, candidateColumns, channelOf, headOf, questionsOf, surroundingsOf } from './questions.ts'

export interface Explanation {
  /** Every rule that holds the receiver back, most general first; none: the engine is about to address it. */
  blockers: Blocker[]
  /** The first instant at which time alone would allow it; null: never, as things stand. */
  nextAttemptAt: Date | null
}

/**
 * "Why not now?", for receivers of any campaigns, in the order asked. The judge is the engine's own. Throws
 * INSUFFICIENT_SCOPE (`campaigns:read`), NOT_FOUND.
 */
export async function explainReceivers(
  deps: Pick<CampaignDeps, 'world' | 'policy' | 'prices'>,
  viewer: Viewer,
  ids: readonly string[],
): Promise<Explanation[]> {
  requireScope(viewer, 'campaigns:read')
  const { workspaceId } = viewer
  const { db } = deps.world
  const found = await db.query<{ id: string; campaign_id: string; kind: CampaignKind }>(
    sql`SELECT r.id, r.campaign_id, c.kind FROM receiver r
        JOIN campaign c ON c.workspace_id = r.workspace_id AND c.id = r.campaign_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ANY(${ids.filter(isUuid)}::uuid[])`,
  )
  const campaignOf = new Map(found.map((row) => [row.id, row]))
  const unknown = ids.findIndex((id) => !campaignOf.has(id))
  if (unknown !== -1) throw new NotFoundError('receiver', ['ids', unknown])
  const explained = new Map<string, Explanation>()
  for (const campaignId of new Set(found.map((row) => row.campaign_id))) {
    const own = found.filter((row) => row.campaign_id === campaignId)
    const [campaign] = await db.query<CampaignRow>(
      sql`SELECT ${campaignColumns} FROM campaign c
          JOIN campaign_stats s ON s.workspace_id = c.workspace_id AND s.id = c.id
          WHERE c.workspace_id = ${workspaceId}::uuid AND c.id = ${campaignId}::uuid`,
    )
    const surroundings = await surroundingsOf(deps, db, campaign!)
    const candidates = await db.query<Candidate>(
      sql`SELECT ${candidateColumns(channelOf(campaign!.kind))} FROM receiver r
          JOIN contact k ON k.workspace_id = r.workspace_id AND k.id = r.contact_id
          WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ANY(${own.map((row) => row.id)}::uuid[])`,
    )
    const head = surroundings.isStrict ? await headOf(db, workspaceId, campaignId) : undefined
    const questions = await questionsOf(deps.world, db, workspaceId, surroundings, candidates, head)
    questions.forEach((question, index) => {
      explained.set(candidates[index]!.id, {
        blockers: blockersOf(question),
        nextAttemptAt: nextAttemptAt(question) ?? null,
      })
    })
  }
  return ids.map((id) => explained.get(id)!)
}
