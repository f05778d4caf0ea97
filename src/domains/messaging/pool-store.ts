import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { CalendarRules } from '../calendars/index.ts'

export type ContentPolicy = 'keep' | 'encrypt' | 'drop'

/** How a workspace keeps messages, as it is while its pool is held. */
export interface Pool {
  /** Nobody had written any message before. */
  isNew: boolean
  /** Of the first of the messages that are to be written. */
  seq: number
  contentPolicy: ContentPolicy
  /** What clients may name as their tenant; none: any name. */
  tenants: string[]
  /** Milliseconds; messages before it are not taken any more. Null: nothing was reduced. */
  reducedBefore: number | null
  /** Day since 1970; facts of earlier days are summed up, so changes of them are as well. */
  summedBefore: number
  /** In the order in which they come into force; of one moment, the newest last. */
  calendars: BusinessCalendar[]
}

export interface BusinessCalendar {
  version: number
  rules: CalendarRules
  /** Milliseconds. */
  effectiveFrom: number
}

/**
 * Holds a workspace's pool until the transaction ends: nobody else writes messages of it meanwhile. Takes so many
 * numbers for messages.
 */
export async function holdPool(tx: Tx, workspaceId: string, messages: number, now: Date): Promise<Pool> {
  const hold = sql`UPDATE message_pool p SET next_seq = next_seq + ${messages}::int WHERE workspace_id = ${workspaceId}::uuid
    RETURNING next_seq - ${messages}::int AS seq, content_policy, tenants, reduced_before, summed_before,
      (SELECT json_agg(json_build_object('version', c.version, 'rules', c.rules,
                                         'effectiveFrom', extract(epoch FROM c.effective_from) * 1000) ORDER BY c.effective_from, c.version)
       FROM business_calendar c WHERE c.workspace_id = p.workspace_id) AS calendars`
  type Row = {
    seq: number
    content_policy: ContentPolicy
    tenants: string[]
    reduced_before: Date | null
    summed_before: number
    calendars: BusinessCalendar[] | null
  }
  let [row] = await tx.query<Row>(hold)
  const isNew = !row
  if (!row) {
    await tx.query(
      sql`INSERT INTO message_pool (workspace_id, updated_at) VALUES (${workspaceId}::uuid, ${now}::timestamptz)
          ON CONFLICT DO NOTHING`,
    )
    ;[row] = await tx.query<Row>(hold)
  }
  const { seq, content_policy: contentPolicy, tenants, reduced_before: reducedBefore } = row!
  return {
    isNew,
    seq: Number(seq),
    contentPolicy,
    tenants,
    reducedBefore: reducedBefore?.getTime() ?? null,
    summedBefore: row!.summed_before,
    calendars: (row!.calendars ?? []).map((each) => ({ ...each, effectiveFrom: Number(each.effectiveFrom) })),
  }
}
