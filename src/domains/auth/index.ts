export { type AuthenticateDeps, authenticate } from './authenticate.ts'
export { type BrowserTokens, browserTokens, type ExchangeInput } from './browser-token.ts'
export { type CreateApiKeyInput, createApiKey } from './create-api-key.ts'
export { getApiKey, listApiKeys } from './list-api-keys.ts'
export { revokeApiKey } from './revoke-api-key.ts'
export { isScope, READ_SCOPES, SCOPES, type Scope } from './scopes.ts'
export type { ApiKeyView } from './store.ts'
export { requireScope, type Viewer } from './viewer.ts'
export {
  createWorkspace,
  ensureFirstWorkspace,
  firstWorkspace,
  type NewWorkspace,
  workspaceBySlug,
} from './workspaces.ts'
