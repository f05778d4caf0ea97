import type { Queryable } from '../../db/database.ts'
import { empty, instantText, join, type Sql, sql } from '../../db/sql.ts'
import type { QuestionType } from '../links/index.ts'
import { ANSWER_ORDER, type ResponseStatus } from './store.ts'

/** What an analysis says of an answer, as far as it says it. */
export interface InsightView {
  sentiment: 'positive' | 'neutral' | 'negative' | 'mixed' | null
  /** From 0, as negative as can be, to 1, as positive as can be. */
  sentimentScore: number | null
  actionable: boolean | null
  keyTopics: string[]
  summary: string | null
}

export interface AnswerView {
  id: string
  /** The prompt when it was answered. */
  questionText: string
  fieldKey: string
  /** Of a reply to a follow-up: the field key of the answer that was asked about; null: it answers a question. */
  followUpTo: string | null
  type: QuestionType
  /** In the shape its type defines; null where the reply is the upload alone. */
  value: unknown
  upload: {
    id: string
    fileName: string | null
    mediaType: string
    /** Bytes. */
    size: number
    /** Of a recording, in seconds, as far as known. */
    durationSeconds: number | null
    /** Whether an MP3 was made of it. */
    hasMp3: boolean
  } | null
  /** The latest one. */
  transcript: string | null
  /** The newest one. */
  insight: InsightView | null
  /** Of the question as it is now; null once it was deleted or became of another type. */
  configuration: Record<string, unknown> | null
}

/** A response as those who own its link see it. Instants are texts such as `2026-02-22T17:15:55.291121Z`. */
export interface ResponseView {
  id: string
  sessionId: string
  status: ResponseStatus
  respondentEmail: string | null
  startedAt: string
  /** Null until it is completed. */
  submittedAt: string | null
  /** In the order of the questions, replies to follow-ups after what they follow. */
  answers: AnswerView[]
}

export interface ResponseOrder {
  field: 'submittedAt' | 'status' | 'respondentEmail'
  descending: boolean
}

const insights = sql`(
  SELECT json_build_object('sentiment', i.sentiment, 'sentimentScore', i.sentiment_score, 'actionable', i.actionable,
                           'keyTopics', i.key_topics, 'summary', i.summary)
  FROM insight i WHERE i.workspace_id = a.workspace_id AND i.answer_id = a.id ORDER BY i.created_at DESC, i.id DESC LIMIT 1)`

const latestTranscript = sql`(
  SELECT t.text FROM transcript t WHERE t.workspace_id = a.workspace_id AND t.answer_id = a.id
  ORDER BY t.version DESC LIMIT 1)`

const answers = sql`coalesce((
  SELECT json_agg(json_build_object(
           'id', a.id, 'questionText', a.question_text, 'fieldKey', a.field_key, 'followUpTo', p.field_key,
           'type', a.question_type,
           'value', a.value,
           'upload', CASE WHEN u.id IS NOT NULL THEN json_build_object(
             'id', u.id, 'fileName', u.file_name, 'mediaType', u.media_type, 'size', u.size,
             'durationSeconds', u.duration_seconds, 'hasMp3', u.mp3_size IS NOT NULL) END,
           'transcript', ${latestTranscript}, 'insight', ${insights},
           'configuration', CASE WHEN q.type = a.question_type THEN q.configuration END) ORDER BY ${ANSWER_ORDER})
  FROM answer a
  LEFT JOIN upload u ON u.workspace_id = a.workspace_id AND u.id = a.upload_id
  LEFT JOIN follow_up f ON f.workspace_id = a.workspace_id AND f.id = a.follow_up_id
  LEFT JOIN answer p ON p.workspace_id = f.workspace_id AND p.id = f.answer_id
  LEFT JOIN question q ON q.workspace_id = a.workspace_id AND q.id = a.question_id
  WHERE a.workspace_id = r.workspace_id AND a.response_id = r.id), '[]'::json)`

