import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import { BoundedMap } from '../../platform/bounded-map.ts'
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
  // Of the row itself only: what else a statement reads that waits for a lock is as it was before it waited.
  const hold = sql`UPDATE message_pool SET next_seq = next_seq + ${messages}::int WHERE workspace_id = ${workspaceId}::uuid
    RETURNING next_seq - ${messages}::int AS seq, content_policy, tenants, reduced_before, summed_before, calendar_version`
  type Row = {
    seq: number
    content_policy: ContentPolicy
    tenants: string[]
    reduced_before: Date | null
    summed_before: number
    calendar_version: number
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
    calendars: await calendarsUpTo(tx, workspaceId, row!.calendar_version),
  }
}

/** Versions never change and only the next one is added, so up to one of them they are remembered. */
const calendars = new BoundedMap<string, BusinessCalendar[]>(1_000)

async function calendarsUpTo(tx: Tx, workspaceId: string, version: number): Promise<BusinessCalendar[]> {
  if (version === 0) return []
  const place = `${workspaceId}\n${version}`
  const known = calendars.get(place)
  if (known) return known
  const rows = await tx.query<{ version: number; rules: CalendarRules; effective_from: Date }>(
    sql`SELECT version, rules, effective_from FROM business_calendar
        WHERE workspace_id = ${workspaceId}::uuid AND version <= ${version}::int ORDER BY effective_from, version`,
  )
  const found = rows.map((row) => ({
    ...{ version: row.version, rules: row.rules, effectiveFrom: row.effective_from.getTime() },
  }))
  calendars.set(place, found)
  return found
}

/** Adds a version of the business calendar, for whoever holds the pool. Returns its number. */
export async function addCalendar(
  tx: Tx,
  workspaceId: string,
  { rules, effectiveFrom }: { rules: CalendarRules; effectiveFrom: Date },
  now: Date,
): Promise<number> {
  const [row] = await tx.query<{ version: number }>(
    sql`WITH next AS (
          UPDATE message_pool SET calendar_version = 1 + coalesce(
            (SELECT max(version) FROM business_calendar WHERE workspace_id = ${workspaceId}::uuid), 0)
          WHERE workspace_id = ${workspaceId}::uuid RETURNING calendar_version AS version
        )
        INSERT INTO business_calendar (workspace_id, version, rules, effective_from, created_at)
        SELECT ${workspaceId}::uuid, version, ${json(rules)}::json, ${effectiveFrom}::timestamptz, ${now}::timestamptz
        FROM next RETURNING version`,
  )
  return row!.version
}
