import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { type CampaignRow, campaignColumns, progressOf, scheduleOf } from './campaign-row.ts'
import { isCallKind } from './deps.ts'
import { releaseWaitingRespondents } from './release-respondents.ts'
import { type CampaignState, dueState } from './state.ts'

/** What a change adds to the statistics of a campaign; absent is 0. */
export interface Progress {
  receivers?: number
  settled_receivers?: number
  dialed_calls?: number
  answered_calls?: number
  not_answered_calls?: number
  unknown_calls?: number
  total_seconds?: number
  accepts?: number
  declines?: number
  opt_outs?: number
  no_replies?: number
  surplus_accepts?: number
  surveyed?: number
  partial?: number
  messages_sent?: number
  messages_delivered?: number
  messages_failed?: number
  /** Ten-thousandths of a cent. */
  cost?: number
}

/** The counters of `campaign_stats`, in no order. */
export const COUNTERS = [
  ...(['receivers', 'settled_receivers', 'dialed_calls', 'answered_calls', 'not_answered_calls'] as const),
  ...(['unknown_calls', 'total_seconds', 'accepts', 'declines', 'opt_outs', 'no_replies', 'surplus_accepts'] as const),
  ...(['surveyed', 'partial', 'messages_sent', 'messages_delivered', 'messages_failed', 'cost'] as const),
] as const satisfies readonly (keyof Progress)[]

/** Adds `more` to `sum`. */
export function addProgress(sum: Progress, more: Progress): void {
  for (const counter of COUNTERS) if (more[counter]) sum[counter] = (sum[counter] ?? 0) + more[counter]
}

/**
 * Locks campaigns of a workspace, in the order of their ids, with their statistics. Whoever changes receivers or calls
 * of a campaign holds this lock first, so that all that is decided about it is decided one after another.
 */
