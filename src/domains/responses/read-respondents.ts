import { sql } from '../../db/sql.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { isLegacyId } from '../legacy-id.ts'
import type { World } from '../world.ts'
import type { RespondentStatus } from './store.ts'

export interface RespondentView {
  id: string
  legacyId: number
  linkId: string
  status: RespondentStatus
  /** What a legacy API was told; null when it was told nothing, or the person was erased. */
  legacyForm: unknown
  /** E.164, of the contact, as are the fields that follow. */
  phone: string | null
  firstName: string | null
  lastName: string | null
  email: string | null
}

/**
 * Respondents by their numbers; those that do not exist, or are not of the link, are missing. Respondents of a deleted
 * link are still there. Throws INSUFFICIENT_SCOPE (`responses:read`).
 */
export async function respondentsByNumber(
  { db }: Pick<World, 'db'>,
  viewer: Viewer,
  numbers: readonly number[],
  linkId?: string,
): Promise<Map<number, RespondentView>> {
  requireScope(viewer, 'responses:read')
  const wanted = [...new Set(numbers.filter(isLegacyId))]
  if (wanted.length === 0) return new Map()
  const ofLink = linkId === undefined ? sql`` : sql`AND p.link_id = ${linkId}::uuid`
  const rows = await db.query<RespondentView>(
    sql`SELECT p.id, p.legacy_id AS "legacyId", p.link_id AS "linkId", p.status, p.legacy_form AS "legacyForm",
               c.phone, c.first_name AS "firstName", c.last_name AS "lastName", c.email
        FROM respondent p LEFT JOIN contact c ON c.workspace_id = p.workspace_id AND c.id = p.contact_id
        WHERE p.workspace_id = ${viewer.workspaceId}::uuid AND p.legacy_id = ANY(${wanted}::int[]) ${ofLink}`,
  )
  return new Map(rows.map((row) => [row.legacyId, row]))
}
