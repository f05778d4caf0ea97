import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { QuestionType } from '../links/index.ts'
import type { StoredEvidence } from './evidence.ts'
import type { ResponseStatus } from './store.ts'

export type Sentiment = 'positive' | 'neutral' | 'negative' | 'mixed'

/** Whose findings they are: the workspace, and who or what made them, when. */
export interface Finding {
  workspaceId: string
  method: string
  now: Date
}

/** `pending`: something here is at it, or will be. `incomplete`: nobody could listen to a part of it. */
export type AnalysisState = 'pending' | 'done' | 'incomplete'

export interface AnalyzedResponse {
  link_id: string
  respondent_id: string
  status: ResponseStatus
  /** Null: nothing here has to do with it. */
  analysis: AnalysisState | null
  /** When it is to be analysed here, also once more after the one that runs. */
  analysis_due_at: Date | null
}

/**
 * Locks a response, so that of two analyses one comes after the other, and holds its link, deleted or not: a deletion
 * changes answers too, and would meet this one halfway.
 */
export async function lockForAnalysis(tx: Tx, workspaceId: string, id: string): Promise<AnalyzedResponse | undefined> {
  const [row] = await tx.query<AnalyzedResponse>(
    sql`SELECT r.link_id, r.respondent_id, r.status, r.analysis, r.analysis_due_at
        FROM response r JOIN link l ON l.workspace_id = r.workspace_id AND l.id = r.link_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ${id}::uuid FOR UPDATE OF r FOR KEY SHARE OF l`,
  )
  return row
}

export interface AnalyzableAnswer {
  id: string
  question_type: QuestionType
  upload_id: string | null
  /** What was written or chosen, or what the recording says by its newest transcript. */
  text: string | null
}

export async function listAnalyzable(tx: Tx, workspaceId: string, responseId: string): Promise<AnalyzableAnswer[]> {
  return tx.query<AnalyzableAnswer>(
    sql`SELECT id, question_type, upload_id, text FROM answer
        WHERE workspace_id = ${workspaceId}::uuid AND response_id = ${responseId}::uuid`,
  )
}

/** Who made a transcript: an engine of this server, somebody who recorded it, a person who corrected another. */
export type TranscriptOrigin = 'transcribed' | 'recorded' | 'corrected'

/** Who found an insight: the analyser of this server, what stood in for it, or somebody who recorded it. */
export type InsightOrigin = 'found' | 'fallback' | 'recorded'

export interface NewTranscript {
  id: string
  answerId: string
  text: string
  /** BCP 47. */
  language: string | null
  /** From 0 to 1. */
  confidence?: number | null
  segments?: readonly { startMs: number; endMs: number; text: string }[] | null
}

/**
 * Adds the next version of each answer's transcript, and makes its text what search finds the answer by. Nobody need
 * listen to the recordings any more. Returns the versions by answer.
 */
export async function insertTranscripts(
  tx: Tx,
  { workspaceId, method, now }: Finding,
  transcripts: readonly NewTranscript[],
  { origin, isDraft = false }: { origin: TranscriptOrigin; isDraft?: boolean },
): Promise<ReadonlyMap<string, number>> {
  if (transcripts.length === 0) return new Map()
  const rows = await tx.query<{ answer_id: string; version: number }>(
    sql`WITH made AS (
          INSERT INTO transcript (id, workspace_id, answer_id, version, text, language, method, origin, is_draft,
                                  confidence, segments, created_at)
          SELECT n.id, ${workspaceId}::uuid, n."answerId",
                 coalesce((SELECT max(t.version) FROM transcript t WHERE t.answer_id = n."answerId"), 0) + 1,
                 n.text, n.language, ${method}, ${origin}::transcript_origin, ${isDraft}, n.confidence,
                 CASE WHEN json_typeof(n.segments) <> 'null' THEN n.segments END, ${now}::timestamptz
          FROM json_to_recordset(${json(transcripts)}::json)
            AS n(id uuid, "answerId" uuid, text text, language text, confidence float8, segments json)
          RETURNING answer_id, text, version
        ), heard AS (
          UPDATE upload SET transcription_state = 'done', transcription_failure = NULL
          FROM made JOIN answer a ON a.workspace_id = ${workspaceId}::uuid AND a.id = made.answer_id
          WHERE upload.workspace_id = a.workspace_id AND upload.id = a.upload_id
        )
        UPDATE answer SET text = made.text, updated_at = ${now}::timestamptz
        FROM made WHERE answer.workspace_id = ${workspaceId}::uuid AND answer.id = made.answer_id
        RETURNING made.answer_id, made.version`,
  )
  return new Map(rows.map((row) => [row.answer_id, row.version]))
}

