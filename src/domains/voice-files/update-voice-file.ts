import { z } from 'zod'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { NAMING } from './fields.ts'
import { updateNaming } from './store.ts'

/** Absent keys stay as they are. */
export interface UpdateVoiceFileInput {
  name?: string
  /** Null: none. */
  description?: string | null
}

const schema = z.object(NAMING).partial()

/** What is heard never changes. Throws INSUFFICIENT_SCOPE (`voiceFiles:write`), NOT_FOUND, VALIDATION_FAILED. */
export async function updateVoiceFile(
  world: World,
  viewer: Viewer,
  id: string,
  input: UpdateVoiceFileInput,
): Promise<void> {
  requireScope(viewer, 'voiceFiles:write')
  if (!isUuid(id)) throw new NotFoundError('voice file', ['id'])
  const changes = parse(schema, input)
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    const changed = await updateNaming(tx, viewer.workspaceId, id, changes, world.clock.now())
    if (!changed) throw new NotFoundError('voice file', ['id'])
    emit('voiceFile.updated', { voiceFileId: id })
  })
}
