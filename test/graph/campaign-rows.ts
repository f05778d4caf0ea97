import type { Database, Queryable } from '../../src/db/database.ts'
import { json, sql } from '../../src/db/sql.ts'
import { isCallKind } from '../../src/domains/campaigns/index.ts'
import type { EventType } from '../../src/events/index.ts'
import { CAMPAIGN_TYPES } from '../../src/graphql/types/campaign.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'

const newId = idGenerator(systemClock)

export type CampaignKind = keyof typeof CAMPAIGN_TYPES
export const CAMPAIGN_KINDS = Object.keys(CAMPAIGN_TYPES) as CampaignKind[]

export interface CampaignRowsOptions {
  workspaceId: string
  contactId: string
  voiceFileId: string
  /** Of a survey, and who is called by it. */
  linkId?: string
  respondentId?: string
  /** A word that whatever is said contains. */
  word: string
  at: Date
  state?: 'scheduled' | 'active' | 'halted' | 'completed'
  /** Whether it has begun to address receivers; it has unless said otherwise. */
  begun?: boolean
  /** How many more contacts it addresses; they wait. */
  waiting?: readonly string[]
}

/** Ids of one campaign and of one row of everything below it; empty where its kind has none. */
export interface CampaignRows {
  id: string
  legacyId: number
  target: string
  targetNumber: number
  receiver: string
  waiting: string[]
  call: string
  recording: string
  message: string
}

function contentOf(kind: CampaignKind, { voiceFileId, word, linkId }: CampaignRowsOptions): object {
  switch (kind) {
    case 'voice_broadcast':
      return { operations: [{ do: 'play', voiceFileId }], operationsText: `["${word}"]`, said: {} }
    case 'click_to_call':
      return { voiceFileId, actionButtons: [{ button: '5', action: 'accept' }] }
    case 'rsvp':
      return {
        voiceFiles: [
          { type: 'start', voiceFileId },
          { type: 'end', voiceFileId },
        ],
        actionButtons: [
          { button: '5', action: 'accept' },
          { button: '9', action: 'decline' },
        ],
      }
    case 'sms_broadcast':
      return { message: `Hello from ${word}`, sender: 'Saygraph' }
    case 'email_broadcast':
      return { subject: `News of ${word}`, html: '<p>x</p>', text: null, fromEmail: null, fromName: word }
    case 'survey_calls':
      return {
        ...{ linkId, voice: 'en', greeting: { voiceFileId }, goodbye: { text: `Bye, says ${word}` }, optOutKey: '*' },
        ...{ prompts: [{ fieldKey: 'how', voiceFileId, explainsKeys: true }], tries: 2, answerSeconds: 5.5 },
        ...{ redialUnfinished: true, allowRepeats: false, followUpSms: `${word}: {link}`, said: {} },
      }
  }
}

/** `content` of the mutation that makes a campaign of this kind. */
export function campaignContent(
  kind: CampaignKind,
  voiceFileId: string,
  survey: { linkId: string; fieldKey: string },
): object {
  const actionButtons = [
    { button: '5', action: 'ACCEPT' },
    { button: '9', action: 'DECLINE' },
  ]
  switch (kind) {
    case 'voice_broadcast':
      return { operations: [{ do: 'play', voiceFileId }, { do: 'hangUp' }] }
    case 'click_to_call':
      return { voiceFileId, actionButtons }
    case 'rsvp':
      return { voiceFiles: [{ type: 'START', voiceFileId }], actionButtons }
    case 'sms_broadcast':
      return { message: 'Hello', sender: 'Saygraph' }
    case 'email_broadcast':
      return { subject: 'News', text: 'None' }
    case 'survey_calls':
      return {
        ...{ linkId: survey.linkId, greeting: { voiceFileId }, tries: 2 },
        prompts: [{ fieldKey: survey.fieldKey, voiceFileId, explainsKeys: true }],
      }
  }
}

async function number(db: Queryable, workspaceId: string, kind: string): Promise<number> {
  const [row] = await db.query<{ last: number }>(
    sql`INSERT INTO legacy_counter (workspace_id, kind, last) VALUES (${workspaceId}::uuid, ${kind}, 1)
        ON CONFLICT (workspace_id, kind) DO UPDATE SET last = legacy_counter.last + 1 RETURNING last`,
  )
  return row!.last
}

