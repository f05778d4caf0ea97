import { z } from 'zod'
import { violatedConstraint } from '../../db/sql.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { linkSchema, slugConflict, slugSchema } from './create-link.ts'
import { type LinkSettings, settingsSchema } from './settings.ts'
import { type LinkStatus, lockLink, updateLinkRow } from './store.ts'

/** Absent keys stay as they are. */
export interface UpdateLinkInput {
  name?: string
  slug?: string
  /** `paused`: the public page takes no new sessions; sessions already open may finish. */
  status?: LinkStatus
  /** Merged key by key into the present settings; a key that is null is removed. */
  settings?: LinkSettings
  /** Null: no limit. */
  maxResponses?: number | null
  /** BCP 47; null: nobody says. */
  language?: string | null
}

const schema = linkSchema
  .omit({ questions: true })
  .extend({ slug: slugSchema, status: linkSchema.shape.status.unwrap() })
  .partial()

/** Throws INSUFFICIENT_SCOPE (`links:write`), NOT_FOUND, VALIDATION_FAILED, SLUG_CONFLICT. */
export async function updateLink(world: World, viewer: Viewer, id: string, input: UpdateLinkInput): Promise<void> {
  requireScope(viewer, 'links:write')
  if (!isUuid(id)) throw new NotFoundError('link', ['id'])
  const changes = parse(schema, input)
  try {
    await world.events.write(viewer.workspaceId, async (tx, emit) => {
      const link = await lockLink(tx, viewer.workspaceId, id)
      if (!link) throw new NotFoundError('link', ['id'])
      if (changes.name !== undefined) link.name = changes.name
      if (changes.slug !== undefined) link.slug = changes.slug
      if (changes.status !== undefined) link.status = changes.status
      if (changes.maxResponses !== undefined) link.max_responses = changes.maxResponses
      if (changes.language !== undefined) link.language = changes.language
      if (changes.settings) {
        const settings = merged(link.settings, changes.settings)
        link.settings = parse(z.object({ settings: settingsSchema }), { settings }).settings
      }
      await updateLinkRow(tx, link, world.clock.now())
      emit('link.updated', { linkId: id })
    })
  } catch (error) {
    if (violatedConstraint(error) === 'link_slug_key') throw slugConflict(changes.slug!)
    throw error
  }
}

function merged(present: LinkSettings, changes: LinkSettings): LinkSettings {
  const all = { ...present, ...changes }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== undefined))
}
