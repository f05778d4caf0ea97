import type { Queryable } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import { NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import type { ContactView } from './read-contacts.ts'
import type { SegmentCondition } from './segment-filter.ts'
import { findSegment, meets } from './segment-store.ts'
import { contactColumns } from './store.ts'

export interface ExportOptions {
  /** Whose contacts; at most one of them. Neither: all of the workspace. */
  listId?: string | null
  segmentId?: string | null
}

const PAGE = 1_000

/**
 * Living contacts, read page by page as they are taken, so that memory holds one page and no transaction stays open: a
 * contact that is changed meanwhile is given as it was or as it is. In the order of their numbers, of a list in the order
 * of their positions. Throws, before the first, INSUFFICIENT_SCOPE (`contacts:read`), VALIDATION_FAILED, NOT_FOUND.
 */
export async function exportContacts(
  world: World,
  viewer: Viewer,
  { listId = null, segmentId = null }: ExportOptions,
): Promise<AsyncIterable<ContactView>> {
  requireScope(viewer, 'contacts:read')
  const { workspaceId } = viewer
  if (listId !== null && segmentId !== null) {
    throw new ValidationError([{ path: ['segmentId'], rule: 'exactly_one', message: 'must not be given with listId' }])
  }
  if (listId !== null && !(await livingList(world.db, workspaceId, listId))) {
    throw new NotFoundError('contact list', ['listId'])
  }
  const segment =
    segmentId !== null && isUuid(segmentId) ? await findSegment(world.db, workspaceId, segmentId) : undefined
  if (segmentId !== null && !segment) throw new NotFoundError('segment', ['segmentId'])
  const read = (after: number) =>
    listId !== null
      ? pageOfList(world.db, workspaceId, listId, after)
      : pageOfAll(world.db, workspaceId, segment?.conditions ?? [], after)
  return (async function* () {
    for (let after = 0; ; ) {
      const page = await read(after)
      for (const { place, ...contact } of page) yield contact
      if (page.length < PAGE) return
      after = page.at(-1)!.place
    }
  })()
}

type Placed = ContactView & { place: number }

function pageOfAll(db: Queryable, workspaceId: string, conditions: readonly SegmentCondition[], after: number) {
  return db.query<Placed>(
    sql`SELECT ${contactColumns}, c.created_at AS "createdAt", c.updated_at AS "updatedAt", c.legacy_id AS place
        FROM contact c
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.deleted_at IS NULL AND c.legacy_id > ${after}::int
          AND ${meets(sql`${json(conditions)}::jsonb`)}
        ORDER BY c.legacy_id LIMIT ${PAGE}::int`,
  )
}

function pageOfList(db: Queryable, workspaceId: string, listId: string, after: number) {
  return db.query<Placed>(
    sql`SELECT ${contactColumns}, c.created_at AS "createdAt", c.updated_at AS "updatedAt", m.position AS place
        FROM contact_list_member m JOIN contact c ON c.workspace_id = m.workspace_id AND c.id = m.contact_id
        WHERE m.workspace_id = ${workspaceId}::uuid AND m.list_id = ${listId}::uuid AND m.position > ${after}::int
        ORDER BY m.position LIMIT ${PAGE}::int`,
  )
}

async function livingList(db: Queryable, workspaceId: string, id: string): Promise<boolean> {
  if (!isUuid(id)) return false
  const rows = await db.query(
    sql`SELECT 1 FROM contact_list
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL`,
  )
  return rows.length > 0
}
