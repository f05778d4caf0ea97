import { type Sql, sql } from '../../db/sql.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Viewer } from '../auth/index.ts'
import { isLegacyId } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { mayRead } from './read-contacts.ts'
import type { SegmentFilter } from './segment-filter.ts'

export interface ContactListView {
  id: string
  legacyId: number
  name: string
  description: string | null
  memberCount: number
  createdAt: Date
  updatedAt: Date
}

export interface SegmentView {
  id: string
  legacyId: number
  name: string | null
  filters: SegmentFilter[]
  createdAt: Date
  updatedAt: Date
}

const lists = (workspaceId: string, more: Sql) =>
  sql`SELECT id, legacy_id AS "legacyId", name, description, member_count AS "memberCount", created_at AS "createdAt",
             updated_at AS "updatedAt"
      FROM contact_list WHERE workspace_id = ${workspaceId}::uuid AND deleted_at IS NULL ${more} ORDER BY legacy_id`

const segments = (workspaceId: string, more: Sql) =>
  sql`SELECT id, legacy_id AS "legacyId", name, filters, created_at AS "createdAt", updated_at AS "updatedAt"
      FROM segment WHERE workspace_id = ${workspaceId}::uuid AND deleted_at IS NULL ${more} ORDER BY legacy_id`

/** All lists in the order of their numbers. Throws INSUFFICIENT_SCOPE (`contacts:read`). */
export async function listContactLists(world: World, viewer: Viewer): Promise<ContactListView[]> {
  mayRead(viewer)
  return world.db.query<ContactListView>(lists(viewer.workspaceId, sql``))
}

/** A list by its UUID or its number. Throws INSUFFICIENT_SCOPE (`contacts:read`), NOT_FOUND. */
export async function getContactList(world: World, viewer: Viewer, id: string | number): Promise<ContactListView> {
  mayRead(viewer)
  const [list] = isId(id) ? await world.db.query<ContactListView>(lists(viewer.workspaceId, named(id))) : []
  if (!list) throw new NotFoundError('contact list', ['id'])
  return list
}

/** All segments in the order of their numbers. Throws INSUFFICIENT_SCOPE (`contacts:read`). */
export async function listSegments(world: World, viewer: Viewer): Promise<SegmentView[]> {
  mayRead(viewer)
  return world.db.query<SegmentView>(segments(viewer.workspaceId, sql``))
}

/** A segment by its UUID or its number. Throws INSUFFICIENT_SCOPE (`contacts:read`), NOT_FOUND. */
export async function getSegment(world: World, viewer: Viewer, id: string | number): Promise<SegmentView> {
  mayRead(viewer)
  const [segment] = isId(id) ? await world.db.query<SegmentView>(segments(viewer.workspaceId, named(id))) : []
  if (!segment) throw new NotFoundError('segment', ['id'])
  return segment
}

const isId = (id: string | number) => (typeof id === 'number' ? isLegacyId(id) : isUuid(id))
const named = (id: string | number) =>
  typeof id === 'number' ? sql`AND legacy_id = ${id}::int` : sql`AND id = ${id}::uuid`
