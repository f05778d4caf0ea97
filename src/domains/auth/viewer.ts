import { ExpectedError } from '../../platform/errors.ts'
import type { Scope } from './scopes.ts'

/**
 * `legacyToken`: a user's token for the legacy APIs; `accessToken`: of five minutes, for what a key of a client's own
 * signed. Both are valid at entrances of legacy APIs only.
 */
export type CredentialKind = 'apiKey' | 'browserToken' | 'legacyToken' | 'accessToken'

/** Who asks, on whose behalf: everything a request does is bound to this workspace and these scopes. */
export interface Viewer {
  workspaceId: string
  workspaceSlug: string
  /**
   * The key presented, or the key that the browser or access token presented was exchanged for. Of what a user presents the user's
   * id, which limits and ends together in the same way.
   */
  apiKeyId: string
  /** The user, when a legacy token or a browser token of a user was presented. */
  userId?: string
  credential: CredentialKind
  scopes: ReadonlySet<Scope>
  /** Of a key that has a limit of its own, for APIs that limit keys by the hour. Absent: the server's; 0: none. */
  requestsPerHour?: number
  /** When the credential ends by itself; null for a key without expiry. */
  expiresAt: Date | null
}

/** Throws INSUFFICIENT_SCOPE unless the viewer may do this. Domain functions call it first. */
export function requireScope(viewer: Viewer, scope: Scope): void {
  if (viewer.scopes.has(scope)) return
  throw new ExpectedError('INSUFFICIENT_SCOPE', `API key missing scope: ${scope}.`, { details: { scope } })
}
