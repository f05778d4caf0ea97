import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { NO_LIMITS, type OutreachPolicy } from './policy.ts'

/** What a workspace has set for itself. */
export async function readPolicy(db: Queryable, workspaceId: string): Promise<OutreachPolicy> {
  const [row] = await db.query<{
    quiet_from: string | null
    quiet_to: string | null
    countries: string[] | null
    cap_contacts: number | null
    cap_days: number | null
    monthly_spend_cap_cents: number | null
    lines: number | null
  }>(
    sql`SELECT to_char(quiet_from, 'HH24:MI') AS quiet_from, to_char(quiet_to, 'HH24:MI') AS quiet_to, countries,
               cap_contacts, cap_days, monthly_spend_cap_cents, lines
        FROM outreach_policy WHERE workspace_id = ${workspaceId}::uuid`,
  )
  if (!row) return NO_LIMITS
  return {
    quietHours: row.quiet_from === null ? null : { from: row.quiet_from, to: row.quiet_to! },
    countries: row.countries,
    contactCap: row.cap_contacts === null ? null : { contacts: row.cap_contacts, days: row.cap_days! },
    monthlySpendCapCents: row.monthly_spend_cap_cents,
    lines: row.lines,
  }
}
