import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { TranscriptOrigin } from '../responses/index.ts'

interface Due {
  id: string
  workspace_id: string
}

/** Takes answers that are due off the list, for whoever queues their processing in this transaction. */
export async function claimAnswers(tx: Tx, now: Date, limit: number): Promise<Due[]> {
  return tx.query<Due>(
    sql`UPDATE answer SET process_due_at = NULL
        WHERE id IN (SELECT id FROM answer WHERE process_due_at <= ${now}::timestamptz
                     ORDER BY process_due_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)
        RETURNING id, workspace_id`,
  )
}

/** The same of responses that are to be analysed. */
export async function claimResponses(tx: Tx, now: Date, limit: number): Promise<Due[]> {
  return tx.query<Due>(
    sql`UPDATE response SET analysis_due_at = NULL
        WHERE id IN (SELECT id FROM response WHERE analysis_due_at <= ${now}::timestamptz
                     ORDER BY analysis_due_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)
        RETURNING id, workspace_id`,
  )
}

/** Whether processing an answer is not due: either there is a job for it, or it was done. */
export async function isNotDue(db: Queryable, workspaceId: string, id: string): Promise<boolean> {
  const rows = await db.query(
    sql`SELECT 1 FROM answer WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND process_due_at IS NULL`,
  )
  return rows.length > 0
}

export async function processLater(db: Queryable, workspaceId: string, id: string, dueAt: Date): Promise<void> {
  await db.query(
    sql`UPDATE answer SET process_due_at = ${dueAt}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND process_due_at IS NULL`,
  )
}

export type TranscriptionState = 'pending' | 'done' | 'failed' | 'unavailable'

/** An answer that is a recording, whose bytes are here. */
export interface RecordingRow {
  id: string
  workspace_id: string
  response_id: string
  link_id: string
  upload_id: string
  storage_key: string
  sound_state: 'pending' | 'ready' | 'failed' | null
  transcription_state: TranscriptionState | null
  /** Of its newest transcript; null when it has none. */
  origin: TranscriptOrigin | null
  /** BCP 47: what is probably spoken, by its link; null: nobody said. */
  language: string | null
  /** When whoever listens to it has to have said again that it still does; null: nobody does. */
  heard_until: Date | null
}

/** Undefined for an answer that is gone or is no recording. */
export async function findRecording(
  db: Queryable,
  workspaceId: string,
  answerId: string,
): Promise<RecordingRow | undefined> {
  const [row] = await db.query<RecordingRow>(
    sql`SELECT a.id, a.workspace_id, a.response_id, r.link_id, u.id AS upload_id, u.storage_key, u.sound_state::text,
               u.transcription_state::text, u.heard_until, l.language,
               (SELECT t.origin::text FROM transcript t WHERE t.answer_id = a.id ORDER BY t.version DESC LIMIT 1) AS origin
        FROM answer a
        JOIN response r ON r.workspace_id = a.workspace_id AND r.id = a.response_id
        JOIN link l ON l.workspace_id = r.workspace_id AND l.id = r.link_id
        JOIN upload u ON u.workspace_id = a.workspace_id AND u.id = a.upload_id AND u.state = 'ready'
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.id = ${answerId}::uuid
          AND a.question_type IN ('voice', 'voice_text_fallback')`,
  )
  return row
}

/** Says that this one listens from now on. False when somebody else does. */
export async function takeRecording(
  db: Queryable,
  { workspace_id, upload_id }: RecordingRow,
  now: Date,
  until: Date,
): Promise<boolean> {
  const rows = await db.query(
    sql`UPDATE upload SET heard_until = ${until}::timestamptz
        WHERE workspace_id = ${workspace_id}::uuid AND id = ${upload_id}::uuid
          AND (heard_until IS NULL OR heard_until <= ${now}::timestamptz) RETURNING id`,
  )
  return rows.length > 0
}

/** Says that this one still listens. */
export async function keepRecording(
  db: Queryable,
  { workspace_id, upload_id }: RecordingRow,
  from: Date,
  until: Date,
): Promise<boolean> {
  const rows = await db.query(
    sql`UPDATE upload SET heard_until = ${until}::timestamptz
        WHERE workspace_id = ${workspace_id}::uuid AND id = ${upload_id}::uuid AND heard_until = ${from}::timestamptz
        RETURNING id`,
  )
  return rows.length > 0
}

