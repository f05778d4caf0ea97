import { createHash } from 'node:crypto'
import { ExpectedError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import type { World } from '../world.ts'
import { KEY_PREFIX } from './api-key-secret.ts'
import type { BrowserTokens, Claims } from './browser-token.ts'
import { LEGACY_TOKEN_PREFIX, legacyTokenHash } from './legacy-token.ts'
import { isScope } from './scopes.ts'
import { findKeyByHash, findKeyById, type KeyRow, touchKey } from './store.ts'
import { scopesOf } from './user-input.ts'
import { type EntryRow, findEntryById, findEntryByToken } from './user-store.ts'
import type { CredentialKind, Viewer } from './viewer.ts'

/** `lastUsedAt` is exact to this; it keeps a busy key from being written at every request. */
const LAST_USE_RESOLUTION_MS = 60_000

export interface AuthenticateDeps {
  world: World
  tokens: BrowserTokens
  logger: Logger
}

/** What is accepted where nothing else is said: not the tokens of the legacy APIs, which never end. */
const USUAL: readonly CredentialKind[] = ['apiKey', 'browserToken']

/**
 * The viewer that a presented credential of an accepted kind stands for. The key or the user is looked up at every call,
 * so a revoked key ends at the moment its revocation commits. Throws UNAUTHENTICATED, with the same words for every
 * reason.
 */
export async function authenticate(
  deps: AuthenticateDeps,
  credential: string,
  accepts: readonly CredentialKind[] = USUAL,
): Promise<Viewer> {
  const kind = kindOf(credential)
  const viewer = accepts.includes(kind) ? await FIND[kind](deps, credential) : undefined
  if (!viewer) throw new ExpectedError('UNAUTHENTICATED', 'Invalid API key.')
  return viewer
}

function kindOf(credential: string): CredentialKind {
  if (credential.startsWith(KEY_PREFIX)) return 'apiKey'
  return credential.startsWith(LEGACY_TOKEN_PREFIX) ? 'legacyToken' : 'browserToken'
}

type Find = (deps: AuthenticateDeps, credential: string) => Promise<Viewer | undefined>

const FIND: Record<CredentialKind, Find> = {
  async apiKey(deps, credential) {
    const key = await findKeyByHash(deps.world.db, createHash('sha256').update(credential).digest('hex'))
    return key && use(deps, key) ? viewerOf(key, 'apiKey') : undefined
  },
  async browserToken(deps, credential) {
    const claims = await deps.tokens.verify(credential)
    if (!claims || !isUuid(claims.subject)) return undefined
    const holder = await (claims.generation === undefined ? ofKey(deps, claims.subject) : ofUser(deps, claims))
    if (!holder) return undefined
    const scopes = new Set([...claims.scopes].filter((scope) => holder.scopes.has(scope)))
    return { ...holder, scopes, expiresAt: claims.expiresAt }
  },
  async legacyToken({ world }, credential) {
    const user = await findEntryByToken(world.db, legacyTokenHash(world.sealer, credential))
    return user && viewerOfUser(user, 'legacyToken')
  },
}

async function ofKey(deps: AuthenticateDeps, id: string): Promise<Viewer | undefined> {
  const key = await findKeyById(deps.world.db, id)
  return key && use(deps, key) ? viewerOf(key, 'browserToken') : undefined
}

async function ofUser({ world }: AuthenticateDeps, { subject, generation }: Claims): Promise<Viewer | undefined> {
  const user = await findEntryById(world.db, subject)
  return user && user.generation === generation ? viewerOfUser(user, 'browserToken') : undefined
}

/** Whether the key still opens anything; that it was used is noted. */
function use({ world, logger }: AuthenticateDeps, key: KeyRow): boolean {
  const now = world.clock.now()
  if (key.revoked_at || (key.expires_at && key.expires_at <= now)) return false
  if (!key.last_used_at || key.last_used_at.getTime() < now.getTime() - LAST_USE_RESOLUTION_MS) {
    touchKey(world.db, key.id, now, LAST_USE_RESOLUTION_MS).catch((error) =>
      logger.warn({ err: error }, 'cannot note the last use of a key'),
    )
  }
  return true
}

function viewerOfUser(user: EntryRow, credential: CredentialKind): Viewer {
  return {
    workspaceId: user.workspace_id,
    workspaceSlug: user.workspace_slug,
    apiKeyId: user.user_id,
    userId: user.user_id,
    credential,
    scopes: scopesOf({ allScopes: user.all_scopes, scopes: user.scopes }),
    expiresAt: null,
  }
}

function viewerOf(key: KeyRow, credential: CredentialKind): Viewer {
  return {
    workspaceId: key.workspace_id,
    workspaceSlug: key.workspace_slug,
    apiKeyId: key.id,
    credential,
    scopes: new Set(key.scopes.filter(isScope)),
    expiresAt: key.expires_at,
  }
}
