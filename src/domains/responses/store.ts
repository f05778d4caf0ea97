import type { Queryable, Tx } from '../../db/database.ts'
import { json, sql, violatedConstraint } from '../../db/sql.ts'
import type { QuestionRow } from '../links/index.ts'

export type ResponseStatus = 'started' | 'completed'
export type ResponseChannel = 'web' | 'phone'
export type RespondentStatus = 'created' | 'queued' | 'called' | 'surveyed' | 'analyzed' | 'invalid'

export interface ResponseRow {
  id: string
  workspace_id: string
  link_id: string
  respondent_id: string
  session_id: string
  channel: ResponseChannel
  status: ResponseStatus
  submitted_at: Date | null
}

export interface AnswerRow {
  id: string
  question_id: string | null
  field_key: string
  value: unknown
  upload_id: string | null
  file_name: string | null
  media_type: string | null
  size: number | null
  /** Whether it is still being judged if a follow-up is to be asked; null: it is not probed. */
  probing: 'pending' | 'settled' | null
  /** What the recording says, by its newest transcript; null when it is none, or has none. */
  transcript: string | null
}

/** Of answers `a`, with the follow-up `f` that one answers. */
export const ANSWER_ORDER = sql`a."order", coalesce(f.answer_id, a.id), f.number NULLS FIRST`

const responseColumns = sql`r.id, r.workspace_id, r.link_id, r.respondent_id, r.session_id, r.channel, r.status, r.submitted_at`

export async function findResponseBySession(db: Queryable, sessionId: string): Promise<ResponseRow | undefined> {
  const [row] = await db.query<ResponseRow>(
    sql`SELECT ${responseColumns} FROM response r WHERE r.session_id = ${sessionId}::uuid`,
  )
  return row
}

/**
 * Locks the response of a session against other changes to it, and its link against deletion, which removes the
 * questions that answers refer to. Undefined when either is gone.
 */
export async function lockResponse(tx: Tx, sessionId: string): Promise<ResponseRow | undefined> {
  const [row] = await tx.query<ResponseRow>(
    sql`SELECT ${responseColumns} FROM response r JOIN link l ON l.workspace_id = r.workspace_id AND l.id = r.link_id
        WHERE r.session_id = ${sessionId}::uuid AND l.deleted_at IS NULL
        FOR UPDATE OF r FOR KEY SHARE OF l`,
  )
  return row
}

/** In the order of the questions, replies to follow-ups after what they follow. */
export async function listAnswers(db: Queryable, workspaceId: string, responseId: string): Promise<AnswerRow[]> {
  return db.query<AnswerRow>(
    sql`SELECT a.id, a.question_id, a.field_key, a.value, a.upload_id, u.file_name, u.media_type, u.size, a.probing,
               (SELECT t.text FROM transcript t WHERE t.answer_id = a.id ORDER BY t.version DESC LIMIT 1) AS transcript
        FROM answer a
        LEFT JOIN upload u ON u.workspace_id = a.workspace_id AND u.id = a.upload_id
        LEFT JOIN follow_up f ON f.workspace_id = a.workspace_id AND f.id = a.follow_up_id
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.response_id = ${responseId}::uuid
        ORDER BY ${ANSWER_ORDER}`,
  )
}

export interface NewRespondent {
  id: string
  workspaceId: string
  legacyId: number
  linkId: string
  contactId: string | null
  status: RespondentStatus
  now: Date
}

export async function insertRespondent(tx: Tx, respondent: NewRespondent): Promise<void> {
  await tx.query(
    sql`INSERT INTO respondent (id, workspace_id, legacy_id, link_id, contact_id, status, created_at, updated_at)
        VALUES (${respondent.id}::uuid, ${respondent.workspaceId}::uuid, ${respondent.legacyId},
                ${respondent.linkId}::uuid, ${respondent.contactId}::uuid, ${respondent.status}::respondent_status,
                ${respondent.now}::timestamptz, ${respondent.now}::timestamptz)`,
  )
}

/** People of one link, in the order of their numbers. */
export async function insertRespondents(
  tx: Tx,
  workspaceId: string,
  linkId: string,
  respondents: readonly { id: string; legacyId: number; contactId: string; legacyForm: unknown }[],
  now: Date,
): Promise<void> {
  if (respondents.length === 0) return
  await tx.query(
    sql`INSERT INTO respondent (id, workspace_id, legacy_id, link_id, contact_id, status, legacy_form, created_at, updated_at)
        SELECT n.id, ${workspaceId}::uuid, n."legacyId", ${linkId}::uuid, n."contactId", 'created',
               CASE WHEN json_typeof(n."legacyForm") <> 'null' THEN n."legacyForm" END,
               ${now}::timestamptz, ${now}::timestamptz
        FROM json_to_recordset(${json(respondents)}::json)
          AS n(id uuid, "legacyId" int, "contactId" uuid, "legacyForm" json)`,
  )
}

