import { z } from 'zod'
import { parse } from '../../platform/validation.ts'
import { once } from '../idempotency.ts'
import type { World } from '../world.ts'
import { newLegacyToken } from './legacy-token.ts'
import { hashPassword } from './password-hash.ts'
import { password, refuseOwnName } from './password-rules.ts'
import type { Scope } from './scopes.ts'
import { email, grantOf, type ProfileInput, profile, requireLasting, scopesField } from './user-input.ts'
import { insertUser, withFreeEmail } from './user-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

const schema = z.object({ email, password, ...profile, scopes: scopesField })

export interface CreateUserInput extends ProfileInput {
  /** Unique on the server, whatever the case of its letters; kept as given. */
  email: string
  /** 8 to 200 characters, compared in the form NFKC; not one of those that are guessed first. */
  password: string
  /** Absent: all that the creating credential has; when that is everything, also what later releases add. */
  scopes?: Scope[]
  idempotencyKey?: string | null
}

/**
 * Adds a user to the viewer's workspace, who can log in at once. Throws INSUFFICIENT_SCOPE (`users:write`),
 * VALIDATION_FAILED, EMAIL_TAKEN, IDEMPOTENCY_CONFLICT.
 */
export async function createUser(world: World, viewer: Viewer, input: CreateUserInput): Promise<{ id: string }> {
  requireScope(viewer, 'users:write')
  const { idempotencyKey, ...asked } = input
  const { scopes, ...fields } = parse(schema, asked)
  refuseOwnName(fields.password, [fields.email, fields.username])
  requireLasting(viewer)
  const grant = grantOf(viewer, scopes)
  const { workspaceId } = viewer
  const now = world.clock.now()
  // Outside the transaction, which must not wait for a processor.
  const passwordHash = await hashPassword(fields.password)
  // No hash of a password is kept but the slow one.
  const repeatable = {
    workspaceId,
    key: idempotencyKey,
    operation: 'createUser',
    input: { ...asked, password: 'given' },
    now,
  }
  return withFreeEmail(() =>
    world.events.write(workspaceId, (tx, emit) =>
      once(tx, repeatable, async () => {
        const id = world.newId()
        const token = newLegacyToken(world.sealer, id)
        await insertUser(tx, { ...storedProfile(fields), ...grant, id, workspaceId, passwordHash, token, now })
        emit('user.created', { userId: id })
        return { id }
      }),
    ),
  )
}

/** Without what was not given. */
export function storedProfile(fields: { email: string } & ProfileInput) {
  const { email, username = null, firstName = null, lastName = null, company = null, phone = null } = fields
  return { email, username, firstName, lastName, company, phone }
}
