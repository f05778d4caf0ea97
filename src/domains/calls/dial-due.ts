import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { nextOpening } from '../calendars/index.ts'
import {
  addSpend,
  type Blocker,
  blockersOf,
  CALL_KINDS,
  type CampaignRow,
  type Candidate,
  calendarOf,
  candidateColumns,
  type DialQuestion,
  dueState,
  enterState,
  HOPELESS,
  headOf,
  holdSpend,
  lockDueCampaign,
  maxDurationMs,
  type Progress,
  progressOf,
  questionsOf,
  readTargets,
  recordProgress,
  refreshReceivers,
  START,
  type Surroundings,
  scheduleOf,
  surroundingsOf,
  UNITS_PER_CENT,
} from '../campaigns/index.ts'
import type { World } from '../world.ts'
import type { StoredScript } from './call-row.ts'
import { type CallDeps, NEWS_MARGIN_MS } from './deps.ts'

/** A call that is committed and has to be dialled now. */
export interface PlannedCall {
  id: string
  workspaceId: string
  campaignId: string
  phone: string
  seat: string
  maxDurationMs: number
}

export interface DialStep {
  /** How many campaigns were looked at. */
  campaigns: number
  calls: PlannedCall[]
}

/** How many receivers are judged in one transaction. */
const BATCH = 100
/** How many due campaigns one step may choose from, so that workers do not all wait for the same one. */
const CHOICE = 16
/** How soon a campaign tries again that found the lines taken by others. */
const SHARED_LINES_MS = 500
/** The same for what a person or the provider has to change. */
const PATIENT_MS = 60_000
const AUDIO_MS = 1_000

/**
 * Does what is due of one campaign: its state follows the clock, and receivers whom nothing holds back get a call, which
 * is committed with its id before anybody dials it (DESIGN 4). Undefined when nothing is due.
 */
export async function dialDue(
  deps: CallDeps,
  seat: string,
  dialSettlesWithinMs: number,
): Promise<DialStep | undefined> {
  const { world } = deps
  const due = await world.db.query<{ id: string; workspace_id: string }>(
    sql`SELECT id, workspace_id FROM campaign
        WHERE due_at <= ${world.clock.now()}::timestamptz AND deleted_at IS NULL
          AND kind = ANY(${[...CALL_KINDS]}::campaign_kind[])
        ORDER BY due_at LIMIT ${CHOICE}`,
  )
  for (const { id, workspace_id: workspaceId } of due) {
    const calls = await world.events.write(workspaceId, async (tx, emit) => {
      const campaign = await lockDueCampaign(tx, workspaceId, id, world.clock.now())
      return campaign && dialStep(deps, tx, emit, campaign, seat, dialSettlesWithinMs)
    })
    // Somebody else had it: the next one.
    if (calls) return { campaigns: 1, calls }
  }
  return undefined
}

/** When the next campaign is due. */
export async function nextDial({ db }: World): Promise<Date | undefined> {
  const [row] = await db.query<{ due_at: Date }>(
    sql`SELECT due_at FROM campaign
        WHERE due_at IS NOT NULL AND deleted_at IS NULL AND kind = ANY(${[...CALL_KINDS]}::campaign_kind[])
        ORDER BY due_at LIMIT 1`,
  )
  return row?.due_at
}

