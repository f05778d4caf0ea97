import type { RateLimiter } from '../../platform/rate-limiter.ts'
import { isStorable } from '../../platform/validation.ts'
import type { World } from '../world.ts'
import { judgeAttempt, wrongPassword } from './login-limits.ts'
import { hashPassword, isOutdated } from './password-hash.ts'
import { normalPassword } from './password-rules.ts'
import { type EntryRow, findEntryByEmail, replaceHash } from './user-store.ts'

export interface LoginDeps {
  world: World
  limiter: RateLimiter
}

export interface LoginInput {
  email: string
  password: string
  /** The client's IP address, for throttling; undefined where it is not known. */
  address: string | undefined
}

export interface LoggedIn {
  /** The user's token for the legacy APIs (contract/multisender.md 2): the same at every login, until it is replaced. */
  authToken: string
  userId: string
  workspaceId: string
}

/**
 * What a legacy API's login answers. Throws WRONG_PASSWORD, in the same words and after the same time for an unknown
 * e-mail address, and RATE_LIMITED after too many failures from the address or for the account.
 */
export async function login(deps: LoginDeps, input: LoginInput): Promise<LoggedIn> {
  const entry = await enter(deps, input)
  // As it was when the password was judged: should the password be changed meanwhile, this token has ended with it.
  const authToken = deps.world.sealer.open(entry.token_sealed, entry.user_id)
  return { authToken, userId: entry.user_id, workspaceId: entry.workspace_id }
}

/** The user behind an e-mail address and a password. Throws as `login` does. */
export async function enter({ world, limiter }: LoginDeps, { password, ...input }: LoginInput): Promise<EntryRow> {
  const email = input.email.trim()
  // What no user can have is not asked for: among such texts are some that the database refuses to look at.
  const known = email.length <= 320 && isStorable(email) ? await findEntryByEmail(world.db, email) : undefined
  const { address } = input
  const hash = known?.password_hash
  if (!(await judgeAttempt(limiter, { account: email.toLowerCase(), address, password, hash })) || !known) {
    throw wrongPassword('The e-mail address is unknown or the password is wrong.')
  }
  if (isOutdated(known.password_hash)) {
    const renewed = await hashPassword(normalPassword(password))
    await replaceHash(world.db, known.user_id, known.password_hash, renewed)
  }
  return known
}
