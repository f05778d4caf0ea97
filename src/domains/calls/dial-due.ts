import type { Tx } from '../../db/database.ts'
import { json, type Sql, sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import {
  addSpend,
  type Blocker,
  blockersOf,
  CALL_KINDS,
  type CampaignRow,
  type Candidate,
  candidateColumns,
  clockDue,
  commonBlockers,
  type DialQuestion,
  earliest,
  enterState,
  followClock,
  HOPELESS,
  headOf,
  holdSpend,
  liftedAt,
  maxDurationMs,
  moneyAgainAt,
  nextReady,
  PATIENT_MS,
  type Progress,
  payablePrefixes,
  policyOf,
  questionsOf,
  recordProgress,
  START,
  type Surroundings,
  surroundingsOf,
  UNITS_PER_CENT,
  withDueCampaign,
} from '../campaigns/index.ts'
import type { StoredScript } from './call-row.ts'
import { type CallDeps, NEWS_MARGIN_MS } from './deps.ts'
import { prepareToTakePart, releaseRespondents, takePart } from './take-part.ts'

/** A call that is committed and has to be dialled now. */
export interface PlannedCall {
  id: string
  workspaceId: string
  campaignId: string
  phone: string
  seat: string
  maxDurationMs: number
}

/** How many receivers are judged in one transaction. */
const BATCH = 100
/** How soon a survey tries again whose respondents, or sounds, somebody else is numbering. */
const NUMBERING_MS = 1_000

/**
 * Does what is due of one campaign: its state follows the clock, and receivers whom nothing holds back get a call, which
 * is committed with its id before anybody dials it (DESIGN 4). Returns the calls; undefined when nothing is due.
 */
export async function dialDue(
  deps: CallDeps,
  seat: string,
  dialSettlesWithinMs: number,
): Promise<PlannedCall[] | undefined> {
  return withDueCampaign(deps, CALL_KINDS, (tx, emit, campaign) =>
    dialStep(deps, tx, emit, campaign, seat, dialSettlesWithinMs),
  )
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
  if (!(await followClock(world, tx, emit, campaign))) return []
  const policy = await policyOf(deps, tx, workspaceId)
  // What is counted together with messages is looked at once nobody else can add to it.
  const isCapped = policy.monthlySpendCapCents !== null || policy.contactCaps.length > 0
  const isCharged = Object.keys(deps.prices.call).length > 0
  if (isCapped || isCharged) await holdSpend(tx, workspaceId, now)
  if (!(await prepareToTakePart(deps, tx, emit, campaign, now))) {
    const again = new Date(now.getTime() + NUMBERING_MS)
    await enterState(tx, emit, campaign, 'active', { now, dueAt: earliest(clockDue(campaign), again) })
    return []
  }
  // Whoever takes lines holds the provider's row, so that no two take the last one. All workspaces wait for it, so it is
  // taken last: what is waited for after it is nothing that somebody of one workspace may hold for long.
  await tx.query(sql`SELECT FROM provider_state WHERE port = 'telephony' FOR UPDATE`)
  const surroundings = await surroundingsOf(deps, tx, campaign, policy)
  const general = commonBlockers(surroundings)
  if (general.length > 0) {
    await enterState(tx, emit, campaign, 'active', { now, dueAt: earliest(clockDue(campaign), liftedAt(general, now)) })
    return []
  }
  const limit = limitOf(surroundings)
  const only = payable(surroundings)
  const candidates = await candidatesOf(tx, campaign, surroundings, { limit, only })
  const head = surroundings.isStrict ? candidates[0]?.id : undefined
  const questions = await questionsOf(world, tx, workspaceId, surroundings, candidates, head)
  const plan = judge(surroundings, candidates, questions)
  const calls = plan.dial.map(({ candidate, units }) => ({ id: world.newId(), candidate, units }))
  await begin(deps, tx, emit, campaign, surroundings, calls, { now, seat, dialSettlesWithinMs })
  await postpone(tx, workspaceId, plan.postpone)
  await giveUp(tx, emit, campaign, plan.hopeless, candidates, now)
  const progress: Progress = { settled_receivers: plan.hopeless.length }
  await recordProgress(tx, emit, campaign, progress, { now, dueAt: await lookNext() })
  const { script, durations } = surroundings
  return calls.map(({ id, candidate }) => ({
    ...{ id, workspaceId, campaignId: campaign.id, phone: candidate.address!, seat },
    maxDurationMs: maxDurationMs(script!, durations),
  }))

  async function lookNext(): Promise<Date | null> {
    if (plan.stop.length > 0) return earliest(clockDue(campaign), liftedAt(plan.stop, now))
    if (candidates.length === limit) return now
    const { isStrict, workspaceLines } = surroundings
    const next = await nextReady(tx, campaign, { now, otherwise: now, isStrict, only })
    // Calls under way give back what they do not use.
    const again = workspaceLines.used > 0 ? new Date(now.getTime() + PATIENT_MS) : moneyAgainAt(now)
    return earliest(clockDue(campaign), only ? earliest(next, again) : next)
  }
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
    if (commonBlockers(surroundings).length > 0) break
    // Where an order is kept the others wait as well.
    if (surroundings.isStrict) {
      plan.stop = blockers
      break
    }
    // The money went to those before; the next step looks for those whom what is left is enough for.
    const others = blockers.filter(({ rule }) => rule !== 'SPEND_CAP')
    if (others.length > 0) plan.postpone.push({ id: candidate.id, until: liftedAt(others, now)! })
  }
  if (plan.stop.length === 0) plan.stop = commonBlockers(surroundings)
  return plan
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

/**
 * Of `contact` as `k`: whom the dearest call can be paid to. Undefined: everybody, also where an order is kept, since whose
 * turn it is is waited for. Otherwise a campaign of many without money would judge each of them, over and over.
 */
function payable({ leftUnits, tariff, isStrict }: Surroundings): Sql | undefined {
  if (leftUnits === null || isStrict) return undefined
  const prefixes = payablePrefixes(tariff(), leftUnits)
  if (prefixes.length === 0) return undefined
  return sql`(k.phone IS NULL OR k.deleted_at IS NOT NULL OR coalesce((
    SELECT p.fits FROM jsonb_to_recordset(${json(prefixes)}::jsonb) AS p(prefix text, fits boolean)
    WHERE starts_with(k.phone, p.prefix) ORDER BY length(p.prefix) DESC LIMIT 1), true))`
}

async function candidatesOf(
  tx: Tx,
  campaign: CampaignRow,
  surroundings: Surroundings,
  { limit, only }: { limit: number; only: Sql | undefined },
): Promise<Candidate[]> {
  const { now } = surroundings
  const { id, workspace_id: workspaceId } = campaign
  const which = surroundings.isStrict
    ? sql`r.id = ${(await headOf(tx, workspaceId, id)) ?? null}::uuid`
    : sql`r.ready_at <= ${now}::timestamptz`
  const order = surroundings.isStrict ? sql`r.attempts, r.position` : sql`r.ready_at, r.position`
  return tx.query<Candidate>(
    sql`SELECT ${candidateColumns('call')} FROM receiver r
        JOIN contact k ON k.workspace_id = r.workspace_id AND k.id = r.contact_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.campaign_id = ${id}::uuid AND r.state = 'waiting' AND ${which}
          AND ${only ?? sql`true`}
        ORDER BY ${order} LIMIT ${limit}::int FOR UPDATE OF r SKIP LOCKED`,
  )
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
  const respondents = await takePart(
    world,
    tx,
    emit,
    campaign,
    calls.map(({ candidate }) => candidate),
    now,
  )
  const stored: StoredScript = { script: script!, durations: Object.fromEntries(durations) }
  const dueAt = new Date(world.clock.now().getTime() + dialSettlesWithinMs + NEWS_MARGIN_MS)
  const rows = calls.map(({ id, candidate, units }) => ({
    ...{ id, receiver: candidate.id, contact: candidate.contact_id, attempt: candidate.attempts + 1 },
    ...{ phone: candidate.address, units, respondent: respondents.get(candidate.id) ?? null },
  }))
  await tx.query(
    sql`WITH made AS (
          INSERT INTO call (id, workspace_id, campaign_id, receiver_id, contact_id, respondent_id, attempt, state, phone, script, flow,
                            seat, cost, due_at, created_at)
          SELECT n.id, ${workspaceId}::uuid, ${campaignId}::uuid, n.receiver, n.contact, n.respondent, n.attempt, 'queued', n.phone,
                 ${json(stored)}::json, ${json(START)}::json, ${seat}, n.units, ${dueAt}::timestamptz, ${now}::timestamptz
          FROM jsonb_to_recordset(${json(rows)}::jsonb)
            AS n(id uuid, receiver uuid, contact uuid, respondent uuid, attempt int, phone text, units int)
          RETURNING receiver_id, respondent_id
        )
        UPDATE receiver SET state = 'in_progress', attempts = attempts + 1, last_attempt_at = ${now}::timestamptz,
               retry_at = NULL, updated_at = ${now}::timestamptz,
               respondent_id = coalesce(receiver.respondent_id, made.respondent_id)
        FROM made WHERE receiver.workspace_id = ${workspaceId}::uuid AND receiver.id = made.receiver_id`,
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
async function giveUp(
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  rows: Plan['hopeless'],
  candidates: readonly Candidate[],
  now: Date,
): Promise<void> {
  if (rows.length === 0) return
  await releaseRespondents(tx, emit, campaign, rows, candidates, now)
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
      ...{ reason: reasons.get(id)!, previousOutcome: null },
    })
  }
}
