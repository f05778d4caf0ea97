import type { Queryable } from '../../src/db/database.ts'
import { sql } from '../../src/db/sql.ts'

/** The statistics counted anew from receivers and calls; what messages count is left out. */
export async function recount({ db }: { db: Queryable }, campaignId: string): Promise<Record<string, number>> {
  const [row] = await db.query<Record<string, number>>(
    sql`SELECT (SELECT count(*)::int FROM receiver WHERE campaign_id = ${campaignId}::uuid) AS receivers,
               (SELECT count(*)::int FROM receiver WHERE campaign_id = ${campaignId}::uuid AND state = 'settled')
                 AS settled_receivers,
               (count(*) FILTER (WHERE dialed_at IS NOT NULL))::int AS dialed_calls,
               (count(*) FILTER (WHERE settled_at IS NOT NULL AND cause = 'answered'))::int AS answered_calls,
               (count(*) FILTER (WHERE settled_at IS NOT NULL AND settled_as <> 'not_dialed' AND cause <> 'answered'))::int
                 AS not_answered_calls,
               (count(*) FILTER (WHERE settled_at IS NOT NULL AND cause IS NULL))::int AS unknown_calls,
               coalesce(sum(duration_seconds) FILTER (WHERE settled_at IS NOT NULL), 0)::int AS total_seconds,
               count(DISTINCT receiver_id) FILTER (WHERE reply = 'accept')::int AS accepts,
               count(DISTINCT receiver_id) FILTER (WHERE reply = 'decline')::int AS declines,
               count(DISTINCT receiver_id) FILTER (WHERE reply = 'opt_out')::int AS opt_outs,
               (count(*) FILTER (WHERE settled_at IS NOT NULL AND cause = 'answered' AND reply IS NULL
                  AND NOT coalesce(flow->'survey'->>'over' = 'answered', false)
                  AND coalesce(flow->'survey'->>'given', '{}') = '{}'))::int AS no_replies,
               (count(*) FILTER (WHERE settled_at IS NOT NULL AND flow->'survey'->>'over' = 'answered'))::int AS surveyed,
               (count(*) FILTER (WHERE settled_at IS NOT NULL AND flow->'survey'->>'given' <> '{}'
                  AND flow->'survey'->>'over' IS DISTINCT FROM 'answered'))::int AS partial,
               coalesce(sum(cost) FILTER (WHERE settled_at IS NOT NULL), 0)::int AS cost
        FROM call WHERE campaign_id = ${campaignId}::uuid`,
  )
  return row!
}
