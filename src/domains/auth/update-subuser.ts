import { z } from 'zod'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { line, parse } from '../../platform/validation.ts'
import type { World } from '../world.ts'
import { newLegacyToken } from './legacy-token.ts'
import { hashPassword } from './password-hash.ts'
import { password, refuseOwnName } from './password-rules.ts'
import { lockSubuser } from './subuser-store.ts'
import { applyChanges } from './update-user.ts'
import { email, type ProfileInput, profile, requireLasting } from './user-input.ts'
import { lockUser, replaceSecret, withFreeEmail } from './user-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

const schema = z.object({
  ...profile,
  username: line(200).optional(),
  email: email.optional(),
  password: password.optional(),
})

/** What is absent stays; null takes a value away. */
export interface UpdateSubuserInput extends ProfileInput {
  username?: string
  email?: string
  /** Another password ends what was entered with the old one, the token of the legacy APIs included. */
  password?: string
}

/**
 * Changes a subuser. Throws INSUFFICIENT_SCOPE (`subusers:write`), VALIDATION_FAILED, NOT_FOUND, EMAIL_TAKEN.
 */
export async function updateSubuser(
  world: World,
  viewer: Viewer,
  id: string,
  input: UpdateSubuserInput,
): Promise<void> {
  requireScope(viewer, 'subusers:write')
  if (!isUuid(id)) throw new NotFoundError('subuser', ['id'])
  const { password: given, ...changes } = parse(schema, input)
  if (given !== undefined) requireLasting(viewer)
  const passwordHash = given === undefined ? undefined : await hashPassword(given)
  await withFreeEmail(() =>
    world.events.write(viewer.workspaceId, async (tx, emit) => {
      const subuser = await lockSubuser(tx, viewer.workspaceId, id)
      if (!subuser) throw new NotFoundError('subuser', ['id'])
      const { childId, userId } = subuser
      const changed = await applyChanges(tx, childId, userId, changes, world.clock.now())
      if (changed) emit('user.updated', { userId }, childId)
      if (given !== undefined) {
        const user = await lockUser(tx, childId, userId)
        refuseOwnName(given, [user?.email, user?.username])
        await replaceSecret(tx, childId, userId, { passwordHash, token: newLegacyToken(world.sealer, userId) })
        emit('user.passwordChanged', { userId }, childId)
      }
      if (changed || given !== undefined) emit('subuser.updated', { subuserId: id })
    }),
  )
}
