import type { Queryable } from '../../db/database.ts'
import { join, type Sql, sql } from '../../db/sql.ts'
import type { QuestionType } from '../links/index.ts'
import type { Bucket } from '../metrics/index.ts'
import { bound } from './bound.ts'
import type { Sentiment } from './response-filter.ts'
import type { SummaryPart } from './summary.ts'

/** How many topics a summary names. */
export const MAX_TOPICS = 50

export interface SummarySelection {
  workspaceId: string
  linkIds: readonly string[]
  from: Date | null
  to: Date | null
  channel: 'web' | 'phone' | null
  /** Of the series; empty: there is none. */
  buckets: readonly Bucket[]
}

/** What is counted, by its kind. `bucket` counts from 1; 0 where there is no series. */
export interface SummaryRows {
  response: { bucket: number; channel: 'web' | 'phone'; started: number; completed: number }
  question: { id: string; fieldKey: string; type: QuestionType; prompt: string; configuration: Record<string, unknown> }
  answer: { fieldKey: string; type: QuestionType; prompt: string; count: number }
  value: { fieldKey: string; type: QuestionType; value: string; count: number }
  number: { fieldKey: string; type: QuestionType; average: number; median: number; min: number; max: number }
  voice: { recordings: number; totalSeconds: number | null; averageSeconds: number | null }
  insight: { bucket: number; sentiment: Sentiment | null; count: number; actionable: number }
  topic: { topic: string; count: number } & Record<Sentiment, number>
  customField: { fieldKey: string; name: string; asked: number; filled: number }
}

export type SummaryRow = {
  [Kind in keyof SummaryRows]: { linkId: string; kind: Kind; data: SummaryRows[Kind] }
}[keyof SummaryRows]

/** Everything that is counted of the links' responses, in one statement. */
export async function selectSummary(
  db: Queryable,
  selection: SummarySelection,
  parts: ReadonlySet<SummaryPart>,
): Promise<SummaryRow[]> {
  const wanted = [...parts].flatMap((part) => PARTS[part](selection))
  if (wanted.length === 0) return []
  const { workspaceId, linkIds, from, to, channel } = selection
  const w = sql`${workspaceId}::uuid`
  return db.query<SummaryRow>(
    sql`WITH picked AS (
          SELECT r.id, r.link_id, r.channel, r.status, ${bucketOf(selection)} AS bucket FROM response r
          WHERE r.workspace_id = ${w} AND r.link_id = ANY(${linkIds}::uuid[])
            AND ${from ? sql`r.started_at >= ${from}::timestamptz` : sql`true`}
            AND ${to ? sql`r.started_at < ${to}::timestamptz` : sql`true`}
            AND ${channel ? sql`r.channel = ${channel}::response_channel` : sql`true`}
        ), said AS (
          SELECT p.link_id, p.bucket, a.id, a.response_id, a.field_key, a.question_type, a.question_text, a.value, a.upload_id,
                 a.follow_up_id, a.created_at FROM picked p
          JOIN answer a ON ${bound(sql`a.workspace_id`, w)} AND a.response_id = p.id WHERE p.status = 'completed'
        ), replied AS (
          SELECT link_id, id, created_at, field_key, question_type, question_text, value FROM said WHERE follow_up_id IS NULL
        ), found AS (
          SELECT s.link_id, s.bucket, s.response_id, s.field_key, s.follow_up_id, i.id, i.sentiment, i.actionable,
                 i.key_topics, i.custom_fields
          FROM said s JOIN insight i ON i.workspace_id = ${w} AND i.answer_id = s.id AND i.is_newest
        )
        ${join(wanted, ' UNION ALL ')}`,
  )
}

/** When the first response to one of the links was opened; null: there is none. */
export async function selectFirst(
  db: Queryable,
  workspaceId: string,
  linkIds: readonly string[],
): Promise<Date | null> {
  const [row] = await db.query<{ first: Date | null }>(
    sql`SELECT min(started_at) AS first FROM response
        WHERE workspace_id = ${workspaceId}::uuid AND link_id = ANY(${linkIds}::uuid[])`,
  )
  return row!.first
}

function bucketOf({ buckets }: SummarySelection): Sql {
  if (buckets.length === 0) return sql`0`
  return sql`width_bucket(r.started_at, ${buckets.map(({ start }) => start.toISOString())}::timestamptz[])`
}

const row = (kind: keyof SummaryRows, data: Sql) =>
  sql`SELECT link_id AS "linkId", ${kind}::text AS kind, ${data} AS data`

const SENTIMENT_COUNTS = sql`
  'positive', count(DISTINCT id) FILTER (WHERE sentiment = 'positive'),
  'neutral', count(DISTINCT id) FILTER (WHERE sentiment = 'neutral'),
  'negative', count(DISTINCT id) FILTER (WHERE sentiment = 'negative'),
  'mixed', count(DISTINCT id) FILTER (WHERE sentiment = 'mixed')`

