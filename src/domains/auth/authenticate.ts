import { createHash } from 'node:crypto'
import { ExpectedError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import type { World } from '../world.ts'
import { type AccessTokens, claimsToBeAccessToken } from './access-token.ts'
import { KEY_PREFIX } from './api-key-secret.ts'
import type { BrowserTokens, Claims } from './browser-token.ts'
import { LEGACY_TOKEN_PREFIX, legacyTokenHash } from './legacy-token.ts'
import { isScope } from './scopes.ts'
import { isSigningKeyOf } from './signing-key-store.ts'
import { findKeyByHash, findKeyById, type KeyRow, touchKey } from './store.ts'
import { scopesOf } from './user-input.ts'
import { type EntryRow, findEntryById, findEntryByToken } from './user-store.ts'
import type { CredentialKind, Viewer } from './viewer.ts'

/** `lastUsedAt` is exact to this; it keeps a busy key from being written at every request. */
const LAST_USE_RESOLUTION_MS = 60_000

export interface AuthenticateDeps {
  world: World
  tokens: BrowserTokens
  /** Absent: none is accepted. */
  accessTokens?: AccessTokens
  logger: Logger
}

/** What is accepted where nothing else is said: not the tokens of the legacy APIs. */
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
  if (credential.startsWith(LEGACY_TOKEN_PREFIX)) return 'legacyToken'
  return claimsToBeAccessToken(credential) ? 'accessToken' : 'browserToken'
}

type Find = (deps: AuthenticateDeps, credential: string) => Promise<Viewer | undefined>

const FIND: Record<CredentialKind, Find> = {
  async apiKey(deps, credential) {
    const key = await findOpenKey(deps.world, credential)
    if (key) noteUse(deps, key)
    return key && viewerOf(key, 'apiKey')
  },
  async browserToken(deps, credential) {
    const claims = await deps.tokens.verify(credential)
    if (!claims || !isUuid(claims.subject)) return undefined
    const holder = await (claims.generation === undefined
      ? ofKey(deps, claims.subject, 'browserToken')
      : ofUser(deps, claims))
    if (!holder) return undefined
    const scopes = new Set([...claims.scopes].filter((scope) => holder.scopes.has(scope)))
    return { ...holder, scopes, expiresAt: claims.expiresAt }
  },
  async legacyToken({ world }, credential) {
    const user = await findEntryByToken(world.db, legacyTokenHash(world.sealer, credential))
    return user && viewerOfUser(user, 'legacyToken')
  },
  async accessToken(deps, credential) {
    const { db } = deps.world
    const claims = await deps.accessTokens?.verify(credential)
    if (!claims || !(await isSigningKeyOf(db, claims.signingKeyId, claims.apiKeyId))) return undefined
    const viewer = await ofKey(deps, claims.apiKeyId, 'accessToken')
    return viewer && { ...viewer, expiresAt: claims.expiresAt }
  },
}

/** The key that this is the secret of, if it still opens anything. */
export async function findOpenKey({ db, clock }: World, secret: string): Promise<KeyRow | undefined> {
  const key = await findKeyByHash(db, createHash('sha256').update(secret).digest('hex'))
  return key && isOpen(key, clock.now()) ? key : undefined
}

async function ofKey(deps: AuthenticateDeps, id: string, credential: CredentialKind): Promise<Viewer | undefined> {
  const key = await findKeyById(deps.world.db, id)
  if (!key || !isOpen(key, deps.world.clock.now())) return undefined
  noteUse(deps, key)
  return viewerOf(key, credential)
}

async function ofUser({ world }: AuthenticateDeps, { subject, generation }: Claims): Promise<Viewer | undefined> {
  const user = await findEntryById(world.db, subject)
  return user && user.generation === generation ? viewerOfUser(user, 'browserToken') : undefined
}

function isOpen(key: KeyRow, now: Date): boolean {
  return !key.revoked_at && !(key.expires_at && key.expires_at <= now)
}

/** That the key was used is noted; nobody waits for it. */
export function noteUse({ world, logger }: Pick<AuthenticateDeps, 'world' | 'logger'>, key: KeyRow): void {
  const now = world.clock.now()
  if (!key.last_used_at || key.last_used_at.getTime() < now.getTime() - LAST_USE_RESOLUTION_MS) {
    touchKey(world.db, key.id, now, LAST_USE_RESOLUTION_MS).catch((error) =>
      logger.warn({ err: error }, 'cannot note the last use of a key'),
    )
  }
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
    ...(key.requests_per_hour === null ? {} : { requestsPerHour: key.requests_per_hour }),
    expiresAt: key.expires_at,
  }
}
