import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { bound } from './bound.ts'
import { type ExportSelection, exported } from './export-store.ts'

/** What there is of the answers under one field key. */
export interface FieldColumns {
  fieldKey: string
  /** Whether they reply to follow-ups, whose question differs from response to response. */
  isFollowUp: boolean
  hasValues: boolean
  hasFiles: boolean
  hasDurations: boolean
  hasTranscripts: boolean
  hasInsights: boolean
  /** Of the insights' `customFields`, by name. */
  customFields: string[]
}

/**
 * The field keys of a link's questions in their order, each followed by those of its follow-ups, and at the end those
 * that were answered and are not asked any more.
 */
export async function selectFieldColumns(db: Queryable, selection: ExportSelection): Promise<FieldColumns[]> {
  const { workspaceId, linkId } = selection
  return db.query<FieldColumns>(
    sql`WITH said AS MATERIALIZED (
          SELECT a.field_key, a."order", a.follow_up_id, a.value IS NOT NULL AS has_value, u.id IS NOT NULL AS has_file,
                 u.duration_seconds IS NOT NULL AS has_duration, i.id IS NOT NULL AS has_insight, i.custom_fields,
                 EXISTS (SELECT 1 FROM transcript t WHERE ${bound(sql`t.workspace_id`, sql`a.workspace_id`)} AND t.answer_id = a.id)
                   AS has_transcript
          FROM response r
          JOIN answer a ON ${bound(sql`a.workspace_id`, sql`r.workspace_id`)} AND a.response_id = r.id
          LEFT JOIN upload u ON u.workspace_id = a.workspace_id AND u.id = a.upload_id
          LEFT JOIN insight i ON i.workspace_id = a.workspace_id AND i.answer_id = a.id AND i.is_newest
          WHERE ${exported(selection)}
        ), named AS (
          SELECT field_key, array_agg(DISTINCT name ORDER BY name) AS names
          FROM said CROSS JOIN LATERAL json_object_keys(custom_fields) AS name
          WHERE json_typeof(custom_fields) = 'object' GROUP BY field_key
        ), keys AS (
          SELECT q.field_key, 0 AS gone, row_number() OVER (ORDER BY q."order", q.id) AS place FROM question q
          WHERE q.workspace_id = ${workspaceId}::uuid AND q.link_id = ${linkId}::uuid
          UNION ALL
          SELECT field_key, 1, min("order") FROM said GROUP BY field_key
        ), fields AS (
          SELECT field_key, bool_or(follow_up_id IS NOT NULL) AS is_follow_up, bool_or(has_value) AS has_values,
                 bool_or(has_file) AS has_files, bool_or(has_duration) AS has_durations,
                 bool_or(has_transcript) AS has_transcripts, bool_or(has_insight) AS has_insights
          FROM said GROUP BY field_key
        ), placed AS (
          SELECT DISTINCT ON (k.field_key) k.*, regexp_replace(k.field_key, '__follow_up_\\d+$', '') AS parent
          FROM keys k ORDER BY k.field_key, k.gone
        )
        SELECT p.field_key AS "fieldKey", coalesce(f.is_follow_up, false) AS "isFollowUp",
               coalesce(f.has_values, true) AS "hasValues", coalesce(f.has_files, false) AS "hasFiles",
               coalesce(f.has_durations, false) AS "hasDurations", coalesce(f.has_transcripts, false) AS "hasTranscripts",
               coalesce(f.has_insights, false) AS "hasInsights", coalesce(n.names, '{}') AS "customFields"
        FROM placed p
        LEFT JOIN fields f ON f.field_key = p.field_key
        LEFT JOIN named n ON n.field_key = p.field_key
        LEFT JOIN placed of ON coalesce(f.is_follow_up, false) AND of.field_key = p.parent
        ORDER BY coalesce(of.gone, p.gone), coalesce(of.place, p.place), coalesce(of.field_key, p.field_key),
                 (of.field_key IS NOT NULL), length(p.field_key), p.field_key`,
  )
}
