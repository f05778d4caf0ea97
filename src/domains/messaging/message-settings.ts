import { z } from 'zod'
import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { line, parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'

export const CONTENT_POLICIES = ['keep', 'encrypt', 'drop'] as const
export type ContentPolicy = (typeof CONTENT_POLICIES)[number]

/** How a workspace keeps its messages. */
export interface MessageSettings {
  /** Messages that are older than so many days are reduced to what was counted; null: never. */
  retentionDays: number | null
  /** What becomes of what is said in messages from now on: kept, kept encrypted, or never stored. */
  contentPolicy: ContentPolicy
  /** What a legacy client may name as its tenant; empty: any name. Ascending. */
  tenants: string[]
  /** Whether calls, SMS and e-mails that the workspace sends and receives itself count as messages. */
  ownTraffic: boolean
}

/** Absent: as it was. */
export interface MessageSettingsInput {
  /** 1 to 36,500; null: never. */
  retentionDays?: number | null | undefined
  contentPolicy?: ContentPolicy | undefined
  /** Up to 1,000 names of 1 to 100 characters. */
  tenants?: readonly string[] | undefined
  ownTraffic?: boolean | undefined
}

const MOST_DAYS = 36_500
const MOST_TENANTS = 1_000

const schema = z.object({
  retentionDays: z
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(MOST_DAYS, `must be at most ${MOST_DAYS}`)
    .nullish(),
  contentPolicy: z.enum(CONTENT_POLICIES).optional(),
  tenants: z
    .array(line(100))
    .max(MOST_TENANTS, `must be at most ${MOST_TENANTS}`)
    .transform((names) => [...new Set(names)].sort())
    .optional(),
  ownTraffic: z.boolean().optional(),
})

/** For whoever may read or write messages. Throws INSUFFICIENT_SCOPE (`messages:read`). */
export async function getMessageSettings(world: World, viewer: Viewer): Promise<MessageSettings> {
  if (!viewer.scopes.has('messages:write')) requireScope(viewer, 'messages:read')
  return readSettings(world.db, viewer.workspaceId)
}

/**
 * Changes how messages are kept, for those that come from now on; retention reaches back. Returns all that is set.
 * Throws INSUFFICIENT_SCOPE (`messages:write`), VALIDATION_FAILED.
 */
export async function updateMessageSettings(
  world: World,
  viewer: Viewer,
  input: MessageSettingsInput,
): Promise<MessageSettings> {
  requireScope(viewer, 'messages:write')
  const { workspaceId } = viewer
  const given = parse(schema, input)
  const now = world.clock.now()
  return world.events.write(workspaceId, async (tx, emit) => {
    await lockPool(tx, workspaceId, now)
    const present = await readSettings(tx, workspaceId)
    const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    const next: MessageSettings = { ...present, ...said }
    if (JSON.stringify(next) === JSON.stringify(present)) return present
    await saveSettings(tx, workspaceId, next, now)
    // What the workspace did while this was off does not count later either.
    if (next.ownTraffic && !present.ownTraffic) {
      await skipOwnTraffic(tx, workspaceId, (await world.events.head(workspaceId, tx)).position)
    }
    emit('workspace.messageSettingsChanged', {})
    return next
  })
}

const DEFAULTS: MessageSettings = { retentionDays: null, contentPolicy: 'keep', tenants: [], ownTraffic: true }

async function readSettings(db: Queryable, workspaceId: string): Promise<MessageSettings> {
  const [row] = await db.query<MessageSettings>(
    sql`SELECT retention_days AS "retentionDays", content_policy AS "contentPolicy", tenants,
               own_traffic AS "ownTraffic"
        FROM message_pool WHERE workspace_id = ${workspaceId}::uuid`,
  )
  return row ?? DEFAULTS
}

/** Of two who change different settings at one time, the second sees what the first did. */
async function lockPool(tx: Tx, workspaceId: string, now: Date): Promise<void> {
  await tx.query(
    sql`INSERT INTO message_pool (workspace_id, updated_at) VALUES (${workspaceId}::uuid, ${now}::timestamptz)
        ON CONFLICT DO NOTHING`,
  )
  await tx.query(sql`SELECT 1 FROM message_pool WHERE workspace_id = ${workspaceId}::uuid FOR UPDATE`)
}

async function saveSettings(tx: Tx, workspaceId: string, settings: MessageSettings, now: Date): Promise<void> {
  const { retentionDays, contentPolicy, tenants, ownTraffic } = settings
  await tx.query(
    sql`UPDATE message_pool
        SET retention_days = ${retentionDays}::int, content_policy = ${contentPolicy}, tenants = ${tenants}::text[],
            own_traffic = ${ownTraffic}, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid`,
  )
}

async function skipOwnTraffic(tx: Tx, workspaceId: string, position: number): Promise<void> {
  await tx.query(
    sql`UPDATE message_pool SET own_traffic_position = ${position}::bigint WHERE workspace_id = ${workspaceId}::uuid`,
  )
}
