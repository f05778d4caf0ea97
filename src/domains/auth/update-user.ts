import { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import type { World } from '../world.ts'
import type { Scope } from './scopes.ts'
import { email, grantOf, type ProfileInput, profile, scopesField } from './user-input.ts'
import { lockUser, updateUserRow, withFreeEmail } from './user-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

const schema = z.object({ email: email.optional(), ...profile, scopes: scopesField })

/** What is absent stays; null takes a value away. */
export interface UpdateUserInput extends ProfileInput {
  email?: string
  scopes?: Scope[]
}

/**
 * Changes a user of the viewer's workspace. Open sockets of the user keep the scopes they were opened with until they
 * are opened again. Throws INSUFFICIENT_SCOPE (`users:write`), VALIDATION_FAILED, NOT_FOUND, EMAIL_TAKEN.
 */
export async function updateUser(world: World, viewer: Viewer, id: string, input: UpdateUserInput): Promise<void> {
  requireScope(viewer, 'users:write')
  if (!isUuid(id)) throw new NotFoundError('user', ['id'])
  const { scopes, ...fields } = parse(schema, input)
  const changes = { ...fields, ...(scopes === undefined ? {} : grantOf(viewer, scopes)) }
  const { workspaceId } = viewer
  await withFreeEmail(() =>
    world.events.write(workspaceId, async (tx, emit) => {
      if (await applyChanges(tx, workspaceId, id, changes, world.clock.now())) emit('user.updated', { userId: id })
    }),
  )
}

/** Whether anything became different. Throws NOT_FOUND. */
export async function applyChanges(
  tx: Tx,
  workspaceId: string,
  id: string,
  changes: { email?: string; allScopes?: boolean; scopes?: Scope[] } & ProfileInput,
  now: Date,
): Promise<boolean> {
  const before = await lockUser(tx, workspaceId, id)
  if (!before) throw new NotFoundError('user', ['id'])
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
  const after = { ...before, ...given }
  if (JSON.stringify(after) === JSON.stringify(before)) return false
  await updateUserRow(tx, workspaceId, id, after, now)
  return true
}
