import type { Queryable, Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { Cause } from '../../providers/telephony/index.ts'
import type { CallScript, FlowState, ReceiverOutcome, Reply } from '../campaigns/index.ts'

export type CallState = 'queued' | 'dialing' | 'ringing' | 'answered' | 'ended'
export type SettledAs = 'reported' | 'reconciled' | 'unknown' | 'not_dialed'

/** What a call does, as it was when it was dialled; durations in milliseconds by voice file. */
export interface StoredScript {
  script: CallScript
  durations: Record<string, number>
}

/** A call with its receiver, locked by whoever holds it. */
export interface CallRow {
  id: string
  campaign_id: string
  receiver_id: string
  contact_id: string
  respondent_id: string | null
  attempt: number
  state: CallState
  cause: Cause | null
  reply: Reply | null
  digits: string | null
  phone: string | null
  script: StoredScript | null
  flow: FlowState | null
  seat: string
  settled_as: SettledAs | null
  dialed_at: Date | null
  ringing_at: Date | null
  answered_at: Date | null
  ended_at: Date | null
  settled_at: Date | null
  duration_seconds: number | null
  cost: number
  q850: number | null
  sip: number | null
  due_at: Date | null
  created_at: Date
}

export interface ReceiverRow {
  id: string
  state: 'waiting' | 'in_progress' | 'settled'
  outcome: ReceiverOutcome | null
  reason: string | null
  attempts: number
  earlier_attempts: number
  answered_calls: number
  talk_seconds: number
  retry_at: Date | null
  ready_at: Date
  settled_at: Date | null
  /** A reply that the receiver gave in another call. */
  other_reply: Reply | null
}

/** Where calls belong; that never changes. */
export async function placesOf(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, { workspaceId: string; campaignId: string }>> {
  const rows = await db.query<{ id: string; workspaceId: string; campaignId: string }>(
    sql`SELECT id, workspace_id AS "workspaceId", campaign_id AS "campaignId" FROM call WHERE id = ANY(${ids}::uuid[])`,
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Locks calls and their receivers. The caller holds their campaigns. */
export async function lockCalls(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<{ calls: Map<string, CallRow>; receivers: Map<string, ReceiverRow> }> {
  const calls = await tx.query<CallRow>(
    sql`SELECT id, campaign_id, receiver_id, contact_id, respondent_id, attempt, state, cause, reply, digits, phone, script, flow, seat,
               settled_as, dialed_at, ringing_at, answered_at, ended_at, settled_at, duration_seconds, cost, q850, sip,
               due_at, created_at
        FROM call WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[]) ORDER BY id FOR UPDATE`,
  )
  const receivers = await tx.query<ReceiverRow>(
    sql`SELECT r.id, r.state, r.outcome, r.reason, r.attempts, r.earlier_attempts, r.answered_calls, r.talk_seconds, r.retry_at, r.ready_at,
               r.settled_at,
               (SELECT reply FROM call o WHERE o.workspace_id = r.workspace_id AND o.receiver_id = r.id
                  AND o.reply IS NOT NULL AND o.id <> ALL(${ids}::uuid[]) ORDER BY o.created_at LIMIT 1) AS other_reply
        FROM receiver r
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ANY(${calls.map((call) => call.receiver_id)}::uuid[])
        ORDER BY r.id FOR UPDATE OF r`,
  )
  return {
    calls: new Map(calls.map((call) => [call.id, call])),
    receivers: new Map(receivers.map((receiver) => [receiver.id, receiver])),
  }
}

/**
 * Writes calls back as they are in memory. Of somebody who was erased meanwhile the keys are not kept, nor what was
 * answered once the call is settled and needs it no more. The same goes for a response that was deleted; there it stays
 * known what the call came to.
 */
export async function saveCalls(tx: Tx, workspaceId: string, calls: readonly CallRow[]): Promise<void> {
  if (calls.length === 0) return
  await tx.query(
    sql`UPDATE call c
        SET state = n.state::call_state, cause = n.cause::call_cause, reply = n.reply::call_reply,
            digits = CASE WHEN c.phone IS NOT NULL THEN n.digits END,
            script = CASE WHEN n.keeps_script THEN c.script END,
            flow = CASE WHEN c.phone IS NOT NULL OR n.settled_at IS NULL THEN n.flow::json END,
            settled_as = n.settled_as::call_settlement, dialed_at = n.dialed_at, ringing_at = n.ringing_at,
            answered_at = n.answered_at, ended_at = n.ended_at, settled_at = n.settled_at,
            duration_seconds = n.duration_seconds, cost = n.cost, q850 = n.q850, sip = n.sip, due_at = n.due_at
        FROM jsonb_to_recordset(${json(calls.map(asStored))}::jsonb)
          AS n(id uuid, state text, cause text, reply text, digits text, keeps_script boolean, flow jsonb,
               settled_as text, dialed_at timestamptz, ringing_at timestamptz, answered_at timestamptz,
               ended_at timestamptz, settled_at timestamptz, duration_seconds int, cost int, q850 int, sip int,
               due_at timestamptz)
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.id = n.id`,
  )
}

/** A script is never changed, so it need not travel back. */
function asStored({ script, ...call }: CallRow): object {
  const { flow, settled_at: settledAt } = call
  const kept = flow?.forgotten ? { digits: null, flow: settledAt === null ? flow : withoutAnswers(flow) } : {}
  return { ...call, ...kept, keeps_script: script !== null }
}

function withoutAnswers({ survey, ...flow }: FlowState): FlowState {
  return { ...flow, digits: null, ...(survey ? { survey: { ...survey, answers: {} } } : {}) }
}

export async function saveReceivers(
  tx: Tx,
  workspaceId: string,
  receivers: readonly ReceiverRow[],
  now: Date,
): Promise<void> {
  if (receivers.length === 0) return
  await tx.query(
    sql`UPDATE receiver r
        SET state = n.state::receiver_state, outcome = n.outcome::receiver_outcome, reason = n.reason,
            attempts = n.attempts, answered_calls = n.answered_calls, talk_seconds = n.talk_seconds,
            retry_at = n.retry_at, ready_at = n.ready_at, settled_at = n.settled_at, updated_at = ${now}::timestamptz
        FROM jsonb_to_recordset(${json(receivers)}::jsonb)
          AS n(id uuid, state text, outcome text, reason text, attempts int, answered_calls int, talk_seconds int,
               retry_at timestamptz, ready_at timestamptz, settled_at timestamptz)
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = n.id`,
  )
}