/** Locks the respondent, so that two arrivals by one personal link cannot open two sessions. */
export async function lockRespondent(
  tx: Tx,
  workspaceId: string,
  id: string,
): Promise<{ link_id: string; status: RespondentStatus } | undefined> {
  const [row] = await tx.query<{ link_id: string; status: RespondentStatus }>(
    sql`SELECT link_id, status FROM respondent WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid FOR UPDATE`,
  )
  return row
}

export async function findRespondent(
  db: Queryable,
  workspaceId: string,
  id: string,
): Promise<{ link_id: string } | undefined> {
  const [row] = await db.query<{ link_id: string }>(
    sql`SELECT link_id FROM respondent WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
  return row
}

export async function latestResponseOf(
  db: Queryable,
  workspaceId: string,
  respondentId: string,
): Promise<ResponseRow | undefined> {
  const [row] = await db.query<ResponseRow>(
    sql`SELECT ${responseColumns} FROM response r
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.respondent_id = ${respondentId}::uuid
        ORDER BY r.started_at DESC, r.id DESC LIMIT 1`,
  )
  return row
}

export async function setRespondentStatus(
  tx: Tx,
  workspaceId: string,
  id: string,
  status: RespondentStatus,
  now: Date,
): Promise<void> {
  await tx.query(
    sql`UPDATE respondent SET status = ${status}::respondent_status, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}

export async function insertResponse(
  tx: Tx,
  response: {
    id: string
    workspaceId: string
    linkId: string
    respondentId: string
    sessionId: string
    channel: ResponseChannel
    now: Date
  },
): Promise<void> {
  await tx.query(
    sql`INSERT INTO response (id, workspace_id, link_id, respondent_id, session_id, channel, status, started_at, updated_at)
        VALUES (${response.id}::uuid, ${response.workspaceId}::uuid, ${response.linkId}::uuid,
                ${response.respondentId}::uuid, ${response.sessionId}::uuid, ${response.channel}::response_channel,
                'started', ${response.now}::timestamptz, ${response.now}::timestamptz)`,
  )
}

/** A question with its place among those of its link, counted from 0: answers are listed in that order. */
export type PlacedQuestion = QuestionRow & {
  place: number
  /** Of a follow-up, whose id this question has: what it follows, and whether no other can come after it. */
  follows?: { questionId: string; answerId: string; fieldKey: string; isLast: boolean }
}

/**
 * Saves the answer to a question, in place of an earlier one, and notes that the response changed. Returns the answer's
 * id, the upload it no longer has, and whether another reply was there before.
 */
export async function upsertAnswer(
  tx: Tx,
  answer: {
    id: string
    response: ResponseRow
    question: PlacedQuestion
    value: unknown
    /** The value as words, for search; null when it has none. */
    text: string | null
    uploadId: string | null
    /** Absent: it was given on the page, or by an app. */
    phone?: { callId: string; recordingId: string | null }
    /** Of a reply that is new; null: it is not probed. */
    probing: 'pending' | 'settled' | null
    /** When a reply that is new is to be prepared, transcribed and judged; null: not yet, or nothing is to be done. */
    processDueAt: Date | null
    now: Date
  },
): Promise<{ id: string; replacedUpload: string | null; was: 'absent' | 'same' | 'other' }> {
  const { response, question, phone, now } = answer
  const value = sql`${answer.value === undefined ? null : json(answer.value)}::jsonb`
  const uploadId = sql`${answer.uploadId}::uuid`
  const recordingId = sql`${phone?.recordingId ?? null}::uuid`
  /** A page sends again what it shows: who confirms an answer has not given it anew. */
  const isSame = sql`coalesce(answer.value = excluded.value
    AND num_nonnulls(answer.upload_id, excluded.upload_id, answer.recording_id, excluded.recording_id) = 0, false)`
  const [row] = await tx.query<{ id: string; replaced: string | null; was: 'absent' | 'same' | 'other' }>(
    sql`WITH before AS (
          SELECT upload_id, coalesce(
                   value = ${value} AND num_nonnulls(upload_id, ${uploadId}, recording_id, ${recordingId}) = 0, false) AS same
          FROM answer WHERE response_id = ${response.id}::uuid AND field_key = ${question.field_key}
        ), touched AS (
          UPDATE response SET updated_at = ${now}::timestamptz
          WHERE workspace_id = ${response.workspace_id}::uuid AND id = ${response.id}::uuid
        )
        INSERT INTO answer (id, workspace_id, response_id, question_id, field_key, question_text, question_type,
                            "order", value, text, upload_id, channel, call_id, recording_id, follow_up_id, probing,
                            process_due_at, created_at, updated_at)
        VALUES (${answer.id}::uuid, ${response.workspace_id}::uuid, ${response.id}::uuid,
                ${question.follows?.questionId ?? question.id}::uuid,
                ${question.field_key}, ${question.prompt}, ${question.type}::question_type, ${question.place},
                ${value}, ${answer.text}, ${uploadId},
                ${phone ? 'phone' : 'web'}::response_channel, ${phone?.callId ?? null}::uuid, ${recordingId},
                ${question.follows ? question.id : null}::uuid, ${answer.probing}::probing_state,
                ${answer.processDueAt}::timestamptz, ${now}::timestamptz, ${now}::timestamptz)
        ON CONFLICT (response_id, field_key) DO UPDATE
          SET question_id = excluded.question_id, question_text = excluded.question_text,
              question_type = excluded.question_type, "order" = excluded."order", value = excluded.value,
              text = excluded.text, upload_id = excluded.upload_id, updated_at = excluded.updated_at,
              channel = CASE WHEN answer.value = excluded.value THEN answer.channel ELSE excluded.channel END,
              call_id = CASE WHEN answer.value = excluded.value THEN answer.call_id ELSE excluded.call_id END,
              recording_id = excluded.recording_id, follow_up_id = excluded.follow_up_id,
              probing = CASE WHEN ${isSame} THEN answer.probing ELSE excluded.probing END,
              process_due_at = CASE WHEN ${isSame} THEN answer.process_due_at ELSE excluded.process_due_at END
        RETURNING id, (SELECT upload_id FROM before) AS replaced,
                  coalesce((SELECT CASE WHEN same THEN 'same' ELSE 'other' END FROM before), 'absent') AS was`,
  )
  return { id: row!.id, replacedUpload: row!.replaced, was: row!.was }
}

/** Removes answers by field key, with what was asked about them and replied. Returns the uploads they had. */
export async function deleteAnswers(tx: Tx, response: ResponseRow, fieldKeys: readonly string[]): Promise<string[]> {
  if (fieldKeys.length === 0) return []
  const rows = await tx.query<{ upload_id: string | null }>(
    sql`DELETE FROM answer WHERE workspace_id = ${response.workspace_id}::uuid AND response_id = ${response.id}::uuid
          AND (field_key = ANY(${fieldKeys}::text[]) OR follow_up_id IN (
            SELECT f.id FROM follow_up f JOIN answer a ON a.workspace_id = f.workspace_id AND a.id = f.answer_id
            WHERE f.workspace_id = ${response.workspace_id}::uuid AND f.response_id = ${response.id}::uuid
              AND a.field_key = ANY(${fieldKeys}::text[])))
        RETURNING upload_id`,
  )
  return rows.flatMap((row) => row.upload_id ?? [])
}

export async function touchResponse(tx: Tx, response: ResponseRow, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE response SET updated_at = ${now}::timestamptz
        WHERE workspace_id = ${response.workspace_id}::uuid AND id = ${response.id}::uuid`,
  )
}

export async function completeResponse(tx: Tx, response: ResponseRow, email: string | null, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE response SET status = 'completed', submitted_at = ${now}::timestamptz, updated_at = ${now}::timestamptz,
               respondent_email = coalesce(
                 (SELECT c.email FROM respondent p JOIN contact c ON c.workspace_id = p.workspace_id AND c.id = p.contact_id
                  WHERE p.workspace_id = response.workspace_id AND p.id = response.respondent_id), ${email})
        WHERE workspace_id = ${response.workspace_id}::uuid AND id = ${response.id}::uuid`,
  )
}

