import type { Queryable } from '../../src/db/database.ts'
import { json, sql } from '../../src/db/sql.ts'
import type { QuestionType } from '../../src/domains/links/index.ts'

/** An answer as it is stored; what is absent is null. */
export interface StoredAnswer {
  fieldKey: string
  type: QuestionType
  prompt?: string
  value?: unknown
  /** In words: as written, as transcribed. */
  text?: string
  channel?: 'web' | 'phone'
  /** A recording or a file; the bytes are nowhere unless a test puts them under the key. */
  upload?: { storageKey: string; mediaType: string; size: number; fileName?: string; durationSeconds?: number }
  /** Versions, oldest first. */
  transcripts?: string[]
  /** Oldest first. */
  insights?: StoredInsight[]
  /** The field key of the answer that this one follows up. */
  follows?: string
}

export interface StoredInsight {
  sentiment?: 'positive' | 'neutral' | 'negative' | 'mixed'
  sentimentScore?: number
  actionable?: boolean
  topics?: string[]
  summary?: string
  clarity?: number
  customFields?: Record<string, string | null>
  /** Of the text of the answer, or of this version of its transcripts. */
  evidence?: { field: string; start: number; end: number }[]
  transcriptVersion?: number
}

export interface StoredResponse {
  channel: 'web' | 'phone'
  startedAt: Date
  /** Absent: it was not submitted. */
  submittedAt?: Date
  analyzedAt?: Date
  email?: string
  answers: StoredAnswer[]
}

/**
 * Writes responses to a link as rows, many in few statements: for tests and benchmarks of reading. Returns their ids and
 * those of their answers.
 */
