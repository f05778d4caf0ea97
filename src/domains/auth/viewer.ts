import { ExpectedError } from '../../platform/errors.ts'
import type { Scope } from './scopes.ts'

/** `legacyToken`: a user's token for the legacy APIs, valid at their entrances only. */
export type CredentialKind = 'apiKey' | 'browserToken' | 'legacyToken'

/** Who asks, on whose behalf: everything a request does is bound to this workspace and these scopes. */
export interface Viewer {
  workspaceId: string
  workspaceSlug: string
  /**
   * The key presented, or the key that the browser token presented was exchanged for. Of what a user presents the user's
   * id, which limits and ends together in the same way.
   */
  apiKeyId: string
  /** The user, when a legacy token or a browser token of a user was presented. */
  userId?: string
  credential: CredentialKind
  scopes: ReadonlySet<Scope>
  /** When the credential ends by itself; null for a key without expiry. */
  expiresAt: Date | null
}

/** Throws INSUFFICIENT_SCOPE unless the viewer may do this. Domain functions call it first. */
export function requireScope(viewer: Viewer, scope: Scope): void {
  if (viewer.scopes.has(scope)) return
  throw new ExpectedError('INSUFFICIENT_SCOPE', `API key missing scope: ${scope}.`, { details: { scope } })
}
