import type { Queryable, Tx } from '../../db/database.ts'
import { json, type Sql, sql } from '../../db/sql.ts'
import type { SegmentCondition, SegmentFilter } from './segment-filter.ts'

/**
 * Whether the contact `c` meets all of `conditions` (jsonb, as `SegmentCondition[]`). One constant text whatever the
 * filters are: fields and operators are picked by CASE, so nothing of a filter is ever part of a statement, every
 * evaluation is one prepared statement, and segments can be evaluated right from their rows.
 *
 * A field that is not set is null; so is an empty value. Order is numeric when both sides are decimal numbers, by code
 * point otherwise; `test-segments.ts` says the same in a few lines of plain code.
 */
export function meets(conditions: Sql): Sql {
  return sql`NOT EXISTS (
    SELECT FROM jsonb_to_recordset(${conditions}) AS f(field text, operator text, value jsonb)
    CROSS JOIN LATERAL (
      SELECT CASE f.field
               WHEN 'legacyId' THEN c.legacy_id::text WHEN 'externalKey' THEN c.external_key WHEN 'name' THEN c.name
               WHEN 'firstName' THEN c.first_name WHEN 'lastName' THEN c.last_name WHEN 'nickname' THEN c.nickname
               WHEN 'phone' THEN c.phone WHEN 'email' THEN c.email WHEN 'address' THEN c.address
               WHEN 'postalCode' THEN c.postal_code WHEN 'city' THEN c.city WHEN 'area' THEN c.area
               WHEN 'company' THEN c.company WHEN 'website' THEN c.website WHEN 'note' THEN c.note
               WHEN 'gender' THEN c.gender WHEN 'birthYear' THEN c.birth_year::text
               WHEN 'createdAt' THEN to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
               WHEN 'updatedAt' THEN to_char(c.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
             END AS have,
             CASE WHEN f.operator <> 'in' THEN f.value #>> '{}' END AS want
    ) v
    CROSS JOIN LATERAL (
      SELECT CASE
               WHEN f.operator NOT IN ('<', '>', '<=', '>=') THEN NULL
               WHEN v.have IS NULL OR v.want IS NULL THEN NULL
               WHEN v.have ~ '^[+-]?[0-9]{1,30}([.][0-9]{1,30})?$' AND v.want ~ '^[+-]?[0-9]{1,30}([.][0-9]{1,30})?$'
                 THEN sign(v.have::numeric - v.want::numeric)::int
               WHEN v.have COLLATE "C" < v.want COLLATE "C" THEN -1
               WHEN v.have COLLATE "C" > v.want COLLATE "C" THEN 1
               ELSE 0
             END AS comparison
    ) o
    WHERE NOT coalesce(CASE f.operator
      WHEN '==' THEN v.have IS NOT DISTINCT FROM v.want
      WHEN '!=' THEN v.have IS DISTINCT FROM v.want
      WHEN '<' THEN o.comparison < 0
      WHEN '>' THEN o.comparison > 0
      WHEN '<=' THEN o.comparison <= 0
      WHEN '>=' THEN o.comparison >= 0
      WHEN 'in' THEN CASE WHEN v.have IS NULL THEN f.value @> '[null]' ELSE jsonb_exists(f.value, v.have) END
      WHEN 'contains' THEN strpos(v.have, coalesce(v.want, '')) > 0
    END, false))`
}

export interface SegmentRow {
  id: string
  name: string | null
  filters: SegmentFilter[]
  conditions: SegmentCondition[]
}

const segmentColumns = sql`id, name, filters, conditions`

export async function findSegment(db: Queryable, workspaceId: string, id: string): Promise<SegmentRow | undefined> {
  const [row] = await db.query<SegmentRow>(
    sql`SELECT ${segmentColumns} FROM segment
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL`,
  )
  return row
}

export async function lockSegment(tx: Tx, workspaceId: string, id: string): Promise<SegmentRow | undefined> {
  const [row] = await tx.query<SegmentRow>(
    sql`SELECT ${segmentColumns} FROM segment
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL FOR UPDATE`,
  )
  return row
}