async function dialStep(
  deps: CallDeps,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  seat: string,
  dialSettlesWithinMs: number,
): Promise<PlannedCall[]> {
  const { world } = deps
  const { workspace_id: workspaceId } = campaign
  const now = world.clock.now()
  const begins =
    campaign.state === 'scheduled' &&
    dueState(campaign.state, scheduleOf(campaign), { ...progressOf(campaign), unsettled: 1 }, now) === 'active'
  // Lists and segments are evaluated when they are used.
  if (begins) await refreshReceivers(deps, tx, emit, campaign, await readTargets(tx, workspaceId, campaign.id))
  await recordProgress(tx, emit, campaign, {}, { now, dueAt: campaign.due_at })
  if (campaign.state !== 'active') {
    await enterState(tx, emit, campaign, campaign.state, { now, dueAt: clockDue(campaign) })
    return []
  }
  // Whoever takes lines holds the provider's row, so that no two take the last one.
  await tx.query(sql`SELECT FROM provider_state WHERE port = 'telephony' FOR UPDATE`)
  let surroundings = await surroundingsOf(deps, tx, campaign)
  const { monthlySpendCapCents, contactCaps } = surroundings.policy
  if (monthlySpendCapCents !== null || contactCaps.length > 0) {
    // What is counted together with messages is looked at once nobody else can add to it.
    await holdSpend(tx, workspaceId, now)
    surroundings = await surroundingsOf(deps, tx, campaign)
  }
  const general = blockersOf(anybody(surroundings)).filter(({ rule }) => !HOPELESS.has(rule))
  if (general.length > 0) {
    await enterState(tx, emit, campaign, 'active', { now, dueAt: earliest(clockDue(campaign), lifted(general, now)) })
    return []
  }
  const limit = limitOf(surroundings)
  const candidates = await candidatesOf(tx, campaign, surroundings, limit, now)
  const head = surroundings.isStrict ? candidates[0]?.id : undefined
  const questions = await questionsOf(world, tx, workspaceId, surroundings, candidates, head)
  const plan = judge(surroundings, candidates, questions)
  const calls = plan.dial.map(({ candidate, units }) => ({ id: world.newId(), candidate, units }))
  await begin(deps, tx, emit, campaign, surroundings, calls, { now, seat, dialSettlesWithinMs })
  await postpone(tx, workspaceId, plan.postpone)
  await giveUp(tx, emit, campaign, plan.hopeless, now)
  const progress: Progress = { settled_receivers: plan.hopeless.length }
  const isMore = candidates.length === limit && plan.stop.length === 0
  const dueAt = isMore
    ? now
    : earliest(
        clockDue(campaign),
        plan.stop.length > 0 ? lifted(plan.stop, now) : await nextReady(tx, campaign, surroundings, now),
      )
  await recordProgress(tx, emit, campaign, progress, { now, dueAt })
  const { script, durations } = surroundings
  return calls.map(({ id, candidate }) => ({
    ...{ id, workspaceId, campaignId: campaign.id, phone: candidate.address!, seat },
    maxDurationMs: maxDurationMs(script!, durations),
  }))
}

interface Plan {
  dial: { candidate: Candidate; units: number }[]
  postpone: { id: string; until: Date }[]
  hopeless: { id: string; rule: string }[]
  /** What keeps the campaign from calling anybody else now. */
  stop: Blocker[]
}

/** Judges candidates one after another, each with the calls before it under way. */
function judge(surroundings: Surroundings, candidates: readonly Candidate[], questions: readonly DialQuestion[]): Plan {
  const plan: Plan = { dial: [], postpone: [], hopeless: [], stop: [] }
  const { now } = surroundings
  let reserved = 0
  for (const [index, question] of questions.entries()) {
    const candidate = candidates[index]!
    if (question.costs.leftCents !== null) question.costs.leftCents -= reserved / UNITS_PER_CENT
    const blockers = blockersOf(question)
    if (blockers.length === 0) {
      const units = surroundings.unitsFor(candidate.address!)
      plan.dial.push({ candidate, units })
      reserved += units
      // The questions share these.
      surroundings.campaign.inFlight++
      for (const lines of [surroundings.campaignLines, surroundings.workspaceLines, surroundings.providerLines])
        lines.used++
      // Who comes next does so only when this call is over.
      if (surroundings.isStrict) break
      continue
    }
    const final = blockers.find(({ rule }) => HOPELESS.has(rule))
    if (final) {
      plan.hopeless.push({ id: candidate.id, rule: final.rule })
      continue
    }
    if (blockersOf(anybody(surroundings)).length > 0) break
    // Where an order is kept the others wait as well.
    if (surroundings.isStrict) {
      plan.stop = blockers
      break
    }
    plan.postpone.push({ id: candidate.id, until: lifted(blockers, now)! })
  }
  if (plan.stop.length === 0) plan.stop = blockersOf(anybody(surroundings)).filter(({ rule }) => !HOPELESS.has(rule))
  return plan
}

