import { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { isCountry } from '../contacts/index.ts'
import type { CampaignDeps } from './deps.ts'
import type { OutreachLimits } from './get-outreach-policy.ts'
import { type ContactCap, mergePolicy, type OutreachPolicy, type QuietHours } from './policy.ts'
import { readPolicy } from './policy-store.ts'
import { reconsiderReceivers } from './reconsider.ts'

/** Absent: as it was; null: no limit of the workspace's own, so the server's. */
export interface OutreachPolicyInput {
  quietHours?: QuietHours | null | undefined
  /** ISO 3166-1 alpha-2, in any case; at least one. */
  countries?: readonly string[] | null | undefined
  contactCap?: ContactCap | null | undefined
  /** Up to 4 decimals; 0: nothing that costs anything. */
  monthlySpendCapCents?: number | null | undefined
  lines?: number | null | undefined
}

const MAX_SPEND_CAP_CENTS = 1_000_000_000
const MAX_LINES = 100_000
const MAX_COUNTRIES = 300
const MAX_CONTACTS = 1_000
const MAX_DAYS = 366

const between = (lowest: number, highest: number) =>
  z.int('must be a whole number').min(lowest, `must be at least ${lowest}`).max(highest, `must be at most ${highest}`)

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 21:00')

const schema = z.object({
  quietHours: z
    .object({ from: time, to: time })
    .refine(({ from, to }) => from !== to, {
      path: ['to'],
      params: { rule: 'same_time' },
      message: 'must be another time than the first, or no hour would be left',
    })
    .nullish(),
  countries: z
    .array(
      z
        .string()
        .toUpperCase()
        .refine(isCountry, {
          params: { rule: 'unknown_country' },
          message: 'must be a country code of two letters (ISO 3166-1), such as FI',
        }),
    )
    .min(1, 'must name at least one country')
    .max(MAX_COUNTRIES, `must be at most ${MAX_COUNTRIES}`)
    .transform((codes) => [...new Set(codes)].sort())
    .nullish(),
  contactCap: z.object({ contacts: between(1, MAX_CONTACTS), days: between(1, MAX_DAYS) }).nullish(),
  monthlySpendCapCents: z
    .number('must be a number of cents')
    .min(0, 'must not be negative')
    .max(MAX_SPEND_CAP_CENTS, `must be at most ${MAX_SPEND_CAP_CENTS}`)
    .refine((value) => Number(value.toFixed(4)) === value, {
      params: { rule: 'too_precise' },
      message: 'must have at most 4 decimals',
    })
    .nullish(),
  lines: between(1, MAX_LINES).nullish(),
})

/**
 * Changes the limits that a workspace sets to its own outreach. They hold besides the server's, and can only make them
 * stricter: a wider one has no effect. Attempts that are under way go on;
 * whoever waits is judged again at once. Returns what holds then, and whose limits it is made of. Throws
 * INSUFFICIENT_SCOPE (`campaigns:write`), VALIDATION_FAILED.
 */
export async function updateOutreachPolicy(
  { world, policy: server }: Pick<CampaignDeps, 'world' | 'policy'>,
  viewer: Viewer,
  input: OutreachPolicyInput,
): Promise<Omit<OutreachLimits, 'spentCents'>> {
  requireScope(viewer, 'campaigns:write')
  const { workspaceId } = viewer
  const given = parse(schema, input)
  const now = world.clock.now()
  const own = await world.events.write(workspaceId, async (tx, emit): Promise<OutreachPolicy> => {
    await lockPolicy(tx, workspaceId, now)
    const present = await readPolicy(tx, workspaceId)
    const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    const next: OutreachPolicy = { ...present, ...said }
    if (JSON.stringify(next) === JSON.stringify(present)) return present
    await savePolicy(tx, workspaceId, next, now)
    await reconsiderReceivers(tx, workspaceId, now)
    emit('workspace.outreachPolicyChanged', {})
    return next
  })
  return { own, server, effective: mergePolicy(server, own) }
}

/** Of two who change different limits at one time, the second sees what the first did. */
async function lockPolicy(tx: Tx, workspaceId: string, now: Date): Promise<void> {
  await tx.query(
    sql`INSERT INTO outreach_policy (workspace_id, updated_at) VALUES (${workspaceId}::uuid, ${now}::timestamptz)
        ON CONFLICT DO NOTHING`,
  )
  await tx.query(sql`SELECT 1 FROM outreach_policy WHERE workspace_id = ${workspaceId}::uuid FOR UPDATE`)
}

async function savePolicy(tx: Tx, workspaceId: string, policy: OutreachPolicy, now: Date): Promise<void> {
  const { quietHours, countries, contactCap, monthlySpendCapCents, lines } = policy
  await tx.query(
    sql`UPDATE outreach_policy
        SET quiet_from = ${quietHours?.from ?? null}::time, quiet_to = ${quietHours?.to ?? null}::time,
            countries = ${countries === null ? null : [...countries]}::text[],
            cap_contacts = ${contactCap?.contacts ?? null}::int, cap_days = ${contactCap?.days ?? null}::int,
            monthly_spend_cap_cents = ${monthlySpendCapCents}::float8, lines = ${lines}::int,
            updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid`,
  )
}
