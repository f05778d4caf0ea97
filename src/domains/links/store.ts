import type { Queryable, Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { Condition } from './condition.ts'
import type { QuestionFields } from './question-input.ts'
import type { QuestionType } from './question-types.ts'
import type { LinkSettings } from './settings.ts'
import { SLUG } from './slug.ts'

export type LinkStatus = 'active' | 'paused'

export interface LinkRow {
  id: string
  workspace_id: string
  name: string
  slug: string
  status: LinkStatus
  settings: LinkSettings
  max_responses: number | null
  /** BCP 47: what its questions are written in, and answers probably spoken in; null: nobody said. */
  language: string | null
  response_count: number
  deleted_at: Date | null
}

export interface QuestionRow {
  id: string
  prompt: string
  field_key: string
  type: QuestionType
  order: number
  required: boolean
  configuration: Record<string, unknown>
  condition: Condition | Record<string, never>
  enable_dynamic_probing: boolean
  fallback_to_text: boolean
  evaluator_config: Record<string, unknown>
}

const linkColumns = sql`id, workspace_id, name, slug, status, settings, max_responses, language, response_count,
  deleted_at`
const questionColumns = sql`id, prompt, field_key, type, "order", required, configuration, condition,
  enable_dynamic_probing, fallback_to_text, evaluator_config`

/** Locks the link against concurrent changes until the transaction ends; undefined for an unknown or deleted one. */
export async function lockLink(tx: Tx, workspaceId: string, id: string): Promise<LinkRow | undefined> {
  const [row] = await tx.query<LinkRow>(
    sql`SELECT ${linkColumns} FROM link
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL FOR UPDATE`,
  )
  return row
}

/** Holds the link, deleted or not, as it is until the transaction ends; others may hold it too. */
export async function holdLink(tx: Tx, workspaceId: string, id: string): Promise<LinkRow | undefined> {
  const [row] = await tx.query<LinkRow>(
    sql`SELECT ${linkColumns} FROM link WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid FOR KEY SHARE`,
  )
  return row
}

/** By public address; the newest deleted link of the slug when no living one has it, so that its page can say so. */
export async function findLinkBySlug(db: Queryable, workspaceId: string, slug: string): Promise<LinkRow | undefined> {
  // What no link can have is not asked for: among such texts are some that the database refuses to look at.
  if (!SLUG.test(slug)) return undefined
  const [row] = await db.query<LinkRow>(
    sql`SELECT ${linkColumns} FROM link WHERE workspace_id = ${workspaceId}::uuid AND slug = ${slug}
        ORDER BY deleted_at DESC NULLS FIRST LIMIT 1`,
  )
  return row
}

export async function findLinkById(db: Queryable, workspaceId: string, id: string): Promise<LinkRow | undefined> {
  const [row] = await db.query<LinkRow>(
    sql`SELECT ${linkColumns} FROM link WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
  return row
}

export async function listQuestions(db: Queryable, workspaceId: string, linkId: string): Promise<QuestionRow[]> {
  return db.query<QuestionRow>(
    sql`SELECT ${questionColumns} FROM question
        WHERE workspace_id = ${workspaceId}::uuid AND link_id = ${linkId}::uuid ORDER BY "order", id`,
  )
}

export async function linkQuota(tx: Tx, workspaceId: string): Promise<{ quota: number | null; used: number }> {
  const [row] = await tx.query<{ quota: number | null; used: number }>(
    sql`SELECT link_quota AS quota,
               (SELECT count(*) FROM link WHERE workspace_id = workspace.id AND deleted_at IS NULL)::int AS used
        FROM workspace WHERE id = ${workspaceId}::uuid`,
  )
  return row!
}

/** Which of the slugs that start with `prefix` living links have. */
export async function slugsLike(tx: Tx, workspaceId: string, prefix: string): Promise<Set<string>> {
  const rows = await tx.query<{ slug: string }>(
    sql`SELECT slug FROM link
        WHERE workspace_id = ${workspaceId}::uuid AND deleted_at IS NULL AND starts_with(slug, ${prefix})`,
  )
  return new Set(rows.map((row) => row.slug))
}

export async function insertLink(
  tx: Tx,
  link: {
    id: string
    workspaceId: string
    legacyId: number
    name: string
    slug: string
    status: LinkStatus
    settings: LinkSettings
    maxResponses: number | null
    language: string | null
    now: Date
  },
): Promise<void> {
  await tx.query(
    sql`INSERT INTO link (id, workspace_id, legacy_id, name, slug, status, settings, max_responses, language, created_at,
                          updated_at)
        VALUES (${link.id}::uuid, ${link.workspaceId}::uuid, ${link.legacyId}, ${link.name}, ${link.slug},
                ${link.status}::link_status, ${json(link.settings)}::json, ${link.maxResponses}::int,
                ${link.language}, ${link.now}::timestamptz, ${link.now}::timestamptz)`,
  )
}

export async function updateLinkRow(tx: Tx, link: LinkRow, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE link SET name = ${link.name}, slug = ${link.slug}, status = ${link.status}::link_status,
               settings = ${json(link.settings)}::json, max_responses = ${link.max_responses}::int,
               language = ${link.language}, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${link.workspace_id}::uuid AND id = ${link.id}::uuid`,
  )
}

export async function insertQuestions(
  tx: Tx,
  workspaceId: string,
  linkId: string,
  questions: (QuestionFields & { id: string })[],
  now: Date,
): Promise<void> {
  if (questions.length === 0) return
  await tx.query(
    sql`INSERT INTO question (id, workspace_id, link_id, prompt, field_key, type, "order", required, configuration,
                              condition, enable_dynamic_probing, fallback_to_text, evaluator_config, created_at, updated_at)
        SELECT q.id, ${workspaceId}::uuid, ${linkId}::uuid, q.prompt, q."fieldKey", q.type, q."order", q.required,
               q.configuration, q.condition, q."enableDynamicProbing", q."fallbackToText", q."evaluatorConfig",
               ${now}::timestamptz, ${now}::timestamptz
        FROM json_to_recordset(${json(questions)}::json)
          AS q(id uuid, prompt text, "fieldKey" text, type question_type, "order" int, required boolean,
               configuration json, condition json, "enableDynamicProbing" boolean, "fallbackToText" boolean,
               "evaluatorConfig" json)`,
  )
}

export async function updateQuestionRow(
  tx: Tx,
  workspaceId: string,
  id: string,
  question: QuestionFields,
  now: Date,
): Promise<void> {
  await tx.query(
    sql`UPDATE question SET prompt = ${question.prompt}, field_key = ${question.fieldKey},
               type = ${question.type}::question_type, "order" = ${question.order}, required = ${question.required},
               configuration = ${json(question.configuration)}::json, condition = ${json(question.condition)}::json,
               enable_dynamic_probing = ${question.enableDynamicProbing}, fallback_to_text = ${question.fallbackToText},
               evaluator_config = ${json(question.evaluatorConfig)}::json, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}

/** The link that a question belongs to; undefined for an unknown one. */
export async function linkOfQuestion(tx: Tx, workspaceId: string, questionId: string): Promise<string | undefined> {
  const [row] = await tx.query<{ link_id: string }>(
    sql`SELECT link_id FROM question WHERE workspace_id = ${workspaceId}::uuid AND id = ${questionId}::uuid`,
  )
  return row?.link_id
}

/** Gives the questions the orders 0, 1, 2, … in the order of `ids`. */
export async function reorderQuestionRows(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
  now: Date,
): Promise<void> {
  await tx.query(
    sql`UPDATE question SET "order" = (wish.position - 1)::int, updated_at = ${now}::timestamptz
        FROM unnest(${ids}::uuid[]) WITH ORDINALITY AS wish(id, position)
        WHERE question.workspace_id = ${workspaceId}::uuid AND question.id = wish.id`,
  )
}

/** Removes questions; what they asked stays with the answers. */
export async function deleteQuestionRows(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<void> {
  await tx.query(
    sql`UPDATE answer SET question_id = NULL
        WHERE workspace_id = ${workspaceId}::uuid AND question_id = ANY(${ids}::uuid[])`,
  )
  await tx.query(sql`DELETE FROM question WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`)
}

export async function markLinkDeleted(tx: Tx, workspaceId: string, id: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE link SET deleted_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}

export async function touchLink(tx: Tx, workspaceId: string, id: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE link SET updated_at = ${now}::timestamptz WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}