/** Counts one more completed response unless the link is full; false when it is. */
export async function countResponse(tx: Tx, workspaceId: string, linkId: string): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE link SET response_count = response_count + 1
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${linkId}::uuid
          AND (max_responses IS NULL OR response_count < max_responses) RETURNING id`,
  )
  return rows.length > 0
}

/** Where the bytes of an upload lie: made of ids only, so that whatever runs twice writes and removes the same objects. */
export function uploadKey(workspaceId: string, id: string): string {
  return `uploads/${workspaceId}/${id}`
}

/** False when the response has been deleted meanwhile. */
export async function insertUpload(
  db: Queryable,
  upload: {
    id: string
    response: Pick<ResponseRow, 'id' | 'workspace_id'>
    storageKey: string
    fileName: string | null
    /** Of one that comes in pieces. */
    pieces?: { fieldKey: string; expectedSize: number }
    dueAt: Date
    now: Date
  },
): Promise<boolean> {
  const { response, pieces } = upload
  try {
    await db.query(
      sql`INSERT INTO upload (id, workspace_id, response_id, state, storage_key, file_name, field_key, expected_size,
                            due_at, created_at)
        VALUES (${upload.id}::uuid, ${response.workspace_id}::uuid, ${response.id}::uuid, 'pending',
                ${upload.storageKey}, ${upload.fileName}, ${pieces?.fieldKey ?? null}, ${pieces?.expectedSize ?? null}::int,
                ${upload.dueAt}::timestamptz, ${upload.now}::timestamptz)`,
    )
    return true
  } catch (error) {
    if (violatedConstraint(error) === 'upload_workspace_id_response_id_fkey') return false
    throw error
  }
}

export interface UploadFacts {
  mediaType: string
  size: number
  sha256: string
  /** Whether it is to be prepared for listening. */
  isRecording: boolean
  /** Null: not known yet, or no recording. */
  durationSeconds: number | null
}

/**
 * Makes all bytes of an upload known, under `storageKey`. False when the sweep took it in the meantime, or when others
 * have brought more of it.
 */
export async function markUploadReady(
  tx: Tx,
  workspaceId: string,
  { id, storageKey, receivedSize }: { id: string; storageKey: string; receivedSize: number },
  facts: UploadFacts,
): Promise<boolean> {
  const rows = await tx.query(
    sql`UPDATE upload SET state = 'ready', due_at = NULL, storage_key = ${storageKey}, media_type = ${facts.mediaType},
               size = ${facts.size}::int, received_size = coalesce(expected_size, 0), sha256 = ${facts.sha256},
               sound_state = ${facts.isRecording ? 'pending' : null}::sound_state,
               duration_seconds = ${facts.durationSeconds}::float8
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND state = 'pending'
          AND received_size = ${receivedSize}::int RETURNING id`,
  )
  return rows.length > 0
}

/** Leaves uploads that no answer has to the sweep, which removes their bytes first and their rows then. */
export async function discardUploads(
  db: Queryable,
  workspaceId: string,
  ids: readonly string[],
  now: Date,
): Promise<void> {
  if (ids.length === 0) return
  await db.query(
    sql`UPDATE upload SET state = 'discarded', due_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])
          AND NOT EXISTS (SELECT 1 FROM answer a WHERE a.workspace_id = upload.workspace_id AND a.upload_id = upload.id)`,
  )
}

/** Takes up to `limit` due uploads for this process: their next turn moves to `nextTurn`, in case it dies. */
export async function claimDueUploads(db: Queryable, now: Date, nextTurn: Date, limit: number): Promise<DueUpload[]> {
  return db.query<DueUpload>(
    sql`UPDATE upload SET state = 'discarded', due_at = ${nextTurn}::timestamptz
        WHERE id IN (SELECT id FROM upload WHERE due_at <= ${now}::timestamptz
                     ORDER BY due_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)
        RETURNING id, workspace_id, storage_key, sound_state IS NOT NULL AS has_sound, preparing_until`,
  )
}

export interface DueUpload {
  id: string
  workspace_id: string
  storage_key: string
  /** Forms of it may have been made. */
  has_sound: boolean
  /** Until when somebody may still write one. */
  preparing_until: Date | null
}

/** Has the sweep look at an upload once more, at `dueAt`. */
export async function sweepAgain(db: Queryable, workspaceId: string, id: string, dueAt: Date): Promise<void> {
  await db.query(
    sql`UPDATE upload SET due_at = ${dueAt}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND state = 'discarded'`,
  )
}

export async function deleteUpload(db: Queryable, workspaceId: string, id: string): Promise<void> {
  await db.query(
    sql`DELETE FROM upload WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND state = 'discarded'`,
  )
}

export interface ReadyUpload {
  storage_key: string
  media_type: string
  size: number
  file_name: string | null
  /** Bytes of what was made of a recording; null: it was not. */
  mp3_size: number | null
  wav_size: number | null
}

export async function findReadyUpload(
  db: Queryable,
  workspaceId: string,
  id: string,
): Promise<ReadyUpload | undefined> {
  const [row] = await db.query<ReadyUpload>(
    sql`SELECT storage_key, media_type, size, file_name, mp3_size, wav_size FROM upload
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND state = 'ready'`,
  )
  return row
}

/** What answers a field key of a response, when that is something that was sent. */
export async function findAnswerUpload(
  db: Queryable,
  { workspace_id: workspaceId, id }: Pick<ResponseRow, 'workspace_id' | 'id'>,
  fieldKey: string,
): Promise<ReadyUpload | undefined> {
  const [row] = await db.query<ReadyUpload>(
    sql`SELECT u.storage_key, u.media_type, u.size, u.file_name, u.mp3_size, u.wav_size
        FROM answer a JOIN upload u ON u.workspace_id = a.workspace_id AND u.id = a.upload_id
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.response_id = ${id}::uuid AND a.field_key = ${fieldKey}
          AND u.state = 'ready'`,
  )
  return row
}