/** One entry of the log, about rows that were made by hand. */
async function addEvent(db: Queryable, workspaceId: string, type: EventType, at: Date, payload: object): Promise<void> {
  const { campaignId } = payload as { campaignId: string }
  await db.query(
    sql`WITH head AS (
          UPDATE event_head SET position = position + 1 WHERE workspace_id = ${workspaceId}::uuid RETURNING position
        )
        INSERT INTO event (workspace_id, position, id, type, stream_id, occurred_at, payload)
        SELECT ${workspaceId}::uuid, position, ${newId()}::uuid, ${type}, ${campaignId}::uuid, ${at}, ${json(payload)}::jsonb
        FROM head`,
  )
}

/** A campaign as the engine leaves it behind. By hand, so that nobody is called while answers are compared. */
export async function addCampaign(
  db: Queryable,
  kind: CampaignKind,
  options: CampaignRowsOptions,
): Promise<CampaignRows> {
  const { workspaceId: w, contactId, at, state = 'halted', begun = true, waiting = [], word } = options
  const isSurvey = kind === 'survey_calls'
  const [linkId, respondentId] = isSurvey ? [options.linkId, options.respondentId] : []
  const calls = isCallKind(kind)
  const rows: CampaignRows = {
    ...{ id: newId(), legacyId: await number(db, w, kind), target: newId(), receiver: newId() },
    ...{ targetNumber: await number(db, w, 'campaignTarget'), waiting: waiting.map(() => newId()) },
    ...{ call: calls ? newId() : '', recording: calls ? newId() : '', message: calls ? '' : newId() },
  }
  const calendar = {
    timeZone: 'Europe/Helsinki',
    weekly: { monday: [{ from: '09:00:00', to: '17:00:00' }], sunday: [] },
    exceptions: { '2026-12-24': [], '2026-12-06': [{ from: '12:00:00', to: '13:00:00' }] },
  }
  await db.query(
    sql`INSERT INTO campaign (id, workspace_id, legacy_id, kind, name, link_id, state, calendar, max_attempts, redial_after_seconds,
                              lines, accepts_wanted, content, meta, estimate, last_position, started_at, completed_at,
                              created_at, updated_at)
        VALUES (${rows.id}::uuid, ${w}::uuid, ${rows.legacyId}::int, ${kind}::campaign_kind, ${`${kind} of ${word}`},
                ${linkId ?? null}::uuid, ${state}::campaign_state, ${json(calendar)}::json, 4, 900, 2, ${kind === 'rsvp' ? 3 : null}::int,
                ${json(contentOf(kind, options))}::json, ${json({ your: [word] })}::json, 123456, ${waiting.length + 1}::int,
                ${begun ? at : null}::timestamptz, ${state === 'completed' ? at : null}::timestamptz, ${at}, ${at})`,
  )
  await db.query(
    sql`INSERT INTO campaign_stats (id, workspace_id, receivers, settled_receivers, dialed_calls, answered_calls,
                                    total_seconds, accepts, surveyed, messages_sent, cost, updated_at)
        VALUES (${rows.id}::uuid, ${w}::uuid, ${waiting.length + 1}::int, 1, ${calls ? 1 : 0}::int, ${calls ? 1 : 0}::int,
                ${calls ? 12 : 0}::int, ${kind === 'rsvp' ? 1 : 0}::int, ${isSurvey ? 1 : 0}::int,
                ${calls ? 0 : 1}::int, 55000, ${at})`,
  )
  await db.query(
    sql`INSERT INTO campaign_target (id, workspace_id, campaign_id, legacy_id, kind, contact_id, position, created_at, updated_at)
        VALUES (${rows.target}::uuid, ${w}::uuid, ${rows.id}::uuid, ${rows.targetNumber}::int, 'contact',
                ${contactId}::uuid, 0, ${at}, ${at})`,
  )
  // Disabled, so that nothing is sent.
  await db.query(
    sql`INSERT INTO webhook (id, workspace_id, url, format, event_types, campaign_id, enabled, disabled_reason, disabled_at,
                             created_at, updated_at)
        VALUES (${newId()}::uuid, ${w}::uuid, ${`https://${kind}.${word}.invalid/`}, 'standard', '{campaign.stateChanged}',
                ${rows.id}::uuid, false, 'requested', ${at}, ${at}, ${at})`,
  )
  const replies = kind === 'rsvp' || kind === 'click_to_call'
  const outcome =
    { voice_broadcast: 'heard', survey_calls: 'surveyed' }[kind as string] ?? (calls ? 'accepted' : 'sent')
  await db.query(
    sql`INSERT INTO receiver (id, workspace_id, campaign_id, contact_id, respondent_id, target_id, position, state, outcome,
                              attempts, answered_calls, talk_seconds, last_attempt_at, ready_at, settled_at, created_at, updated_at)
        VALUES (${rows.receiver}::uuid, ${w}::uuid, ${rows.id}::uuid, ${contactId}::uuid, ${respondentId ?? null}::uuid,
                ${rows.target}::uuid, 1, 'settled', ${outcome}::receiver_outcome, 1, ${calls ? 1 : 0}::int, ${calls ? 12 : 0}::int, ${at}, ${at},
                ${at}, ${at}, ${at})`,
  )
  for (const [index, contact] of waiting.entries()) {
    await db.query(
      sql`INSERT INTO receiver (id, workspace_id, campaign_id, contact_id, target_id, position, state, ready_at, created_at, updated_at)
          VALUES (${rows.waiting[index]}::uuid, ${w}::uuid, ${rows.id}::uuid, ${contact}::uuid, ${rows.target}::uuid,
                  ${index + 2}::int, 'waiting', ${at}, ${at}, ${at})`,
    )
  }
  if (calls) {
    await db.query(
      sql`INSERT INTO call (id, workspace_id, campaign_id, receiver_id, contact_id, respondent_id, attempt, state, cause, reply,
                            digits, phone, seat, settled_as, dialed_at, ringing_at, answered_at, ended_at, settled_at,
                            duration_seconds, cost, q850, created_at)
          VALUES (${rows.call}::uuid, ${w}::uuid, ${rows.id}::uuid, ${rows.receiver}::uuid, ${contactId}::uuid,
                  ${respondentId ?? null}::uuid, 1, 'ended', 'answered', ${replies ? 'accept' : null}::call_reply, '5', '+358401234567', 'nobody',
                  'reported', ${at}, ${at}, ${at}, ${at}, ${at}, 12, 55000, 16, ${at})`,
    )
    await db.query(
      sql`INSERT INTO recording (id, workspace_id, call_id, command_id, state, duration_ms, size, created_at)
          VALUES (${rows.recording}::uuid, ${w}::uuid, ${rows.call}::uuid, 'r1', 'ready', 1500, 44, ${at})`,
    )
  } else {
    await db.query(
      sql`INSERT INTO outbound_message (id, workspace_id, campaign_id, receiver_id, contact_id, state, address,
                                        provider_id, segments, cost, sent_at, created_at)
          VALUES (${rows.message}::uuid, ${w}::uuid, ${rows.id}::uuid, ${rows.receiver}::uuid, ${contactId}::uuid, 'sent',
                  ${kind === 'sms_broadcast' ? '+358401234567' : `${word}@example.com`}, ${`provider-${word}`},
                  ${kind === 'sms_broadcast' ? 1 : null}::int, 55000, ${at}, ${at})`,
    )
  }
  return rows
}

/** What the log says of such a campaign, in part. */
export async function addCampaignEvents(db: Queryable, w: string, rows: CampaignRows, at: Date): Promise<void> {
  const [campaignId, receiverId] = [rows.id, rows.receiver]
  await addEvent(db, w, 'campaign.updated', at, { campaignId })
  if (rows.call) {
    const callId = rows.call
    await addEvent(db, w, 'call.settled', at, { campaignId, receiverId, callId, attempt: 1, settledAs: 'reported' })
    await addEvent(db, w, 'recording.ready', at, { campaignId, callId, recordingId: rows.recording })
  } else {
    await addEvent(db, w, 'outboundMessage.sent', at, { campaignId, receiverId, outboundMessageId: rows.message })
  }
}

/** Takes away all that campaigns have left in a workspace. */
export async function removeCampaigns(db: Database, workspaceId: string): Promise<void> {
  for (const table of [
    ...[
      'webhook',
      'recording',
      'call',
      'outbound_message',
      'receiver',
      'campaign_target',
      'campaign_stats',
      'campaign_voice_file',
    ],
    'campaign',
  ]) {
    await db.raw(`DELETE FROM ${table} WHERE workspace_id = $1::uuid`, [workspaceId])
  }
}