/** Says that this one listens no more, and has the analysis that waits for it go on. Locks the response first. */
export async function leaveRecording(tx: Tx, recording: RecordingRow, from: Date, now: Date): Promise<void> {
  const { workspace_id, response_id, upload_id } = recording
  await tx.query(
    sql`SELECT 1 FROM response WHERE workspace_id = ${workspace_id}::uuid AND id = ${response_id}::uuid FOR UPDATE`,
  )
  await tx.query(
    sql`UPDATE upload SET heard_until = NULL
        WHERE workspace_id = ${workspace_id}::uuid AND id = ${upload_id}::uuid AND heard_until = ${from}::timestamptz`,
  )
  await tx.query(
    sql`UPDATE response SET analysis_due_at = ${now}::timestamptz
        WHERE workspace_id = ${workspace_id}::uuid AND id = ${response_id}::uuid AND analysis = 'pending'
          AND analysis_due_at > ${now}::timestamptz`,
  )
}

/** Has a pending analysis wait for whoever listens to one of its recordings. Locks the response first. */
export async function analyzeLater(tx: Tx, workspaceId: string, id: string, now: Date): Promise<void> {
  await tx.query(sql`SELECT 1 FROM response WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid FOR UPDATE`)
  await tx.query(
    sql`UPDATE response r SET analysis_due_at = greatest(${now}::timestamptz, (
          SELECT max(u.heard_until) FROM answer a JOIN upload u ON u.workspace_id = a.workspace_id AND u.id = a.upload_id
          WHERE a.workspace_id = r.workspace_id AND a.response_id = r.id))
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ${id}::uuid AND r.analysis = 'pending'
          AND r.analysis_due_at IS NULL`,
  )
}

/** Says how transcribing came out where it made no transcript. */
export async function settleTranscription(
  tx: Tx,
  { workspace_id, upload_id }: RecordingRow,
  state: TranscriptionState,
  failure: string | null,
): Promise<void> {
  await tx.query(
    sql`UPDATE upload SET transcription_state = ${state}::transcription_state, transcription_failure = ${failure}
        WHERE workspace_id = ${workspace_id}::uuid AND id = ${upload_id}::uuid AND state = 'ready'`,
  )
}

/** An answer of a response that is analysed. */
export interface AnalyzedAnswer {
  id: string
  /** Whether it is a recording. */
  is_recording: boolean
  /** What was said or written; null of a recording that was not transcribed. */
  text: string | null
  /** Of the newest transcript. */
  transcript_id: string | null
  /** BCP 47: of the newest transcript, else of the link. */
  language: string | null
  question_text: string
  /** What else is wanted of it, as far as the question still says. */
  custom_fields: string[]
  /** Whether its question lets it be judged. */
  is_evaluated: boolean
  /** Whether there is an insight that was read from what it says now and is not to be found anew, or one of somebody else. */
  is_understood: boolean
}

/** The newest transcript (`t`) of an answer (`a`). */
const newestTranscript = sql`LATERAL (
  SELECT t.id, t.language FROM transcript t WHERE t.workspace_id = a.workspace_id AND t.answer_id = a.id
  ORDER BY t.version DESC LIMIT 1) t`

/** An insight (`i`) of an answer (`a`) that no engine need or may replace, given its newest transcript (`t`). */
const stands = sql`i.workspace_id = a.workspace_id AND i.answer_id = a.id AND i.is_newest
  AND (i.origin = 'recorded' OR i.transcript_id IS NOT DISTINCT FROM t.id AND NOT i.is_outdated)`

/** An answer (`a`) to a question (`q`) that lets it be judged. */
const isEvaluated = sql`coalesce(q.configuration->>'enable_ai_evaluation', '') <> 'false'`

