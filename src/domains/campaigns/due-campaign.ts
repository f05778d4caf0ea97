import type { Tx } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import type { Logger } from '../../platform/logger.ts'
import { nextOpening } from '../calendars/index.ts'
import type { World } from '../world.ts'
import { type Blocker, blockersOf, HOPELESS } from './blockers.ts'
import { type CampaignRow, calendarOf } from './campaign-row.ts'
import type { CampaignKind } from './deps.ts'
import { enterState, lockDueCampaign, recordProgress } from './progress.ts'
import { aboutAnybody, type Surroundings } from './questions.ts'
import { beginWith } from './update-campaign.ts'

/** How many due campaigns one step may choose from, so that workers do not all wait for the same one. */
const CHOICE = 16
/** How soon a campaign tries again that found the lines taken by others. */
const SHARED_LINES_MS = 500
const AUDIO_MS = 1_000
/** The same for what a person or the provider has to change. */
export const PATIENT_MS = 60_000

/** How soon a campaign is tried again whose step failed. */
const FAILED_MS = 10_000

/**
 * Takes one campaign of these kinds that is due and that nobody else has, and does `step` with it locked, in one
 * transaction. A step that throws is logged and its campaign put off a little: it must not stand before all others.
 * Undefined when nothing is due. Throws when the database is away.
 */
export async function withDueCampaign<Result>(
  { world, logger }: { world: World; logger: Logger },
  kinds: readonly CampaignKind[],
  step: (tx: Tx, emit: Emit, campaign: CampaignRow) => Promise<Result>,
): Promise<Result | undefined> {
  const { db, events, clock } = world
  const due = await db.query<{ id: string; workspace_id: string }>(
    sql`SELECT id, workspace_id FROM campaign
        WHERE due_at <= ${clock.now()}::timestamptz AND deleted_at IS NULL
          AND kind = ANY(${[...kinds]}::campaign_kind[])
        ORDER BY due_at LIMIT ${CHOICE}`,
  )
  for (const { id, workspace_id: workspaceId } of due) {
    try {
      const done = await events.write(workspaceId, async (tx, emit) => {
        const campaign = await lockDueCampaign(tx, workspaceId, id, clock.now())
        return campaign && { result: await step(tx, emit, campaign) }
      })
      // Somebody else had it: the next one.
      if (done) return done.result
    } catch (error) {
      logger.error({ err: error, campaign: id }, 'a step of a campaign failed')
      await putOff(world, workspaceId, id)
    }
  }
  return undefined
}

/** Unless somebody else has it, who may do better. */
async function putOff({ db, clock }: World, workspaceId: string, id: string): Promise<void> {
  const now = clock.now()
  await db.query(
    sql`UPDATE campaign SET due_at = ${new Date(now.getTime() + FAILED_MS)}::timestamptz
        WHERE id IN (
          SELECT id FROM campaign WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid
            AND due_at <= ${now}::timestamptz FOR UPDATE SKIP LOCKED)`,
  )
}

/** When a campaign of these kinds is due next. */
export async function nextDueCampaign({ db }: World, kinds: readonly CampaignKind[]): Promise<Date | undefined> {
  const [row] = await db.query<{ due_at: Date }>(
    sql`SELECT due_at FROM campaign
        WHERE due_at IS NOT NULL AND deleted_at IS NULL AND kind = ANY(${[...kinds]}::campaign_kind[])
        ORDER BY due_at LIMIT 1`,
  )
  return row?.due_at
}

/** Lets a locked campaign follow the clock. Says whether it is active; otherwise it is due again when the clock changes it. */
export async function followClock(world: World, tx: Tx, emit: Emit, campaign: CampaignRow): Promise<boolean> {
  const now = world.clock.now()
  if (campaign.state === 'scheduled') await beginWith({ world }, tx, emit, campaign, campaign.state)
  await recordProgress(tx, emit, campaign, {}, { now, dueAt: campaign.due_at })
  if (campaign.state === 'active') return true
  await enterState(tx, emit, campaign, campaign.state, { now, dueAt: clockDue(campaign) })
  return false
}

/** When the clock alone changes the state of a campaign. */
export function clockDue({ state, starts_at: startsAt, ends_at: endsAt }: CampaignRow): Date | null {
  if (state === 'completed') return null
  const end = endsAt && afterEnd(endsAt)
  return state === 'scheduled' ? earliest(startsAt, end) : end
}

/** The end itself still belongs to a campaign. */
export function afterEnd(endsAt: Date): Date {
  return new Date(endsAt.getTime() + 1)
}

/** Null is never. */
export function earliest(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b
  return a < b ? a : b
}

/** What keeps a campaign from addressing anybody now; a rule that settles whoever is next is not among it. */
export function commonBlockers(surroundings: Surroundings): Blocker[] {
  return blockersOf(aboutAnybody(surroundings)).filter(({ rule }) => !HOPELESS.has(rule))
}

/** When it is worth looking again at what is held back; null: when a call ends, which looks by itself. */
export function liftedAt(blockers: readonly Blocker[], now: Date): Date | null {
  let latest: Date | null = null
  for (const blocker of blockers) {
    const at = lookAgainAt(blocker, now)
    // All must be lifted; of what has a time the latest decides.
    if (at === null) return null
    if (latest === null || at > latest) latest = at
  }
  return latest
}

function lookAgainAt({ rule, until }: Blocker, now: Date): Date | null {
  if (until) return until
  switch (rule) {
    case 'CAMPAIGN_LINES':
    case 'ACCEPTS_RESERVED':
    case 'IN_PROGRESS':
      return null
    case 'WORKSPACE_LINES':
    case 'PROVIDER_LINES':
      return new Date(now.getTime() + SHARED_LINES_MS)
    case 'AUDIO_NOT_READY':
      return new Date(now.getTime() + AUDIO_MS)
    default:
      return new Date(now.getTime() + PATIENT_MS)
  }
}

/**
 * When the next receiver of those who wait is to be judged: not before the window is open, or the campaign would be looked
 * at in vain. `otherwise` is for those whose time has come and whom somebody else is changing; `only`, of `contact` as `k`,
 * says for whom one looks.
 */
export async function nextReady(
  tx: Tx,
  campaign: CampaignRow,
  {
    now,
    otherwise,
    isStrict = false,
    only,
  }: { now: Date; otherwise: Date; isStrict?: boolean; only?: Sql | undefined },
): Promise<Date | null> {
  const order = isStrict ? sql`r.attempts, r.position` : sql`r.ready_at, r.position`
  const chosen = only
    ? sql`EXISTS (SELECT FROM contact k WHERE k.workspace_id = r.workspace_id AND k.id = r.contact_id AND ${only})`
    : sql`true`
  const [row] = await tx.query<{ ready_at: Date }>(
    sql`SELECT r.ready_at FROM receiver r
        WHERE r.workspace_id = ${campaign.workspace_id}::uuid AND r.campaign_id = ${campaign.id}::uuid
          AND r.state = 'waiting' AND ${chosen}
        ORDER BY ${order} LIMIT 1`,
  )
  if (!row) return null
  return nextOpening(calendarOf(campaign), row.ready_at > now ? row.ready_at : otherwise) ?? null
}
