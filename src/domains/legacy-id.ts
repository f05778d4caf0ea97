import type { Tx } from '../db/database.ts'
import { sql } from '../db/sql.ts'

export type LegacyKind =
  | 'link'
  | 'contact'
  | 'respondent'
  | 'contactList'
  | 'segment'
  | 'subuser'
  | 'voiceFile'
  | 'voice_broadcast'
  | 'click_to_call'
  | 'rsvp'
  | 'sms_broadcast'
  | 'email_broadcast'
  | 'survey_calls'
  | 'campaignTarget'

/**
 * The next `count` small numbers of a kind in a workspace; returns the first. Locks the counter until the transaction
 * ends, so creations of one kind in one workspace happen one after another.
 */
export async function takeLegacyIds(tx: Tx, workspaceId: string, kind: LegacyKind, count = 1): Promise<number> {
  const [row] = await tx.query<{ last: number }>(
    sql`INSERT INTO legacy_counter (workspace_id, kind, last) VALUES (${workspaceId}::uuid, ${kind}, ${count}::int)
        ON CONFLICT (workspace_id, kind) DO UPDATE SET last = legacy_counter.last + excluded.last RETURNING last`,
  )
  return row!.last - count + 1
}

/**
 * Locks the counter of a kind for a `takeLegacyIds` to come. False: somebody else has it, such as who adds very many, and
 * it is not waited for; only for who makes the first of a kind in a workspace.
 */
export async function tryLegacyCounter(tx: Tx, workspaceId: string, kind: LegacyKind): Promise<boolean> {
  const counter = sql`FROM legacy_counter WHERE workspace_id = ${workspaceId}::uuid AND kind = ${kind}`
  if ((await tx.query(sql`SELECT 1 ${counter} FOR UPDATE SKIP LOCKED`)).length > 0) return true
  if ((await tx.query(sql`SELECT 1 ${counter}`)).length > 0) return false
  const made = await tx.query(
    sql`INSERT INTO legacy_counter (workspace_id, kind, last) VALUES (${workspaceId}::uuid, ${kind}, 0)
        ON CONFLICT DO NOTHING RETURNING 1`,
  )
  return made.length > 0
}

/** Keeps the numbers up to `last` out of what `takeLegacyIds` gives, and locks the counter as that does. */
export async function passLegacyId(tx: Tx, workspaceId: string, kind: LegacyKind, last: number): Promise<void> {
  await tx.query(
    sql`INSERT INTO legacy_counter (workspace_id, kind, last) VALUES (${workspaceId}::uuid, ${kind}, ${last}::int)
        ON CONFLICT (workspace_id, kind) DO UPDATE SET last = greatest(legacy_counter.last, excluded.last)`,
  )
}

/** Whether a number can be one that was given out. */
export function isLegacyId(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value < 2 ** 31
}