/** Those that are recordings or free text, in their order. */
export async function listAnalyzed(db: Queryable, workspaceId: string, responseId: string): Promise<AnalyzedAnswer[]> {
  return db.query<AnalyzedAnswer>(
    sql`SELECT a.id, a.upload_id IS NOT NULL AS is_recording, a.text, t.id AS transcript_id,
               coalesce(t.language, l.language) AS language, a.question_text,
               CASE WHEN json_typeof(q.evaluator_config->'custom_fields') = 'array'
                    THEN ARRAY(SELECT json_array_elements_text(q.evaluator_config->'custom_fields'))
                    ELSE '{}'::text[] END AS custom_fields,
               ${isEvaluated} AS is_evaluated, EXISTS (SELECT 1 FROM insight i WHERE ${stands}) AS is_understood
        FROM answer a
        JOIN response r ON r.workspace_id = a.workspace_id AND r.id = a.response_id
        JOIN link l ON l.workspace_id = r.workspace_id AND l.id = r.link_id
        LEFT JOIN question q ON q.workspace_id = a.workspace_id AND q.id = a.question_id
        LEFT JOIN ${newestTranscript} ON true
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.response_id = ${responseId}::uuid
          AND a.question_type IN ('voice', 'voice_text_fallback', 'text')
        ORDER BY a."order", a.id`,
  )
}

/** Whether a submitted response is still to be analysed, or is being analysed. */
export async function isPending(db: Queryable, workspaceId: string, responseId: string): Promise<boolean> {
  const rows = await db.query(
    sql`SELECT 1 FROM response WHERE workspace_id = ${workspaceId}::uuid AND id = ${responseId}::uuid
          AND analysis = 'pending' AND status = 'completed'`,
  )
  return rows.length > 0
}

/** Recordings (`u`) of answers (`a`) whose text, if any, an engine of this server made before `askedAt`. */
const askable = (all: boolean, askedAt: Date) => sql`a.question_type IN ('voice', 'voice_text_fallback')
  AND u.workspace_id = a.workspace_id AND u.id = a.upload_id AND u.state = 'ready'
  AND NOT EXISTS (
    SELECT 1 FROM transcript t WHERE t.workspace_id = a.workspace_id AND t.answer_id = a.id
      AND (t.origin <> 'transcribed' OR NOT ${all} OR t.created_at >= ${askedAt}::timestamptz))`

/** What is to be done again: what was not done or failed, or all that engines of this server have made. */
export interface Asked {
  all: boolean
  /** What was made since then is not asked for again. */
  askedAt: Date
}

