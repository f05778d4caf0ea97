import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'

export type MessageState = 'queued' | 'sent' | 'delivered' | 'failed' | 'unknown'

/**
 * A message, locked by whoever holds its campaign. While it is queued, `due_at` is when the process that sends it is taken
 * for dead; without one it rests until its receiver's turn comes again, after a refusal when `failure` says so.
 */
export interface MessageRow {
  id: string
  campaign_id: string
  receiver_id: string
  state: MessageState
  address: string | null
  provider_id: string | null
  failure: string | null
  segments: number | null
  /** Of an SMS parts went out and others did not. */
  torn: boolean
  cost: number
  due_at: Date | null
  sent_at: Date | null
  delivered_at: Date | null
  failed_at: Date | null
  created_at: Date
}

export interface ReceiverRow {
  id: string
  state: 'waiting' | 'in_progress' | 'settled'
  outcome: string | null
  reason: string | null
  attempts: number
  /** When money was last reserved for it. */
  last_attempt_at: Date | null
  retry_at: Date | null
  ready_at: Date
  settled_at: Date | null
}

/** In place of what a provider said of a message to a person who was erased. */
export const ERASED = 'erased'

const MESSAGE_COLUMNS = sql`m.id, m.campaign_id, m.receiver_id, m.state::text, m.address, m.provider_id, m.failure,
  m.segments, m.torn, m.cost, m.due_at, m.sent_at, m.delivered_at, m.failed_at, m.created_at`

/** Of `receiver` as `r`, besides those of a candidate. */
export const RECEIVER_COLUMNS = sql`r.outcome::text, r.reason, r.last_attempt_at, r.ready_at, r.settled_at`

/** Messages with their receivers. The caller holds their campaigns. */
export async function lockMessages(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<{ messages: Map<string, MessageRow>; receivers: Map<string, ReceiverRow> }> {
  const messages = await tx.query<MessageRow>(
    sql`SELECT ${MESSAGE_COLUMNS} FROM outbound_message m
        WHERE m.workspace_id = ${workspaceId}::uuid AND m.id = ANY(${ids}::uuid[]) ORDER BY m.id FOR UPDATE`,
  )
  const receivers = await tx.query<ReceiverRow>(
    sql`SELECT r.id, r.state, r.attempts, r.retry_at, ${RECEIVER_COLUMNS} FROM receiver r
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ANY(${messages.map((each) => each.receiver_id)}::uuid[])
        ORDER BY r.id FOR UPDATE`,
  )
  return {
    messages: new Map(messages.map((message) => [message.id, message])),
    receivers: new Map(receivers.map((receiver) => [receiver.id, receiver])),
  }
}

/** Messages of receivers that rest between two attempts. The caller holds the campaign. */
export async function restingMessages(
  tx: Tx,
  workspaceId: string,
  receiverIds: readonly string[],
): Promise<Map<string, MessageRow>> {
  const rows = await tx.query<MessageRow>(
    sql`SELECT ${MESSAGE_COLUMNS} FROM outbound_message m
        WHERE m.workspace_id = ${workspaceId}::uuid AND m.receiver_id = ANY(${receiverIds}::uuid[])
          AND m.state = 'queued' AND m.due_at IS NULL
        FOR UPDATE`,
  )
  return new Map(rows.map((row) => [row.receiver_id, row]))
}

/** Writes messages back as they are in memory. Addresses stay as they are: they may have been erased meanwhile. */
export async function saveMessages(tx: Tx, workspaceId: string, messages: readonly MessageRow[]): Promise<void> {
  if (messages.length === 0) return
  await tx.query(
    sql`UPDATE outbound_message m
        SET state = n.state::outbound_message_state, provider_id = n.provider_id, torn = n.torn, cost = n.cost,
            -- It may name an address that was erased meanwhile.
            failure = CASE WHEN m.address IS NULL AND n.failure IS NOT NULL THEN ${ERASED} ELSE n.failure END,
            due_at = n.due_at, sent_at = n.sent_at, delivered_at = n.delivered_at, failed_at = n.failed_at
        FROM jsonb_to_recordset(${json(messages)}::jsonb)
          AS n(id uuid, state text, provider_id text, failure text, torn boolean, cost int, due_at timestamptz, sent_at timestamptz,
               delivered_at timestamptz, failed_at timestamptz)
        WHERE m.workspace_id = ${workspaceId}::uuid AND m.id = n.id`,
  )
}

export async function insertMessages(
  tx: Tx,
  workspaceId: string,
  messages: readonly (MessageRow & { contact_id: string })[],
): Promise<void> {
  if (messages.length === 0) return
  await tx.query(
    sql`INSERT INTO outbound_message (id, workspace_id, campaign_id, receiver_id, contact_id, state, address, segments,
                                      cost, due_at, created_at)
        SELECT n.id, ${workspaceId}::uuid, n.campaign_id, n.receiver_id, n.contact_id, 'queued', n.address, n.segments,
               n.cost, n.due_at, n.created_at
        FROM jsonb_to_recordset(${json(messages)}::jsonb)
          AS n(id uuid, campaign_id uuid, receiver_id uuid, contact_id uuid, address text, segments int, cost int,
               due_at timestamptz, created_at timestamptz)`,
  )
}

export async function saveReceivers(
  tx: Tx,
  workspaceId: string,
  receivers: readonly ReceiverRow[],
  now: Date,
): Promise<void> {
  if (receivers.length === 0) return
  const rows = receivers.map(({ id, state, outcome, reason, attempts, ...times }) => ({
    ...{ id, state, outcome, reason, attempts, last_attempt_at: times.last_attempt_at, retry_at: times.retry_at },
    ...{ ready_at: times.ready_at, settled_at: times.settled_at },
  }))
  await tx.query(
    sql`UPDATE receiver r
        SET state = n.state::receiver_state, outcome = n.outcome::receiver_outcome, reason = n.reason,
            attempts = n.attempts, last_attempt_at = n.last_attempt_at, retry_at = n.retry_at, ready_at = n.ready_at,
            settled_at = n.settled_at, updated_at = ${now}::timestamptz
        FROM jsonb_to_recordset(${json(rows)}::jsonb)
          AS n(id uuid, state text, outcome text, reason text, attempts int, last_attempt_at timestamptz,
               retry_at timestamptz, ready_at timestamptz, settled_at timestamptz)
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = n.id`,
  )
}

/** An SMS of several parts is delivered when all of them are. */
export async function insertParts(
  tx: Tx,
  workspaceId: string,
  parts: readonly { messageId: string; providerId: string }[],
): Promise<void> {
  if (parts.length === 0) return
  await tx.query(
    sql`INSERT INTO outbound_message_part (provider_id, message_id, workspace_id)
        SELECT p."providerId", p."messageId", ${workspaceId}::uuid
        FROM jsonb_to_recordset(${json(parts)}::jsonb) AS p("messageId" uuid, "providerId" text)
        ON CONFLICT DO NOTHING`,
  )
}
