import type { Queryable } from '../../db/database.ts'
import { instantText, type Sql, sql } from '../../db/sql.ts'
import type { Condition } from './condition.ts'
import type { QuestionType } from './question-types.ts'
import type { LinkSettings } from './settings.ts'
import type { LinkStatus } from './store.ts'

/** A question as those who own it see it. Instants are texts such as `2026-02-22T17:15:55.291121Z`. */
export interface QuestionView {
  id: string
  prompt: string
  fieldKey: string
  type: QuestionType
  configuration: Record<string, unknown>
  order: number
  required: boolean
  condition: Condition | Record<string, never>
  enableDynamicProbing: boolean
  fallbackToText: boolean
  evaluatorConfig: Record<string, unknown>
  createdAt: string
  updatedAt: string
}

/** A link as those who own it see it. Instants are texts with microseconds, such as `2026-02-22T17:15:55.291121Z`. */
export interface LinkView {
  id: string
  name: string
  slug: string
  status: LinkStatus
  /** As sent, with its keys in their order. */
  settings: LinkSettings
  /** By `order`, then in the order they came. */
  questions: QuestionView[]
  /** Of completed responses. */
  responseCount: number
  createdAt: string
  updatedAt: string
}

const questionViews = sql`coalesce((
  SELECT json_agg(json_build_object(
           'id', q.id, 'prompt', q.prompt, 'fieldKey', q.field_key, 'type', q.type, 'configuration', q.configuration,
           'order', q."order", 'required', q.required, 'condition', q.condition,
           'enableDynamicProbing', q.enable_dynamic_probing, 'fallbackToText', q.fallback_to_text,
           'evaluatorConfig', q.evaluator_config, 'createdAt', ${instantText(sql`q.created_at`)},
           'updatedAt', ${instantText(sql`q.updated_at`)}) ORDER BY q."order", q.id)
  FROM question q WHERE q.workspace_id = l.workspace_id AND q.link_id = l.id), '[]'::json)`

const linkView = sql`SELECT l.id, l.name, l.slug, l.status, l.settings, ${questionViews} AS questions,
  l.response_count AS "responseCount", ${instantText(sql`l.created_at`)} AS "createdAt",
  ${instantText(sql`l.updated_at`)} AS "updatedAt" FROM link l`

const living = (workspaceId: string): Sql => sql`l.workspace_id = ${workspaceId}::uuid AND l.deleted_at IS NULL`

export async function selectLinkView(db: Queryable, workspaceId: string, id: string): Promise<LinkView | undefined> {
  const [row] = await db.query<LinkView>(sql`${linkView} WHERE ${living(workspaceId)} AND l.id = ${id}::uuid`)
  return row
}

/** Newest first. A null `limit` is none. */
export async function selectLinkViews(
  db: Queryable,
  workspaceId: string,
  offset: number,
  limit: number | null,
): Promise<LinkView[]> {
  return db.query<LinkView>(
    sql`${linkView} WHERE ${living(workspaceId)} ORDER BY l.created_at DESC, l.id DESC
        OFFSET ${offset}::bigint LIMIT ${limit}::bigint`,
  )
}

export async function countLinks(db: Queryable, workspaceId: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM link l WHERE ${living(workspaceId)}`,
  )
  return row!.count
}
