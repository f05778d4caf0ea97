import { z } from 'zod'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import type { World } from '../world.ts'
import { changeKeyLimit } from './store.ts'
import { requireScope, type Viewer } from './viewer.ts'

const MOST_REQUESTS_PER_HOUR = 1_000_000

export const requestsPerHour = z
  .int('must be a whole number')
  .min(0, 'must be at least 0')
  .max(MOST_REQUESTS_PER_HOUR, `must be at most ${MOST_REQUESTS_PER_HOUR}`)
  .nullish()

const schema = z.object({ requestsPerHour })

/** Absent keys stay as they are. */
export interface UpdateApiKeyInput {
  /** Of APIs that limit keys by the hour. Null: the server's own limit; 0: none. */
  requestsPerHour?: number | null
}

/**
 * Changes an unrevoked key; requests feel it from the next one on. Throws INSUFFICIENT_SCOPE (`tokens:write`),
 * VALIDATION_FAILED, NOT_FOUND.
 */
export async function updateApiKey(world: World, viewer: Viewer, id: string, input: UpdateApiKeyInput): Promise<void> {
  requireScope(viewer, 'tokens:write')
  if (!isUuid(id)) throw new NotFoundError('API key', ['id'])
  const changes = parse(schema, input)
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    const change = await changeKeyLimit(tx, viewer.workspaceId, id, changes.requestsPerHour)
    if (change === 'missing') throw new NotFoundError('API key', ['id'])
    if (change === 'changed') emit('apiKey.updated', { apiKeyId: id })
  })
}