export async function countAskable(
  db: Queryable,
  workspaceId: string,
  linkId: string,
  { all, askedAt }: Asked,
): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM response r
        JOIN answer a ON a.workspace_id = r.workspace_id AND a.response_id = r.id, upload u
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.link_id = ${linkId}::uuid AND ${askable(all, askedAt)}`,
  )
  return row!.count
}

/** Locks the next responses of a link, by their ids. */
export async function lockResponsesAfter(
  tx: Tx,
  workspaceId: string,
  linkId: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    sql`SELECT id FROM response
        WHERE workspace_id = ${workspaceId}::uuid AND link_id = ${linkId}::uuid AND id > ${after}::uuid
        ORDER BY id LIMIT ${limit}::int FOR UPDATE`,
  )
  return rows.map((row) => row.id)
}

/**
 * Has recordings of locked responses listened to again, and what depends on it: an analysis of those that were submitted,
 * the processing of answers of the others. Sounds that could not be prepared are tried again in any case. Returns how many
 * recordings are listened to.
 */
export async function listenAgain(
  tx: Tx,
  workspaceId: string,
  responseIds: readonly string[],
  { all, askedAt }: Asked,
  now: Date,
): Promise<number> {
  const asked = await tx.query<{ id: string; response_id: string }>(
    sql`UPDATE upload u SET transcription_state = 'pending', transcription_failure = NULL,
               sound_state = CASE WHEN u.sound_state = 'failed' THEN 'pending' ELSE u.sound_state END,
               sound_failure = CASE WHEN u.sound_state <> 'failed' THEN u.sound_failure END
        FROM answer a
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.response_id = ANY(${responseIds}::uuid[])
          AND ${askable(all, askedAt)}
        RETURNING a.id, a.response_id`,
  )
  // Somebody said what these say, but nobody can play them: a decoder may be there by now.
  const silent = await tx.query<{ id: string }>(
    sql`UPDATE upload u SET sound_state = 'pending', sound_failure = NULL FROM answer a
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.response_id = ANY(${responseIds}::uuid[])
          AND a.question_type IN ('voice', 'voice_text_fallback')
          AND u.workspace_id = a.workspace_id AND u.id = a.upload_id AND u.state = 'ready' AND u.sound_state = 'failed'
        RETURNING a.id`,
  )
  await tx.query(
    sql`UPDATE answer SET process_due_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${silent.map((row) => row.id)}::uuid[])`,
  )
  const due = asked.map((row) => row.id)
  await tx.query(
    sql`UPDATE response SET analysis = 'pending', analysis_due_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${asked.map((row) => row.response_id)}::uuid[])
          AND status = 'completed'`,
  )
  await tx.query(
    sql`UPDATE answer a SET process_due_at = ${now}::timestamptz FROM response r
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.id = ANY(${due}::uuid[])
          AND r.workspace_id = a.workspace_id AND r.id = a.response_id AND r.status = 'started'`,
  )
  return asked.length
}

/** An insight (`i`) that is asked for anew: of an engine, from before that; unless all are, of what stood in for one only. */
const isAskedAnew = ({ all, askedAt }: Asked) =>
  sql`i.origin = ANY(CASE WHEN ${all} THEN '{found,fallback}' ELSE '{fallback}' END::insight_origin[])
      AND i.created_at < ${askedAt}::timestamptz`

/** Submitted responses (`r`) with a part that could not be analysed, or an answer that is to be understood. */
const isToReanalyze = (asked: Asked) => sql`r.status = 'completed' AND (r.analysis = 'incomplete' OR EXISTS (
  SELECT 1 FROM answer a
  LEFT JOIN question q ON q.workspace_id = a.workspace_id AND q.id = a.question_id
  LEFT JOIN ${newestTranscript} ON true
  WHERE a.workspace_id = r.workspace_id AND a.response_id = r.id AND ${isEvaluated}
    AND a.question_type IN ('voice', 'voice_text_fallback', 'text') AND a.text ~ '[^[:space:]]'
    AND NOT EXISTS (SELECT 1 FROM insight i WHERE ${stands} AND NOT (${isAskedAnew(asked)}))))`

export async function countToReanalyze(
  db: Queryable,
  workspaceId: string,
  linkId: string,
  asked: Asked,
): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM response r
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.link_id = ${linkId}::uuid AND ${isToReanalyze(asked)}`,
  )
  return row!.count
}

/** Has those of locked responses analysed again that are to be. Returns how many. */
export async function analyzeAgain(
  tx: Tx,
  workspaceId: string,
  responseIds: readonly string[],
  asked: Asked,
  now: Date,
): Promise<number> {
  const due = await tx.query<{ id: string }>(
    sql`UPDATE response r SET analysis = 'pending', analysis_due_at = ${now}::timestamptz
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ANY(${responseIds}::uuid[]) AND ${isToReanalyze(asked)}
        RETURNING r.id`,
  )
  await tx.query(
    sql`UPDATE insight i SET is_outdated = true FROM answer a
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.response_id = ANY(${due.map((row) => row.id)}::uuid[])
          AND i.workspace_id = a.workspace_id AND i.answer_id = a.id AND i.is_newest AND ${isAskedAnew(asked)}`,
  )
  return due.length
}

export interface CorrectableAnswer {
  field_key: string
  is_recording: boolean
  /** Of its newest transcript; 0: it has none. */
  version: number
}

export async function findCorrectable(
  db: Queryable,
  workspaceId: string,
  answerId: string,
): Promise<CorrectableAnswer | undefined> {
  const [row] = await db.query<CorrectableAnswer>(
    sql`SELECT a.field_key, a.upload_id IS NOT NULL AND a.question_type IN ('voice', 'voice_text_fallback') AS is_recording,
               coalesce((SELECT max(t.version) FROM transcript t WHERE t.answer_id = a.id), 0) AS version
        FROM answer a WHERE a.workspace_id = ${workspaceId}::uuid AND a.id = ${answerId}::uuid`,
  )
  return row
}

export async function responseOf(db: Queryable, workspaceId: string, answerId: string): Promise<string | undefined> {
  const [row] = await db.query<{ response_id: string }>(
    sql`SELECT response_id FROM answer WHERE workspace_id = ${workspaceId}::uuid AND id = ${answerId}::uuid`,
  )
  return row?.response_id
}