/** The question about a receiver of whom nothing speaks against a call. */
function anybody({ now, campaign, ...rest }: Surroundings): DialQuestion {
  const { campaignLines, workspaceLines, providerLines, providerPausedUntil } = rest
  return {
    now,
    campaign,
    receiver: {
      ...{ state: 'waiting', attempts: 0, retryAt: null, isNext: true, hasNumber: true, optedOut: false },
      ...{ countryAllowed: true, decentHours: [], contactCapUntil: null },
    },
    costs: { leftCents: null, callCents: 0, campaignLines, workspaceLines, providerLines, providerPausedUntil },
  }
}

/** When it is worth looking again at what is held back; null: when a call ends, which looks by itself. */
function lifted(blockers: readonly Blocker[], now: Date): Date | null {
  const instants = blockers.map(({ rule, until }) => {
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
  })
  // All must be lifted; of what has a time the latest decides.
  return instants.some((at) => at === null)
    ? null
    : instants.reduce<Date | null>((latest, at) => (latest === null || at! > latest ? at : latest), null)
}

/** When the clock alone changes the state of a campaign. */
function clockDue(campaign: CampaignRow): Date | null {
  const { state, starts_at: startsAt, ends_at: endsAt } = campaign
  if (state === 'completed') return null
  const end = endsAt && new Date(endsAt.getTime() + 1)
  return state === 'scheduled' ? earliest(startsAt, end) : end
}

function earliest(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b
  return a < b ? a : b
}

/** As many as could be called, so that not more are judged than need be. */
function limitOf(surroundings: Surroundings): number {
  if (surroundings.isStrict) return 1
  const { campaign, campaignLines, workspaceLines, providerLines } = surroundings
  const free = [campaignLines, workspaceLines, providerLines].map(({ used, limit }) =>
    limit === null ? BATCH : limit - used,
  )
  const wanted = campaign.acceptsWanted === null ? BATCH : campaign.acceptsWanted - campaign.accepts - campaign.inFlight
  return Math.max(1, Math.min(BATCH, wanted, ...free))
}

async function candidatesOf(
  tx: Tx,
  campaign: CampaignRow,
  surroundings: Surroundings,
  limit: number,
  now: Date,
): Promise<Candidate[]> {
  const { id, workspace_id: workspaceId } = campaign
  const which = surroundings.isStrict
    ? sql`r.id = ${(await headOf(tx, workspaceId, id)) ?? null}::uuid`
    : sql`r.ready_at <= ${now}::timestamptz`
  const order = surroundings.isStrict ? sql`r.attempts, r.position` : sql`r.ready_at, r.position`
  return tx.query<Candidate>(
    sql`SELECT ${candidateColumns('call')} FROM receiver r
        JOIN contact k ON k.workspace_id = r.workspace_id AND k.id = r.contact_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.campaign_id = ${id}::uuid AND r.state = 'waiting' AND ${which}
        ORDER BY ${order} LIMIT ${limit}::int FOR UPDATE OF r SKIP LOCKED`,
  )
}

async function nextReady(tx: Tx, campaign: CampaignRow, { isStrict }: Surroundings, now: Date): Promise<Date | null> {
  const order = isStrict ? sql`attempts, position` : sql`ready_at, position`
  const [row] = await tx.query<{ ready_at: Date }>(
    sql`SELECT ready_at FROM receiver
        WHERE workspace_id = ${campaign.workspace_id}::uuid AND campaign_id = ${campaign.id}::uuid AND state = 'waiting'
        ORDER BY ${order} LIMIT 1`,
  )
  if (!row) return null
  // Not before the window is open, or the campaign would be looked at in vain.
  const from = row.ready_at > now ? row.ready_at : now
  return nextOpening(calendarOf(campaign), from) ?? null
}

