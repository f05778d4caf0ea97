import { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import { ValidationError } from '../../platform/errors.ts'
import { line, parse } from '../../platform/validation.ts'
import type { World } from '../world.ts'
import { describeKey, generateKey } from './api-key-secret.ts'
import { SCOPES, type Scope } from './scopes.ts'
import { insertKey } from './store.ts'
import { requestsPerHour } from './update-api-key.ts'
import { requireScope, type Viewer } from './viewer.ts'

const schema = z.object({
  name: line(200),
  scopes: z.array(z.enum(SCOPES)).min(1, 'must name at least one scope').optional(),
  expiresAt: z.date().nullish(),
  requestsPerHour,
})

export interface CreateApiKeyInput {
  /** 1 to 200 characters. */
  name: string
  /** Absent: all that the creating key has. A key cannot give what it does not have. */
  scopes?: Scope[]
  /** Absent: when the creating key ends, or never. Not later than that. */
  expiresAt?: Date | null
  /** Of APIs that limit keys by the hour, 0 to 1,000,000. Absent: the server's own limit; 0: none. */
  requestsPerHour?: number | null
}

/** Makes a key of the viewer's workspace. The key itself is in the result and nowhere else; it cannot be read again. */
export async function createApiKey(
  world: World,
  viewer: Viewer,
  input: CreateApiKeyInput,
): Promise<{ id: string; key: string }> {
  requireScope(viewer, 'tokens:write')
  const key = prepareKey(world, viewer, input)
  await world.events.write(viewer.workspaceId, (tx, emit) => storeKey(tx, emit, viewer.workspaceId, key))
  return { id: key.id, key: key.secret }
}

/** Judges what was asked for by what the viewer itself has. Throws VALIDATION_FAILED. */
export function prepareKey(world: World, viewer: Viewer, input: CreateApiKeyInput) {
  const { name, scopes = [...viewer.scopes], expiresAt = viewer.expiresAt, ...rest } = parse(schema, input)
  for (const [index, scope] of scopes.entries()) {
    if (!viewer.scopes.has(scope)) {
      const message = `your own key lacks ${scope}, so it cannot be given`
      throw new ValidationError([{ path: ['scopes', index], rule: 'not_yours', message }])
    }
  }
  const now = world.clock.now()
  if (expiresAt && expiresAt <= now) {
    throw new ValidationError([{ path: ['expiresAt'], rule: 'in_the_past', message: 'must be in the future' }])
  }
  if (viewer.expiresAt && (!expiresAt || expiresAt > viewer.expiresAt)) {
    const message = `your own key ends at ${viewer.expiresAt.toISOString()}, and no key can outlive the one that made it`
    throw new ValidationError([{ path: ['expiresAt'], rule: 'too_large', message }])
  }
  return {
    ...{ id: world.newId(), secret: generateKey(), name, scopes: [...new Set(scopes)], createdAt: now, expiresAt },
    requestsPerHour: rest.requestsPerHour ?? null,
  }
}

/** Stores a prepared key of a workspace within a transaction of the caller's. */
export async function storeKey(
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  { secret, ...key }: ReturnType<typeof prepareKey>,
): Promise<void> {
  await insertKey(tx, { ...key, ...describeKey(secret), workspaceId })
  emit('apiKey.created', { apiKeyId: key.id }, workspaceId)
}