export async function lockCampaigns(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<CampaignRow[]> {
  // The statistics are read after the lock is held: a statement sees what was committed before it began.
  await tx.query(
    sql`SELECT id FROM campaign WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])
        ORDER BY id FOR UPDATE`,
  )
  return readCampaigns(tx, workspaceId, ids)
}

/** Locks a campaign unless somebody else has it, or its time is not come. */
export async function lockDueCampaign(
  tx: Tx,
  workspaceId: string,
  id: string,
  now: Date,
): Promise<CampaignRow | undefined> {
  const locked = await tx.query(
    sql`SELECT id FROM campaign WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid
          AND due_at <= ${now}::timestamptz AND deleted_at IS NULL
        FOR UPDATE SKIP LOCKED`,
  )
  return locked.length === 0 ? undefined : (await readCampaigns(tx, workspaceId, [id]))[0]
}

async function readCampaigns(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<CampaignRow[]> {
  return tx.query<CampaignRow>(
    sql`SELECT ${campaignColumns} FROM campaign c
        JOIN campaign_stats s ON s.workspace_id = c.workspace_id AND s.id = c.id
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.id = ANY(${ids}::uuid[]) ORDER BY c.id`,
  )
}

/**
 * Counts what happened to a locked campaign and draws what follows: it may be completed by it, and then whoever still
 * waits is settled. The row is brought up to date as well. `dueAt` is when the engine looks at the campaign next.
 */
export async function recordProgress(
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  progress: Progress,
  { now, dueAt }: { now: Date; dueAt: Date | null },
): Promise<void> {
  for (const counter of ['receivers', 'settled_receivers', 'dialed_calls', 'answered_calls'] as const) {
    campaign[counter] += progress[counter] ?? 0
  }
  campaign.total_seconds += progress.total_seconds ?? 0
  campaign.accepts += progress.accepts ?? 0
  const counted = { ...progress }
  const next =
    campaign.deleted_at === null
      ? dueState(campaign.state, scheduleOf(campaign), progressOf(campaign), now)
      : campaign.state
  if (next === 'completed' && campaign.state !== 'completed') {
    const closed = isCallKind(campaign.kind) ? NO_MESSAGES : await closeMessages(tx, campaign, now)
    await releaseWaitingRespondents(tx, emit, campaign, now)
    const settled = await settleWaiting(tx, emit, campaign, closed.unknownReceivers, now)
    campaign.settled_receivers += settled
    addProgress(counted, { settled_receivers: settled, messages_failed: closed.failed })
  }
  await countProgress(tx, campaign, counted, now)
  await enterState(tx, emit, campaign, next, { now, dueAt: next === 'completed' ? null : dueAt })
}

/** Puts a locked campaign into a state, and says so when it is another one. */
export async function enterState(
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  state: CampaignState,
  { now, dueAt }: { now: Date; dueAt: Date | null },
): Promise<void> {
  const from = campaign.state
  const starts = state === 'active' && campaign.started_at === null
  campaign.state = state
  if (starts) campaign.started_at = now
  if (from === state && !starts && dueAt?.getTime() === campaign.due_at?.getTime()) return
  campaign.due_at = dueAt
  await tx.query(
    sql`UPDATE campaign
        SET state = ${state}::campaign_state, due_at = ${dueAt}::timestamptz,
            started_at = coalesce(started_at, CASE WHEN ${state === 'active'}::boolean THEN ${now}::timestamptz END),
            completed_at = CASE WHEN ${state === 'completed'}::boolean THEN coalesce(completed_at, ${now}::timestamptz) END,
            updated_at = CASE WHEN ${from !== state}::boolean THEN ${now}::timestamptz ELSE updated_at END
        WHERE workspace_id = ${campaign.workspace_id}::uuid AND id = ${campaign.id}::uuid`,
  )
  if (from === state) return
  const { dialed_calls: dialedCalls, answered_calls: answeredCalls, total_seconds: totalSeconds, accepts } = campaign
  emit('campaign.stateChanged', {
    ...{ campaignId: campaign.id, from, to: state },
    stats: { dialedCalls, answeredCalls, totalSeconds, accepts },
  })
}

async function countProgress(tx: Tx, campaign: CampaignRow, progress: Progress, now: Date): Promise<void> {
  const counted = COUNTERS.filter((counter) => progress[counter])
  if (counted.length === 0) return
  await tx.query(
    sql`UPDATE campaign_stats s
        SET receivers = s.receivers + p.receivers, settled_receivers = s.settled_receivers + p.settled_receivers,
            dialed_calls = s.dialed_calls + p.dialed_calls, answered_calls = s.answered_calls + p.answered_calls,
            not_answered_calls = s.not_answered_calls + p.not_answered_calls,
            unknown_calls = s.unknown_calls + p.unknown_calls, total_seconds = s.total_seconds + p.total_seconds,
            accepts = s.accepts + p.accepts, declines = s.declines + p.declines, opt_outs = s.opt_outs + p.opt_outs,
            no_replies = s.no_replies + p.no_replies, surplus_accepts = s.surplus_accepts + p.surplus_accepts,
            surveyed = s.surveyed + p.surveyed, partial = s.partial + p.partial,
            messages_sent = s.messages_sent + p.messages_sent,
            messages_delivered = s.messages_delivered + p.messages_delivered,
            messages_failed = s.messages_failed + p.messages_failed, cost = s.cost + p.cost,
            updated_at = ${now}::timestamptz
        FROM jsonb_to_record(${json(Object.fromEntries(COUNTERS.map((counter) => [counter, progress[counter] ?? 0])))}::jsonb)
          AS p(receivers int, settled_receivers int, dialed_calls int, answered_calls int, not_answered_calls int,
               unknown_calls int, total_seconds int, accepts int, declines int, opt_outs int, no_replies int,
               surplus_accepts int, surveyed int, partial int, messages_sent int, messages_delivered int, messages_failed int, cost bigint)
        WHERE s.workspace_id = ${campaign.workspace_id}::uuid AND s.id = ${campaign.id}::uuid`,
  )
}

const NO_MESSAGES: ClosedMessages = { failed: 0, unknownReceivers: [] }

interface ClosedMessages {
  failed: number
  unknownReceivers: string[]
}

/**
 * Messages that rest between two attempts get no further one. Those that were refused have failed; of those whose
 * process died nobody can tell whether they were sent.
 */
async function closeMessages(tx: Tx, campaign: CampaignRow, now: Date): Promise<ClosedMessages> {
  const closed = await tx.query<{ receiver_id: string; state: 'failed' | 'unknown' }>(
    sql`UPDATE outbound_message
        SET state = CASE WHEN failure IS NULL THEN 'unknown' ELSE 'failed' END::outbound_message_state,
            failed_at = CASE WHEN failure IS NOT NULL THEN ${now}::timestamptz END
        WHERE workspace_id = ${campaign.workspace_id}::uuid AND campaign_id = ${campaign.id}::uuid
          AND state = 'queued' AND due_at IS NULL
        RETURNING receiver_id, state::text`,
  )
  const unknown = closed.filter(({ state }) => state === 'unknown')
  return {
    failed: closed.length - unknown.length,
    unknownReceivers: unknown.map(({ receiver_id: receiverId }) => receiverId),
  }
}

/** Whoever waits when a campaign is over will not be called (again). One event for all; returns how many there are. */
async function settleWaiting(
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  unknown: readonly string[],
  now: Date,
): Promise<number> {
  const triedInVain = isCallKind(campaign.kind) ? 'no_answer' : 'failed'
  const [row] = await tx.query<{ count: number }>(
    sql`WITH settled AS (
          UPDATE receiver
          SET state = 'settled', settled_at = ${now}::timestamptz, updated_at = ${now}::timestamptz, retry_at = NULL,
              outcome = CASE WHEN id = ANY(${unknown}::uuid[]) THEN 'unknown' WHEN attempts = 0 THEN 'not_called'
                             ELSE ${triedInVain} END::receiver_outcome,
              reason = CASE WHEN attempts = 0 THEN 'CAMPAIGN_COMPLETED' END
          WHERE workspace_id = ${campaign.workspace_id}::uuid AND campaign_id = ${campaign.id}::uuid AND state = 'waiting'
          RETURNING 1
        ) SELECT count(*)::int AS count FROM settled`,
  )
  const count = row!.count
  if (count > 0) emit('receiver.allSettled', { campaignId: campaign.id, count })
  return count
}
