import type { Queryable } from '../../db/database.ts'
import { instantText, type Sql, sql } from '../../db/sql.ts'
import type { QuestionType } from '../links/index.ts'
import { type Evidence, quoteEvidence, type StoredEvidence } from '../responses/index.ts'
import { bound } from './bound.ts'
import { meets, type ResponseFilter, type Sentiment } from './response-filter.ts'

/** How many responses are read at a time. */
const PAGE = 200

export interface ExportSelection {
  workspaceId: string
  linkId: string
  filter: ResponseFilter
  /** As text with microseconds: responses that were opened later are left out. */
  until: string
}

/** Instants are texts such as `2026-02-22T17:15:55.291121Z`. */
export interface ExportedResponse {
  id: string
  sessionId: string
  respondentId: string
  /** The contact who answered, where one was invited. */
  contactId: string | null
  channel: 'web' | 'phone'
  status: 'started' | 'completed'
  respondentEmail: string | null
  startedAt: string
  submittedAt: string | null
  analyzedAt: string | null
  /** In the order of the questions, each followed by the replies to its follow-ups. */
  answers: ExportedAnswer[]
}

export interface ExportedAnswer {
  id: string
  /** Counts from 1 in its response. */
  place: number
  fieldKey: string
  /** The field key of the answer that it follows up. */
  follows: string | null
  /** What was asked, in the words of that moment. */
  question: string
  type: QuestionType
  value: unknown
  channel: 'web' | 'phone'
  upload: {
    storageKey: string
    fileName: string | null
    mediaType: string
    size: number
    durationSeconds: number | null
    sha256: string | null
  } | null
  /** The newest one. */
  transcript: { version: number; text: string; language: string | null; method: string; isDraft: boolean } | null
  /** The newest one. */
  insight: {
    sentiment: Sentiment | null
    sentimentScore: number | null
    actionable: boolean | null
    keyTopics: string[]
    summary: string | null
    clarity: number | null
    customFields: Record<string, string | null> | null
    /** The version of the transcript that it was read from; null: the reply was text. */
    transcriptVersion: number | null
    /** What the findings rest on, with the words that it is; positions are UTF-16 units of what it was read from. */
    evidence: (Evidence & { quote: string })[]
    method: string
  } | null
}

/** When the newest response of a link was opened; of none, the beginning of time. */
export async function lastOpened(db: Queryable, link: { id: string; workspace_id: string }): Promise<string> {
  const [row] = await db.query<{ last: string | null }>(
    sql`SELECT ${instantText(sql`max(started_at)`)} AS last FROM response
        WHERE workspace_id = ${link.workspace_id}::uuid AND link_id = ${link.id}::uuid`,
  )
  return row!.last ?? '1970-01-01T00:00:00.000000Z'
}

/** The responses of an export, `r`. */
export function exported({ workspaceId, linkId, filter, until }: ExportSelection): Sql {
  return sql`r.workspace_id = ${workspaceId}::uuid AND r.link_id = ${linkId}::uuid
    AND r.started_at <= ${until}::timestamptz AND ${meets(filter)}`
}

