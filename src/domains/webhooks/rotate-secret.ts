import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { generateSecret, secretSchema } from './secret.ts'
import { lockWebhook, replaceSecret } from './store.ts'

/** For how long after a rotation requests are signed with the secret before as well. */
export const PREVIOUS_SECRET_MS = 24 * 3_600_000

/**
 * Gives a webhook another secret: `secret` or, without it, a random one. Requests are signed with both for a day, if
 * there was one before (`previousValidUntil`; otherwise null). The new one is in the result and cannot be read again. Throws INSUFFICIENT_SCOPE (`webhooks:write`), NOT_FOUND,
 * VALIDATION_FAILED.
 */
export async function rotateWebhookSecret(
  world: World,
  viewer: Viewer,
  id: string,
  { secret: given }: { secret?: string | null } = {},
): Promise<{ secret: string; previousValidUntil: Date | null }> {
  requireScope(viewer, 'webhooks:write')
  if (!isUuid(id)) throw new NotFoundError('webhook', ['id'])
  const until = new Date(world.clock.now().getTime() + PREVIOUS_SECRET_MS)
  return world.events.write(viewer.workspaceId, async (tx, emit) => {
    const webhook = await lockWebhook(tx, viewer.workspaceId, id)
    if (!webhook) throw new NotFoundError('webhook', ['id'])
    const secret = given == null ? generateSecret() : parse(secretSchema(webhook.format), given, ['secret'])
    const had = await replaceSecret(tx, viewer.workspaceId, id, world.sealer.seal(secret, id), until)
    emit('webhook.updated', { webhookId: id })
    return { secret, previousValidUntil: had ? until : null }
  })
}
