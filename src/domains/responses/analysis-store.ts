import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { QuestionType } from '../links/index.ts'
import type { ResponseStatus } from './store.ts'

export type Sentiment = 'positive' | 'neutral' | 'negative' | 'mixed'

/** Whose findings they are: the workspace, and who or what made them, when. */
export interface Finding {
  workspaceId: string
  method: string
  now: Date
}

export interface AnalyzedResponse {
  link_id: string
  respondent_id: string
  status: ResponseStatus
}

/**
 * Locks a response, so that of two analyses one comes after the other, and holds its link, deleted or not: a deletion
 * changes answers too, and would meet this one halfway.
 */
export async function lockForAnalysis(tx: Tx, workspaceId: string, id: string): Promise<AnalyzedResponse | undefined> {
  const [row] = await tx.query<AnalyzedResponse>(
    sql`SELECT r.link_id, r.respondent_id, r.status
        FROM response r JOIN link l ON l.workspace_id = r.workspace_id AND l.id = r.link_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ${id}::uuid FOR UPDATE OF r FOR KEY SHARE OF l`,
  )
  return row
}

export interface AnalyzableAnswer {
  id: string
  question_type: QuestionType
  upload_id: string | null
}

export async function listAnalyzable(tx: Tx, workspaceId: string, responseId: string): Promise<AnalyzableAnswer[]> {
  return tx.query<AnalyzableAnswer>(
    sql`SELECT id, question_type, upload_id FROM answer
        WHERE workspace_id = ${workspaceId}::uuid AND response_id = ${responseId}::uuid`,
  )
}

/** Adds the next version of each answer's transcript, and makes its text what search finds the answer by. */
export async function insertTranscripts(
  tx: Tx,
  { workspaceId, method, now }: Finding,
  transcripts: readonly { id: string; answerId: string; text: string; language: string | null }[],
): Promise<void> {
  if (transcripts.length === 0) return
  await tx.query(
    sql`WITH made AS (
          INSERT INTO transcript (id, workspace_id, answer_id, version, text, language, method, created_at)
          SELECT n.id, ${workspaceId}::uuid, n."answerId",
                 coalesce((SELECT max(t.version) FROM transcript t WHERE t.answer_id = n."answerId"), 0) + 1,
                 n.text, n.language, ${method}, ${now}::timestamptz
          FROM jsonb_to_recordset(${json(transcripts)}::jsonb) AS n(id uuid, "answerId" uuid, text text, language text)
          RETURNING answer_id, text
        )
        UPDATE answer SET text = made.text, updated_at = ${now}::timestamptz
        FROM made WHERE answer.workspace_id = ${workspaceId}::uuid AND answer.id = made.answer_id`,
  )
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
  }[],
): Promise<void> {
  if (insights.length === 0) return
  await tx.query(
    sql`INSERT INTO insight (id, workspace_id, answer_id, transcript_id, sentiment, sentiment_score, actionable,
                             key_topics, summary, method, created_at)
        SELECT n.id, ${workspaceId}::uuid, n."answerId",
               (SELECT t.id FROM transcript t WHERE t.answer_id = n."answerId" ORDER BY t.version DESC LIMIT 1),
               n.sentiment, n."sentimentScore", n.actionable, n."keyTopics", n.summary, ${method},
               greatest(${now}::timestamptz, (
                 SELECT max(i.created_at) + interval '1 microsecond' FROM insight i
                 WHERE i.workspace_id = ${workspaceId}::uuid AND i.answer_id = n."answerId"
               ))
        FROM jsonb_to_recordset(${json(insights)}::jsonb)
          AS n(id uuid, "answerId" uuid, sentiment sentiment, "sentimentScore" float8, actionable boolean,
               "keyTopics" text[], summary text)`,
  )
}

/** `final`: all is found that will be. */
export async function markAnalyzed(
  tx: Tx,
  workspaceId: string,
  id: string,
  { final, now }: { final: boolean; now: Date },
): Promise<void> {
  const analyzed = final ? sql`, analyzed_at = ${now}::timestamptz` : sql``
  await tx.query(
    sql`UPDATE response SET updated_at = ${now}::timestamptz ${analyzed}
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}
