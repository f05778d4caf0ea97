import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { type SegmentFilter, segmentSchema } from './segment-filter.ts'
import { insertSegment, lockSegment, markSegmentDeleted, updateSegmentRow } from './segment-store.ts'

export interface SegmentInput {
  name?: string | null
  /** All must hold. Judged here, so that entrances may pass on what they were sent. */
  filters: readonly (SegmentFilter | unknown)[]
}

/** Saves a filter. Throws INSUFFICIENT_SCOPE (`contacts:write`), VALIDATION_FAILED, IDEMPOTENCY_CONFLICT. */
export async function createSegment(
  world: World,
  viewer: Viewer,
  { idempotencyKey, ...input }: SegmentInput & { idempotencyKey?: string | null },
): Promise<{ id: string }> {
  requireScope(viewer, 'contacts:write')
  const { name = null, filters } = parse(segmentSchema, input)
  const { workspaceId } = viewer
  const now = world.clock.now()
  return world.events.write(workspaceId, (tx, emit) =>
    once(tx, { workspaceId, key: idempotencyKey, operation: 'createSegment', input, now }, async () => {
      const id = world.newId()
      const legacyId = await takeLegacyIds(tx, workspaceId, 'segment')
      await insertSegment(tx, { id, workspaceId, legacyId, name, ...split(filters), now })
      emit('segment.created', { segmentId: id })
      return { id }
    }),
  )
}

/** Absent keys stay. Throws INSUFFICIENT_SCOPE (`contacts:write`), NOT_FOUND, VALIDATION_FAILED. */
export async function updateSegment(
  world: World,
  viewer: Viewer,
  id: string,
  input: Partial<SegmentInput>,
): Promise<void> {
  requireScope(viewer, 'contacts:write')
  if (!isUuid(id)) throw new NotFoundError('segment', ['id'])
  const { name, filters } = parse(segmentSchema.partial(), input)
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    const segment = await lockSegment(tx, workspaceId, id)
    if (!segment) throw new NotFoundError('segment', ['id'])
    if (name !== undefined) segment.name = name
    if (filters !== undefined) Object.assign(segment, split(filters))
    await updateSegmentRow(tx, workspaceId, segment, world.clock.now())
    emit('segment.updated', { segmentId: id })
  })
}

/** Deletes a segment; its contacts stay. Throws INSUFFICIENT_SCOPE (`contacts:write`), NOT_FOUND (also again). */
export async function deleteSegment(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'contacts:write')
  if (!isUuid(id)) throw new NotFoundError('segment', ['id'])
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    if (!(await lockSegment(tx, workspaceId, id))) throw new NotFoundError('segment', ['id'])
    await markSegmentDeleted(tx, workspaceId, id, world.clock.now())
    emit('segment.deleted', { segmentId: id })
  })
}

function split(parsed: ReturnType<typeof segmentSchema.parse>['filters']) {
  return { filters: parsed.map((each) => each.filter), conditions: parsed.map((each) => each.condition) }
}