/** Commits calls and what they hold. */
async function begin(
  { world }: CallDeps,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  { script, durations }: Surroundings,
  calls: readonly { id: string; candidate: Candidate; units: number }[],
  { now, seat, dialSettlesWithinMs }: { now: Date; seat: string; dialSettlesWithinMs: number },
): Promise<void> {
  if (calls.length === 0) return
  const { id: campaignId, workspace_id: workspaceId } = campaign
  const stored: StoredScript = { script: script!, durations: Object.fromEntries(durations) }
  const dueAt = new Date(world.clock.now().getTime() + dialSettlesWithinMs + NEWS_MARGIN_MS)
  const rows = calls.map(({ id, candidate, units }) => ({
    ...{ id, receiver: candidate.id, contact: candidate.contact_id, attempt: candidate.attempts + 1 },
    ...{ phone: candidate.address, units },
  }))
  await tx.query(
    sql`WITH made AS (
          INSERT INTO call (id, workspace_id, campaign_id, receiver_id, contact_id, attempt, state, phone, script, flow,
                            seat, cost, due_at, created_at)
          SELECT n.id, ${workspaceId}::uuid, ${campaignId}::uuid, n.receiver, n.contact, n.attempt, 'queued', n.phone,
                 ${json(stored)}::json, ${json(START)}::json, ${seat}, n.units, ${dueAt}::timestamptz, ${now}::timestamptz
          FROM jsonb_to_recordset(${json(rows)}::jsonb)
            AS n(id uuid, receiver uuid, contact uuid, attempt int, phone text, units int)
          RETURNING receiver_id
        )
        UPDATE receiver SET state = 'in_progress', attempts = attempts + 1, last_attempt_at = ${now}::timestamptz,
               retry_at = NULL, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id IN (SELECT receiver_id FROM made)`,
  )
  await addSpend(
    tx,
    workspaceId,
    calls.map(({ units }) => ({ at: now, units })),
  )
  for (const { id, receiver: receiverId, attempt } of rows) {
    emit('receiver.inProgress', { campaignId, receiverId, attempts: attempt })
    emit('call.queued', { campaignId, receiverId, callId: id, attempt })
  }
}

async function postpone(tx: Tx, workspaceId: string, rows: Plan['postpone']): Promise<void> {
  if (rows.length === 0) return
  await tx.query(
    sql`UPDATE receiver r SET ready_at = n.until
        FROM jsonb_to_recordset(${json(rows)}::jsonb) AS n(id uuid, until timestamptz)
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = n.id`,
  )
}

/** Settles receivers whom a rule keeps from ever being called (again). */
async function giveUp(tx: Tx, emit: Emit, campaign: CampaignRow, rows: Plan['hopeless'], now: Date): Promise<void> {
  if (rows.length === 0) return
  const settled = await tx.query<{ id: string; attempts: number; outcome: string }>(
    sql`UPDATE receiver r
        SET state = 'settled', settled_at = ${now}::timestamptz, updated_at = ${now}::timestamptz, retry_at = NULL,
            outcome = CASE WHEN r.attempts = 0 THEN 'not_called' ELSE 'no_answer' END::receiver_outcome, reason = n.rule
        FROM jsonb_to_recordset(${json(rows)}::jsonb) AS n(id uuid, rule text)
        WHERE r.workspace_id = ${campaign.workspace_id}::uuid AND r.id = n.id
        RETURNING r.id, r.attempts, r.outcome`,
  )
  const reasons = new Map(rows.map(({ id, rule }) => [id, rule]))
  for (const { id, attempts, outcome } of settled) {
    emit('receiver.settled', {
      ...{ campaignId: campaign.id, receiverId: id, attempts, outcome },
      reason: reasons.get(id)!,
    })
  }
}
