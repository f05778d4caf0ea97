import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { ExpectedError } from '../../platform/errors.ts'
import { line, parse } from '../../platform/validation.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { storedProfile } from './create-user.ts'
import { newLegacyToken } from './legacy-token.ts'
import { hashPassword } from './password-hash.ts'
import { password, refuseOwnName } from './password-rules.ts'
import { insertWorkspace } from './store.ts'
import { insertSubuser, isChild } from './subuser-store.ts'
import { email, grantOf, type ProfileInput, profile, requireLasting } from './user-input.ts'
import { insertUser, withFreeEmail } from './user-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

const schema = z.object({ email, password: password.nullish(), ...profile, username: line(200) })
const RANDOM_BYTES = 32

export interface CreateSubuserInput extends ProfileInput {
  username: string
  /** Unique on the server, whatever the case of its letters; kept as given. */
  email: string
  /** As for `createUser`. Absent: one that nobody knows, so that only the token enters until another is set. */
  password?: string | null
  idempotencyKey?: string | null
}

/**
 * Adds a subuser: a child workspace with data of its own, and its user, who may do there what the viewer may. It has a
 * number and a token for the legacy APIs at once. Children have no children. Throws INSUFFICIENT_SCOPE
 * (`subusers:write`), VALIDATION_FAILED, EMAIL_TAKEN, SUBUSER_DEPTH_REACHED, IDEMPOTENCY_CONFLICT.
 */
export async function createSubuser(
  world: World,
  viewer: Viewer,
  input: CreateSubuserInput,
): Promise<{ id: string; legacyId: number }> {
  requireScope(viewer, 'subusers:write')
  const { idempotencyKey, ...asked } = input
  const fields = parse(schema, asked)
  if (fields.password) refuseOwnName(fields.password, [fields.email, fields.username])
  requireLasting(viewer)
  const parentId = viewer.workspaceId
  // A workspace is a child from the beginning or never, so nothing can change this meanwhile.
  if (await isChild(world.db, parentId)) {
    throw new ExpectedError('SUBUSER_DEPTH_REACHED', 'A subuser cannot have subusers of its own.')
  }
  const grant = grantOf(viewer, undefined)
  const now = world.clock.now()
  const passwordHash = await hashPassword(fields.password ?? randomBytes(RANDOM_BYTES).toString('base64url'))
  const remembered = { ...asked, password: fields.password ? 'given' : null }
  const repeatable = { workspaceId: parentId, key: idempotencyKey, operation: 'createSubuser', input: remembered, now }
  return withFreeEmail(() =>
    world.events.write(parentId, (tx, emit) =>
      once(tx, repeatable, async () => {
        const [id, childId, userId] = [world.newId(), world.newId(), world.newId()]
        const legacyId = await takeLegacyIds(tx, parentId, 'subuser')
        await insertWorkspace(tx, { id: childId, slug: `sub-${childId}`, name: fields.username, parentId }, now)
        const token = newLegacyToken(world.sealer, userId)
        const user = { ...storedProfile(fields), ...grant, id: userId, workspaceId: childId, passwordHash, token, now }
        await insertUser(tx, user)
        await insertSubuser(tx, { id, parentId, legacyId, childId, userId, now })
        emit('user.created', { userId }, childId)
        emit('subuser.created', { subuserId: id })
        return { id, legacyId }
      }),
    ),
  )
}