export async function insertSegment(
  tx: Tx,
  segment: SegmentRow & { workspaceId: string; legacyId: number; now: Date },
): Promise<void> {
  await tx.query(
    sql`INSERT INTO segment (id, workspace_id, legacy_id, name, filters, conditions, created_at, updated_at)
        VALUES (${segment.id}::uuid, ${segment.workspaceId}::uuid, ${segment.legacyId}, ${segment.name},
                ${json(segment.filters)}::json, ${json(segment.conditions)}::jsonb, ${segment.now}::timestamptz,
                ${segment.now}::timestamptz)`,
  )
}

export async function updateSegmentRow(tx: Tx, workspaceId: string, segment: SegmentRow, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE segment SET name = ${segment.name}, filters = ${json(segment.filters)}::json,
               conditions = ${json(segment.conditions)}::jsonb, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${segment.id}::uuid`,
  )
}

export async function markSegmentDeleted(tx: Tx, workspaceId: string, id: string, now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE segment SET deleted_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
}

/** Contacts that meet conditions, after a number, in the order of their numbers. */
export async function segmentBatch(
  db: Queryable,
  workspaceId: string,
  conditions: readonly SegmentCondition[],
  after: number,
  limit: number,
): Promise<{ id: string; legacyId: number }[]> {
  return db.query(
    sql`SELECT c.id, c.legacy_id AS "legacyId" FROM contact c
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.deleted_at IS NULL AND c.legacy_id > ${after}::int
          AND ${meets(sql`${json(conditions)}::jsonb`)}
        ORDER BY c.legacy_id LIMIT ${limit}::int`,
  )
}

/** Where a page of a segment lies: between two numbers of contacts, from the front or from the back. */
export interface SegmentPage {
  segmentId: string
  /** Exclusive bounds; null: none. */
  after: number | null
  before: number | null
  limit: number
  backward: boolean
}

/** Ids of contacts for several pages of segments in one statement; each page in the order in which it was read. */
export async function segmentPages(
  db: Queryable,
  workspaceId: string,
  pages: readonly SegmentPage[],
): Promise<string[][]> {
  const rows = await db.query<{ n: number; ids: string[] | null }>(
    sql`SELECT p.n, (
          SELECT array_agg(found.id ORDER BY found.place) FROM (
            SELECT c.id, CASE WHEN p.backward THEN -c.legacy_id ELSE c.legacy_id END AS place FROM contact c
            WHERE c.workspace_id = ${workspaceId}::uuid AND c.deleted_at IS NULL
              AND (p.after IS NULL OR c.legacy_id > p.after) AND (p.before IS NULL OR c.legacy_id < p.before)
              AND ${meets(sql`s.conditions`)}
            ORDER BY place LIMIT p."limit"
          ) found
        )::text[] AS ids
        FROM jsonb_to_recordset(${json(pages.map((page, n) => ({ ...page, n })))}::jsonb)
          AS p(n int, "segmentId" uuid, "after" int, "before" int, "limit" int, backward boolean)
        JOIN segment s ON s.workspace_id = ${workspaceId}::uuid AND s.id = p."segmentId"
        ORDER BY p.n`,
  )
  const found = new Map(rows.map((row) => [row.n, row.ids ?? []]))
  return pages.map((_, n) => found.get(n) ?? [])
}

/** How many contacts segments have now, in one statement. */
export async function countSegments(
  db: Queryable,
  workspaceId: string,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db.query<{ id: string; count: number }>(
    sql`SELECT s.id, (
          SELECT count(*)::int FROM contact c
          WHERE c.workspace_id = ${workspaceId}::uuid AND c.deleted_at IS NULL AND ${meets(sql`s.conditions`)}
        ) AS count
        FROM segment s WHERE s.workspace_id = ${workspaceId}::uuid AND s.id = ANY(${ids}::uuid[])`,
  )
  return new Map(rows.map((row) => [row.id, row.count]))
}
