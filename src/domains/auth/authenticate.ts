import { createHash } from 'node:crypto'
import { ExpectedError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import type { World } from '../world.ts'
import { KEY_PREFIX } from './api-key-secret.ts'
import type { BrowserTokens } from './browser-token.ts'
import { isScope } from './scopes.ts'
import { findKeyByHash, findKeyById, type KeyRow, touchKey } from './store.ts'
import type { Viewer } from './viewer.ts'

/** `lastUsedAt` is exact to this; it keeps a busy key from being written at every request. */
const LAST_USE_RESOLUTION_MS = 60_000

export interface AuthenticateDeps {
  world: World
  tokens: BrowserTokens
  logger: Logger
}

/**
 * The viewer that a presented credential stands for. The key is looked up at every call, so a revoked key ends at the
 * moment its revocation commits. Throws UNAUTHENTICATED, with the same words for every reason.
 */
export async function authenticate({ world, tokens, logger }: AuthenticateDeps, credential: string): Promise<Viewer> {
  const now = world.clock.now()
  let key: KeyRow | undefined
  let viewer: Viewer | undefined
  if (credential.startsWith(KEY_PREFIX)) {
    key = await findKeyByHash(world.db, createHash('sha256').update(credential).digest('hex'))
    if (key) viewer = viewerOf(key, 'apiKey')
  } else {
    const claims = await tokens.verify(credential)
    if (claims && isUuid(claims.apiKeyId)) key = await findKeyById(world.db, claims.apiKeyId)
    if (key && claims) {
      const ofKey = viewerOf(key, 'browserToken')
      const scopes = new Set([...claims.scopes].filter((scope) => ofKey.scopes.has(scope)))
      viewer = { ...ofKey, scopes, expiresAt: claims.expiresAt }
    }
  }
  if (!key || !viewer || key.revoked_at || (key.expires_at && key.expires_at <= now)) {
    throw new ExpectedError('UNAUTHENTICATED', 'Invalid API key.')
  }
  if (!key.last_used_at || key.last_used_at.getTime() < now.getTime() - LAST_USE_RESOLUTION_MS) {
    touchKey(world.db, key.id, now, LAST_USE_RESOLUTION_MS).catch((error) =>
      logger.warn({ err: error }, 'cannot note the last use of a key'),
    )
  }
  return viewer
}

function viewerOf(key: KeyRow, credential: Viewer['credential']): Viewer {
  return {
    workspaceId: key.workspace_id,
    workspaceSlug: key.workspace_slug,
    apiKeyId: key.id,
    credential,
    scopes: new Set(key.scopes.filter(isScope)),
    expiresAt: key.expires_at,
  }
}
