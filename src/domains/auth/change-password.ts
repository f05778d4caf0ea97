import { z } from 'zod'
import { NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import { newLegacyToken } from './legacy-token.ts'
import type { LoginDeps } from './login.ts'
import { judgeAttempt, wrongPassword } from './login-limits.ts'
import { hashPassword } from './password-hash.ts'
import { password, refuseOwnName } from './password-rules.ts'
import { requirePowerOver } from './user-input.ts'
import { findEntryOf, lockUser, replaceSecret } from './user-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

const schema = z.object({ newPassword: password, oldPassword: z.string().nullish() })

export interface ChangePasswordInput {
  /** Absent: the user who asks. */
  userId?: string
  newPassword: string
  /** Needed without `users:write`, which only allows to change one's own. */
  oldPassword?: string | null
  /** Where a person asks from, for throttling. */
  address?: string
}

/**
 * Sets a user's password. Whatever was entered with the old one ends: the token of the legacy APIs, which the next
 * login tells anew, browser tokens and open sockets. With `users:write` it needs no old password, but all that the user
 * may do. Throws INSUFFICIENT_SCOPE (`users:write` for another user), VALIDATION_FAILED, NOT_FOUND, WRONG_PASSWORD,
 * RATE_LIMITED after too many wrong ones.
 */
export async function changePassword(
  deps: LoginDeps,
  viewer: Viewer,
  input: ChangePasswordInput,
): Promise<{ id: string }> {
  const { world, limiter } = deps
  const { workspaceId } = viewer
  const { userId: id = viewer.userId, address, ...secrets } = input
  const administers = viewer.scopes.has('users:write')
  if (!administers && (viewer.userId === undefined || id !== viewer.userId)) requireScope(viewer, 'users:write')
  if (id === undefined) {
    throw new ValidationError([{ path: ['id'], rule: 'required', message: 'must name the user: a key is none' }])
  }
  const { newPassword, oldPassword } = parse(schema, secrets)
  const user = isUuid(id) ? await findEntryOf(world.db, workspaceId, id) : undefined
  if (!user) throw new NotFoundError('user', ['id'])
  if (
    !administers &&
    !(await judgeAttempt(limiter, { account: id, address, password: oldPassword ?? '', hash: user.password_hash }))
  )
    throw wrongPassword('The old password is wrong.', ['oldPassword'])
  const passwordHash = await hashPassword(newPassword)
  await world.events.write(workspaceId, async (tx, emit) => {
    const locked = await lockUser(tx, workspaceId, id)
    if (!locked) throw new NotFoundError('user', ['id'])
    if (administers) requirePowerOver(viewer, locked)
    refuseOwnName(newPassword, [locked.email, locked.username], ['newPassword'])
    const next = { passwordHash, token: newLegacyToken(world.sealer, id) }
    // Whoever proved the old password has proved nothing once it is another one.
    const proved = administers ? {} : { generation: user.generation }
    if (!(await replaceSecret(tx, workspaceId, id, { ...next, ...proved })))
      throw wrongPassword('The old password is wrong.', ['oldPassword'])
    emit('user.passwordChanged', { userId: id })
  })
  return { id }
}
