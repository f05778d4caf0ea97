import { sql } from '../../db/sql.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { CampaignDeps } from './deps.ts'
import { type EffectivePolicy, mergePolicy, type OutreachPolicy } from './policy.ts'
import { readPolicy } from './policy-store.ts'
import { UNITS_PER_CENT } from './prices.ts'
import { monthOf } from './questions.ts'

export interface OutreachLimits {
  /** What the workspace has set for itself. */
  own: OutreachPolicy
  /** What the operator of the server allows. */
  server: OutreachPolicy
  /** What holds. */
  effective: EffectivePolicy
  /** What the workspace has spent in this calendar month (UTC), with the most that calls under way can cost. */
  spentCents: number
}

/** What limits the outreach of the viewer's workspace. Throws INSUFFICIENT_SCOPE (`campaigns:read`). */
export async function getOutreachPolicy(
  { world, policy: server }: Pick<CampaignDeps, 'world' | 'policy'>,
  viewer: Viewer,
): Promise<OutreachLimits> {
  requireScope(viewer, 'campaigns:read')
  const { workspaceId } = viewer
  const own = await readPolicy(world.db, workspaceId)
  const [spend] = await world.db.query<{ amount: string | number }>(
    sql`SELECT amount FROM spend
        WHERE workspace_id = ${workspaceId}::uuid AND month = ${monthOf(world.clock.now())}::date`,
  )
  const spentCents = Number(spend?.amount ?? 0) / UNITS_PER_CENT
  return { own, server, effective: mergePolicy(server, own), spentCents }
}