const PARTS: Readonly<Record<SummaryPart, (selection: SummarySelection) => Sql[]>> = {
  counts: () => [
    sql`${row(
      'response',
      sql`json_build_object('bucket', bucket, 'channel', channel, 'started', count(*),
            'completed', count(*) FILTER (WHERE status = 'completed'))`,
    )} FROM picked GROUP BY link_id, bucket, channel`,
  ],
  questions: ({ workspaceId, linkIds }) => [
    sql`${row(
      'question',
      sql`json_build_object('id', id, 'fieldKey', field_key, 'type', type, 'prompt', prompt, 'configuration', configuration)`,
    )} FROM (SELECT * FROM question WHERE workspace_id = ${workspaceId}::uuid AND link_id = ANY(${linkIds}::uuid[])
             ORDER BY "order", id) q`,
    sql`${row(
      'answer',
      sql`json_build_object('fieldKey', field_key, 'type', question_type, 'count', count(*),
            'prompt', (array_agg(question_text ORDER BY created_at DESC, id DESC))[1])`,
    )} FROM replied GROUP BY link_id, field_key, question_type`,
    // An answer may have several options; of a date the month counts.
    sql`${row('value', sql`json_build_object('fieldKey', field_key, 'type', question_type, 'value', v, 'count', count(*))`)}
        FROM (SELECT link_id, field_key, question_type, CASE WHEN question_type = 'date' THEN left(item, 7) ELSE item END AS v
              FROM replied CROSS JOIN LATERAL jsonb_array_elements_text(
                CASE WHEN jsonb_typeof(value) = 'array' THEN value ELSE jsonb_build_array(value) END) AS e(item)
              WHERE value IS NOT NULL
                AND question_type IN ('multiple_choice', 'image_choice', 'yes_no', 'rating', 'date')) given
        GROUP BY link_id, field_key, question_type, v`,
    sql`${row(
      'number',
      sql`json_build_object('fieldKey', field_key, 'type', question_type, 'average', avg(n)::float8,
            'median', percentile_cont(0.5) WITHIN GROUP (ORDER BY n::float8), 'min', min(n)::float8, 'max', max(n)::float8)`,
    )} FROM (SELECT link_id, field_key, question_type, (value #>> '{}')::numeric AS n FROM replied
             WHERE question_type IN ('number', 'rating') AND jsonb_typeof(value) = 'number') given
       GROUP BY link_id, field_key, question_type`,
  ],
  voice: ({ workspaceId }) => [
    sql`${row(
      'voice',
      sql`json_build_object('recordings', count(*), 'totalSeconds', sum(u.duration_seconds),
            'averageSeconds', avg(u.duration_seconds))`,
    )} FROM said s JOIN upload u ON u.workspace_id = ${workspaceId}::uuid AND u.id = s.upload_id
       WHERE s.question_type IN ('voice', 'voice_text_fallback') GROUP BY link_id`,
  ],
  insights: () => [
    sql`${row(
      'insight',
      sql`json_build_object('bucket', bucket, 'sentiment', sentiment, 'count', count(*),
            'actionable', count(*) FILTER (WHERE actionable))`,
    )} FROM found GROUP BY link_id, bucket, sentiment`,
  ],
  topics: () => [
    sql`${row('topic', sql`data`)} FROM (
          SELECT link_id, row_number() OVER (PARTITION BY link_id ORDER BY count(DISTINCT id) DESC, lower(topic)) AS place,
                 json_build_object('topic', mode() WITHIN GROUP (ORDER BY topic), 'count', count(DISTINCT id),
                   ${SENTIMENT_COUNTS}) AS data
          FROM found CROSS JOIN LATERAL unnest(key_topics) AS topic GROUP BY link_id, lower(topic)) t
        WHERE place <= ${MAX_TOPICS}::int`,
  ],
  customFields: () => [
    // What a reply to a follow-up tells belongs to the question that was followed up.
    sql`${row(
      'customField',
      sql`json_build_object('fieldKey', key, 'name', name, 'asked', count(DISTINCT response_id),
            'filled', count(DISTINCT response_id) FILTER (WHERE value IS NOT NULL AND value <> ''))`,
    )} FROM (SELECT link_id, response_id, e.key AS name, e.value,
                    CASE WHEN follow_up_id IS NULL THEN field_key
                         ELSE regexp_replace(field_key, '__follow_up_\\d+$', '') END AS key
             FROM found CROSS JOIN LATERAL json_each_text(custom_fields) AS e
             WHERE json_typeof(custom_fields) = 'object') c
       GROUP BY link_id, key, name`,
  ],
}
