import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { World } from '../world.ts'
import { type CreateApiKeyInput, prepareKey, storeKey } from './create-api-key.ts'
import type { Scope } from './scopes.ts'
import { lockSubuser } from './subuser-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/** What a parent hears of a key that it has made. */
export interface SubuserKey {
  id: string
  /** The key itself. */
  key: string
  name: string
  scopes: Scope[]
  expiresAt: Date | null
  subuserId: string
}

/**
 * Makes a key of a subuser's workspace, with at most what the viewer itself may do and for as long. The key is in the
 * result and nowhere else. Throws INSUFFICIENT_SCOPE (`subusers:write`), VALIDATION_FAILED, NOT_FOUND.
 */
export async function createSubuserApiKey(
  world: World,
  viewer: Viewer,
  { subuserId, ...input }: CreateApiKeyInput & { subuserId: string },
): Promise<SubuserKey> {
  requireScope(viewer, 'subusers:write')
  const key = prepareKey(world, viewer, input)
  if (!isUuid(subuserId)) throw new NotFoundError('subuser', ['subuserId'])
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    const subuser = await lockSubuser(tx, viewer.workspaceId, subuserId)
    if (!subuser) throw new NotFoundError('subuser', ['subuserId'])
    await storeKey(tx, emit, subuser.childId, key)
    emit('subuser.keyCreated', { subuserId, apiKeyId: key.id })
  })
  const { id, secret, name, scopes, expiresAt } = key
  return { id, key: secret, name, scopes, expiresAt: expiresAt ?? null, subuserId }
}