export async function storeResponses(
  { db, newId }: { db: Queryable; newId: () => string },
  workspaceId: string,
  linkId: string,
  responses: readonly StoredResponse[],
): Promise<{ id: string; answerIds: string[] }[]> {
  const respondents: object[] = []
  const rows: object[] = []
  const answers: object[] = []
  const uploads: object[] = []
  const transcripts: object[] = []
  const insights: object[] = []
  const followUps: object[] = []
  const [last] = await db.query<{ n: number }>(
    sql`SELECT coalesce(max(legacy_id), 0)::int AS n FROM respondent WHERE workspace_id = ${workspaceId}::uuid`,
  )
  const made = responses.map((response, number) => {
    const [id, respondentId] = [newId(), newId()]
    respondents.push({ id: respondentId, legacy_id: last!.n + 1 + number, created_at: response.startedAt })
    const { channel, startedAt, submittedAt, analyzedAt, email } = response
    rows.push({
      ...{ id, respondent_id: respondentId, session_id: newId(), channel, started_at: startedAt },
      ...{ submitted_at: submittedAt, analyzed_at: analyzedAt, respondent_email: email },
    })
    const ids = new Map(response.answers.map((answer) => [answer.fieldKey, newId()]))
    for (const [order, answer] of response.answers.entries()) {
      const answerId = ids.get(answer.fieldKey)!
      const uploadId = answer.upload && newId()
      const followUpId = answer.follows === undefined ? undefined : newId()
      const prompt = answer.prompt ?? `What of ${answer.fieldKey}?`
      answers.push({
        ...{ id: answerId, response_id: id, field_key: answer.fieldKey, question_text: prompt, order },
        ...{ question_type: answer.type, value: answer.value, text: answer.text, upload_id: uploadId },
        ...{ channel: answer.channel ?? channel, follow_up_id: followUpId, created_at: startedAt },
      })
      if (followUpId !== undefined) {
        followUps.push({
          ...{ id: followUpId, response_id: id, answer_id: ids.get(answer.follows!), field_key: answer.fieldKey },
          ...{ number: Number(answer.fieldKey.split('_').at(-1)), prompt, created_at: startedAt },
        })
      }
      if (answer.upload) {
        const { storageKey, mediaType, size, fileName, durationSeconds } = answer.upload
        uploads.push({
          ...{ id: uploadId, response_id: id, storage_key: storageKey, media_type: mediaType, size },
          ...{ file_name: fileName, duration_seconds: durationSeconds, created_at: startedAt },
        })
      }
      const versions = (answer.transcripts ?? []).map(() => newId())
      answer.transcripts?.forEach((text, index) => {
        transcripts.push({ id: versions[index], answer_id: answerId, version: index + 1, text, created_at: startedAt })
      })
      answer.insights?.forEach((insight, index) => {
        insights.push({
          ...{ id: newId(), answer_id: answerId, sentiment: insight.sentiment, summary: insight.summary },
          ...{ sentiment_score: insight.sentimentScore, actionable: insight.actionable, clarity: insight.clarity },
          ...{ key_topics: insight.topics ?? [], custom_fields: insight.customFields },
          ...{ evidence: insight.evidence, transcript_id: versions[(insight.transcriptVersion ?? 0) - 1] },
          created_at: new Date(startedAt.getTime() + index),
        })
      })
    }
    return { id, answerIds: [...ids.values()] }
  })
  await db.query(sql`INSERT INTO respondent (id, workspace_id, legacy_id, link_id, status, created_at, updated_at)
    SELECT n.id, ${workspaceId}::uuid, n.legacy_id, ${linkId}::uuid, 'surveyed', n.created_at, n.created_at
    FROM jsonb_to_recordset(${json(respondents)}::jsonb) AS n(id uuid, legacy_id int, created_at timestamptz)`)
  await db.query(sql`INSERT INTO response (id, workspace_id, link_id, respondent_id, session_id, channel, status,
      respondent_email, started_at, updated_at, submitted_at, analyzed_at)
    SELECT n.id, ${workspaceId}::uuid, ${linkId}::uuid, n.respondent_id, n.session_id, n.channel,
      CASE WHEN n.submitted_at IS NULL THEN 'started' ELSE 'completed' END::response_status, n.respondent_email,
      n.started_at, n.started_at, n.submitted_at, n.analyzed_at
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS n(id uuid, respondent_id uuid, session_id uuid,
      channel response_channel, respondent_email text, started_at timestamptz, submitted_at timestamptz, analyzed_at timestamptz)`)
  await db.query(sql`INSERT INTO upload (id, workspace_id, response_id, state, storage_key, file_name, media_type, size,
      sha256, duration_seconds, created_at)
    SELECT n.id, ${workspaceId}::uuid, n.response_id, 'ready', n.storage_key, n.file_name, n.media_type, n.size, '',
      n.duration_seconds, n.created_at
    FROM jsonb_to_recordset(${json(uploads)}::jsonb) AS n(id uuid, response_id uuid, storage_key text, file_name text,
      media_type text, size int, duration_seconds float8, created_at timestamptz)`)
  await db.query(sql`INSERT INTO answer (id, workspace_id, response_id, question_id, field_key, question_text,
      question_type, "order", value, text, upload_id, channel, created_at, updated_at)
    SELECT n.id, ${workspaceId}::uuid, n.response_id, q.id, n.field_key, n.question_text, n.question_type, n."order",
      CASE WHEN jsonb_typeof(n.value) <> 'null' THEN n.value END, n.text, n.upload_id, n.channel, n.created_at, n.created_at
    FROM jsonb_to_recordset(${json(answers)}::jsonb) AS n(id uuid, response_id uuid, field_key text, question_text text,
      question_type question_type, "order" int, value jsonb, text text, upload_id uuid, channel response_channel,
      created_at timestamptz)
    LEFT JOIN question q ON q.workspace_id = ${workspaceId}::uuid AND q.link_id = ${linkId}::uuid AND q.field_key = n.field_key`)
  await db.query(sql`INSERT INTO follow_up (id, workspace_id, response_id, answer_id, field_key, number, prompt, asks, method, created_at)
    SELECT n.id, ${workspaceId}::uuid, n.response_id, n.answer_id, n.field_key, n.number, n.prompt, 'why', 'test', n.created_at
    FROM jsonb_to_recordset(${json(followUps)}::jsonb) AS n(id uuid, response_id uuid, answer_id uuid, field_key text,
      number int, prompt text, created_at timestamptz)`)
  await db.query(sql`UPDATE answer SET follow_up_id = n.follow_up_id
    FROM jsonb_to_recordset(${json(answers)}::jsonb) AS n(id uuid, follow_up_id uuid)
    WHERE answer.id = n.id AND n.follow_up_id IS NOT NULL`)
  await db.query(sql`INSERT INTO transcript (id, workspace_id, answer_id, version, text, method, created_at)
    SELECT n.id, ${workspaceId}::uuid, n.answer_id, n.version, n.text, 'test', n.created_at
    FROM jsonb_to_recordset(${json(transcripts)}::jsonb) AS n(id uuid, answer_id uuid, version int, text text,
      created_at timestamptz)`)
  await db.query(sql`INSERT INTO insight (id, workspace_id, answer_id, sentiment, sentiment_score, actionable, key_topics,
      summary, clarity, custom_fields, evidence, transcript_id, method, created_at)
    SELECT n.id, ${workspaceId}::uuid, n.answer_id, n.sentiment, n.sentiment_score, n.actionable,
      ARRAY(SELECT jsonb_array_elements_text(n.key_topics)), n.summary, n.clarity,
      CASE WHEN json_typeof(n.custom_fields) <> 'null' THEN n.custom_fields END,
      CASE WHEN json_typeof(n.evidence) <> 'null' THEN n.evidence END, n.transcript_id, 'test', n.created_at
    FROM jsonb_to_recordset(${json(insights)}::jsonb) AS n(id uuid, answer_id uuid, sentiment sentiment,
      sentiment_score float8, actionable boolean, key_topics jsonb, summary text, clarity int, custom_fields json,
      evidence json, transcript_id uuid, created_at timestamptz)`)
  return made
}
