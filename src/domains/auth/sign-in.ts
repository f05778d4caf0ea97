import type { BrowserTokens, IssuedToken } from './browser-token.ts'
import { enter, type LoginDeps, type LoginInput } from './login.ts'
import { scopesOf } from './user-input.ts'

/**
 * A browser token for a person: it may do what the user may, apart from what no browser token may, and ends after
 * `expiresIn` seconds (60 to 3600, by default 900), or when the user is deactivated or gets another password or token.
 * Throws VALIDATION_FAILED, WRONG_PASSWORD, RATE_LIMITED.
 */
export async function signIn(
  deps: LoginDeps & { tokens: BrowserTokens },
  input: LoginInput & { expiresIn?: number },
): Promise<IssuedToken> {
  const { user_id: id, generation, all_scopes: allScopes, scopes } = await enter(deps, input)
  return deps.tokens.issueToUser({ id, generation, scopes: scopesOf({ allScopes, scopes }) }, input.expiresIn)
}