export async function setDurations(
  tx: Tx,
  workspaceId: string,
  durations: readonly { answerId: string; durationSeconds: number }[],
): Promise<void> {
  if (durations.length === 0) return
  await tx.query(
    sql`UPDATE upload SET duration_seconds = n."durationSeconds"
        FROM jsonb_to_recordset(${json(durations)}::jsonb) AS n("answerId" uuid, "durationSeconds" float8)
          JOIN answer a ON a.workspace_id = ${workspaceId}::uuid AND a.id = n."answerId"
        WHERE upload.workspace_id = a.workspace_id AND upload.id = a.upload_id`,
  )
}

/**
 * Adds an insight to each answer, read from the newest transcript it has. It is the newest itself, whatever the clocks
 * of two processes say of each other.
 */
export async function insertInsights(
  tx: Tx,
  { workspaceId, method, now }: Finding,
  insights: readonly {
    id: string
    answerId: string
    sentiment: Sentiment | null
    sentimentScore: number | null
    actionable: boolean | null
    keyTopics: readonly string[]
    summary: string | null
    /** From 0 to 100. */
    clarity?: number | null
    customFields?: Readonly<Record<string, string | null>> | null
    evidence?: readonly StoredEvidence[] | null
  }[],
  { origin = 'recorded' }: { origin?: InsightOrigin } = {},
): Promise<void> {
  if (insights.length === 0) return
  await tx.query(
    sql`INSERT INTO insight (id, workspace_id, answer_id, transcript_id, sentiment, sentiment_score, actionable,
                             key_topics, summary, clarity, custom_fields, evidence, method, origin, created_at)
        SELECT n.id, ${workspaceId}::uuid, n."answerId",
               (SELECT t.id FROM transcript t WHERE t.answer_id = n."answerId" ORDER BY t.version DESC LIMIT 1),
               n.sentiment, n."sentimentScore", n.actionable, n."keyTopics", n.summary, n.clarity,
               CASE WHEN json_typeof(n."customFields") <> 'null' THEN n."customFields" END,
               CASE WHEN json_typeof(n.evidence) <> 'null' THEN n.evidence END, ${method},
               ${origin}::insight_origin,
               greatest(${now}::timestamptz, (
                 SELECT max(i.created_at) + interval '1 microsecond' FROM insight i
                 WHERE i.workspace_id = ${workspaceId}::uuid AND i.answer_id = n."answerId"
               ))
        FROM json_to_recordset(${json(insights)}::json)
          AS n(id uuid, "answerId" uuid, sentiment sentiment, "sentimentScore" float8, actionable boolean,
               "keyTopics" text[], summary text, clarity int, "customFields" json, evidence json)`,
  )
}

/** `final`: all is found that will be; nothing here need look for more. */
export async function markAnalyzed(
  tx: Tx,
  workspaceId: string,
  id: string,
  { final, now }: { final: boolean; now: Date },
): Promise<void> {
  const analyzed = final ? sql`, analyzed_at = ${now}::timestamptz, analysis = 'done', analysis_due_at = NULL` : sql``
  await tx.query(
    sql`UPDATE response SET updated_at = ${now}::timestamptz ${analyzed}
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}

/** An answer that is a recording, and one that is or has words. Of both `enable_ai_evaluation` forbids to judge them. */
const isRecording = sql`(a.question_type IN ('voice', 'voice_text_fallback') AND a.upload_id IS NOT NULL)`
const hasWords = sql`(a.question_type IN ('voice', 'voice_text_fallback', 'text') AND a.text <> ''
  AND coalesce(q.configuration->>'enable_ai_evaluation', '') <> 'false')`

/** Has a submitted response analysed here, if it has anything that could be. */
export async function beginAnalysis(tx: Tx, workspaceId: string, id: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE response r SET analysis = 'pending', analysis_due_at = ${now}::timestamptz
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ${id}::uuid AND EXISTS (
          SELECT 1 FROM answer a LEFT JOIN question q ON q.workspace_id = a.workspace_id AND q.id = a.question_id
          WHERE a.workspace_id = r.workspace_id AND a.response_id = r.id AND (${isRecording} OR ${hasWords}))`,
  )
}

/** Has an analysis done once more, of a response that was submitted. */
export async function repeatAnalysis(tx: Tx, workspaceId: string, id: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE response SET analysis = 'pending', analysis_due_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND status = 'completed'`,
  )
}

/** Nothing here analyses it, or can: it stands as if it had not been tried. */
export async function dropAnalysis(tx: Tx, workspaceId: string, id: string): Promise<void> {
  await tx.query(
    sql`UPDATE response SET analysis = CASE WHEN analyzed_at IS NOT NULL THEN 'done'::analysis_state END,
               analysis_due_at = NULL
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}

/** A part of it could not be analysed, and is not until somebody asks again. */
export async function markIncomplete(tx: Tx, workspaceId: string, id: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE response SET analysis = 'incomplete', analysis_due_at = NULL, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}
