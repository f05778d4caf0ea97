export { type AuthenticateDeps, authenticate } from './authenticate.ts'
export { type BrowserTokens, browserTokens, type ExchangeInput, type IssuedToken } from './browser-token.ts'
export { type ChangePasswordInput, changePassword } from './change-password.ts'
export { type CreateApiKeyInput, createApiKey } from './create-api-key.ts'
export { type CreateSubuserInput, createSubuser } from './create-subuser.ts'
export { createSubuserApiKey } from './create-subuser-api-key.ts'
export { type CreateUserInput, createUser } from './create-user.ts'
export { deactivateSubuser } from './deactivate-subuser.ts'
export { deactivateUser } from './deactivate-user.ts'
export { getApiKey, listApiKeys } from './list-api-keys.ts'
export { getSubuser, getSubusers, listSubusers, type SubuserView } from './list-subusers.ts'
export { type LoggedIn, type LoginDeps, type LoginInput, login } from './login.ts'
export { revokeApiKey } from './revoke-api-key.ts'
export { rotateSubuserToken } from './rotate-subuser-token.ts'
export { rotateUserToken } from './rotate-user-token.ts'
export { isScope, READ_SCOPES, SCOPES, type Scope } from './scopes.ts'
export { signIn } from './sign-in.ts'
export type { ApiKeyView } from './store.ts'
export { type UpdateSubuserInput, updateSubuser } from './update-subuser.ts'
export { type UpdateUserInput, updateUser } from './update-user.ts'
export { scopesOf } from './user-input.ts'
export { type CredentialKind, requireScope, type Viewer } from './viewer.ts'
export {
  createWorkspace,
  ensureFirstWorkspace,
  firstWorkspace,
  type NewWorkspace,
  workspaceBySlug,
} from './workspaces.ts'