const view = sql`r.id, r.session_id AS "sessionId", r.status, r.respondent_email AS "respondentEmail",
  ${instantText(sql`r.started_at`)} AS "startedAt", ${instantText(sql`r.submitted_at`)} AS "submittedAt",
  ${answers} AS answers`

/** The completed responses of a link that `search` finds. */
function completed(workspaceId: string, linkId: string, search: string | null): Sql {
  const all = sql`r.workspace_id = ${workspaceId}::uuid AND r.link_id = ${linkId}::uuid AND r.status = 'completed'`
  if (search === null) return all
  // Not LIKE: what is searched for is text, not a pattern.
  const holds = (column: Sql) => sql`position(lower(${search}::text) IN lower(${column})) > 0`
  return sql`${all} AND (${holds(sql`r.respondent_email`)} OR EXISTS (
    SELECT 1 FROM answer a JOIN transcript t ON t.workspace_id = a.workspace_id AND t.answer_id = a.id
    WHERE a.workspace_id = r.workspace_id AND a.response_id = r.id AND ${holds(sql`t.text`)}
      AND NOT EXISTS (SELECT 1 FROM transcript n WHERE n.workspace_id = t.workspace_id AND n.answer_id = t.answer_id
                        AND n.version > t.version)))`
}

const ORDER_COLUMNS: Readonly<Record<ResponseOrder['field'], Sql>> = {
  submittedAt: sql`r.submitted_at`,
  status: sql`r.status`,
  respondentEmail: sql`r.respondent_email`,
}

export async function countResponseViews(
  db: Queryable,
  workspaceId: string,
  linkId: string,
  search: string | null,
): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM response r WHERE ${completed(workspaceId, linkId, search)}`,
  )
  return row!.count
}

export async function selectResponseViews(
  db: Queryable,
  workspaceId: string,
  linkId: string,
  { search, order, offset, limit }: { search: string | null; order: ResponseOrder[]; offset: number; limit: number },
): Promise<ResponseView[]> {
  const direction = (descending: boolean) => (descending ? sql`DESC NULLS LAST` : sql`ASC NULLS LAST`)
  const terms = order.map(({ field, descending }) => sql`${ORDER_COLUMNS[field]} ${direction(descending)}`)
  const tie = sql`r.id ${order[0]?.descending ? sql`DESC` : empty}`
  // The page is chosen before anything is gathered for it.
  return db.query<ResponseView>(
    sql`SELECT ${view} FROM (
          SELECT r.*, row_number() OVER (ORDER BY ${join([...terms, tie])}) AS place
          FROM response r WHERE ${completed(workspaceId, linkId, search)}
          ORDER BY place OFFSET ${offset}::bigint LIMIT ${limit}::bigint) r
        ORDER BY r.place`,
  )
}

/** One of a link that exists, also one that is not completed. */
export async function selectResponseView(
  db: Queryable,
  workspaceId: string,
  linkId: string,
  id: string,
): Promise<ResponseView | undefined> {
  const [row] = await db.query<ResponseView>(
    sql`SELECT ${view} FROM response r JOIN link l ON l.workspace_id = r.workspace_id AND l.id = r.link_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.link_id = ${linkId}::uuid AND r.id = ${id}::uuid
          AND l.deleted_at IS NULL`,
  )
  return row
}

/** One of any link, also a deleted one, together with it. */
export async function selectResponseWithLink(
  db: Queryable,
  workspaceId: string,
  id: string,
): Promise<(ResponseView & { link: { id: string; name: string; slug: string } }) | undefined> {
  const [row] = await db.query<ResponseView & { link: { id: string; name: string; slug: string } }>(
    sql`SELECT ${view}, json_build_object('id', l.id, 'name', l.name, 'slug', l.slug) AS link
        FROM response r JOIN link l ON l.workspace_id = r.workspace_id AND l.id = r.link_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ${id}::uuid`,
  )
  return row
}