const answers = sql`coalesce((
  SELECT json_agg(json_build_object(
           'id', a.id, 'place', a.place, 'fieldKey', a.field_key, 'follows', a.follows, 'question', a.question_text,
           'type', a.question_type, 'value', a.value, 'channel', a.channel,
           'upload', CASE WHEN u.id IS NOT NULL THEN json_build_object(
             'storageKey', u.storage_key, 'fileName', u.file_name, 'mediaType', u.media_type, 'size', u.size,
             'durationSeconds', u.duration_seconds, 'sha256', u.sha256) END,
           'transcript', (
             SELECT json_build_object('version', t.version, 'text', t.text, 'language', t.language, 'method', t.method,
                                      'isDraft', t.is_draft)
             FROM transcript t WHERE ${bound(sql`t.workspace_id`, sql`a.workspace_id`)} AND t.answer_id = a.id
             ORDER BY t.version DESC LIMIT 1),
           'insight', (
             SELECT json_build_object('sentiment', i.sentiment, 'sentimentScore', i.sentiment_score,
                                      'actionable', i.actionable, 'keyTopics', i.key_topics, 'summary', i.summary,
                                      'clarity', i.clarity, 'customFields', i.custom_fields,
                                      'transcriptVersion', t.version, 'evidence', i.evidence,
                                      'readFrom', CASE WHEN i.evidence IS NOT NULL THEN coalesce(t.text, a.text) END,
                                      'method', i.method)
             FROM insight i
             LEFT JOIN transcript t ON t.workspace_id = i.workspace_id AND t.id = i.transcript_id
             WHERE i.workspace_id = a.workspace_id AND i.answer_id = a.id AND i.is_newest))
         ORDER BY a.place)
  FROM (
    SELECT a.*, p.field_key AS follows,
           row_number() OVER (ORDER BY coalesce(p."order", a."order"), coalesce(p.id, a.id), f.number NULLS FIRST, a.id) AS place
    FROM answer a
    LEFT JOIN follow_up f ON f.workspace_id = a.workspace_id AND f.id = a.follow_up_id
    LEFT JOIN answer p ON p.workspace_id = f.workspace_id AND p.id = f.answer_id
    WHERE ${bound(sql`a.workspace_id`, sql`r.workspace_id`)} AND a.response_id = r.id
  ) a
  LEFT JOIN upload u ON u.workspace_id = a.workspace_id AND u.id = a.upload_id), '[]'::json)`

/** The page that follows a response, or the first one. */
export async function selectExportPage(
  db: Queryable,
  selection: ExportSelection,
  after: ExportedResponse | undefined,
): Promise<{ rows: ExportedResponse[]; isLast: boolean }> {
  const beyond = after ? sql`(r.started_at, r.id) > (${after.startedAt}::timestamptz, ${after.id}::uuid)` : sql`true`
  // The page is chosen before anything is gathered for it.
  const rows = await db.query<StoredResponse>(
    sql`SELECT r.id, r.session_id AS "sessionId", r.respondent_id AS "respondentId",
               (SELECT p.contact_id FROM respondent p WHERE p.workspace_id = r.workspace_id AND p.id = r.respondent_id)
                 AS "contactId",
               r.channel, r.status, r.respondent_email AS "respondentEmail",
               ${instantText(sql`r.started_at`)} AS "startedAt", ${instantText(sql`r.submitted_at`)} AS "submittedAt",
               ${instantText(sql`r.analyzed_at`)} AS "analyzedAt", ${answers} AS answers
        FROM (SELECT r.* FROM response r WHERE ${exported(selection)} AND ${beyond}
              ORDER BY r.started_at, r.id LIMIT ${PAGE}::int) r
        ORDER BY r.started_at, r.id`,
  )
  return { rows: rows.map(withQuotes), isLast: rows.length < PAGE }
}

type StoredResponse = Omit<ExportedResponse, 'answers'> & {
  answers: (Omit<ExportedAnswer, 'insight'> & { insight: StoredInsight | null })[]
}
type StoredInsight = Omit<NonNullable<ExportedAnswer['insight']>, 'evidence'> & {
  evidence: StoredEvidence[] | null
  /** The text that the evidence is of. */
  readFrom: string | null
}

/** The database does not count in UTF-16 units. */
function withQuotes(response: StoredResponse): ExportedResponse {
  const answers = response.answers.map((answer): ExportedAnswer => {
    if (!answer.insight) return { ...answer, insight: null }
    const { readFrom, evidence, method, ...insight } = answer.insight
    return { ...answer, insight: { ...insight, evidence: quoteEvidence(evidence, readFrom), method } }
  })
  return { ...response, answers }
}
