import { z } from 'zod'
import { NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { line, parse } from '../../platform/validation.ts'
import type { World } from '../world.ts'
import { readPublicKey } from './public-key.ts'
import { insertSigningKey, lockKey, type SigningKeyView, selectSigningKeys } from './signing-key-store.ts'
import { requireScope, type Viewer } from './viewer.ts'

/** Each is tried when a client proves who it is. */
const MOST_PER_KEY = 10

const schema = z.object({ apiKeyId: z.string(), publicKey: z.string(), name: line(200).nullish() })

export interface AddSigningKeyInput {
  /** For which API key of the workspace tokens may be signed with it. */
  apiKeyId: string
  /** A public RSA key of 2048 to 8192 bits in PEM, as SPKI or PKCS #1. */
  publicKey: string
  /** 1 to 200 characters, for people. */
  name?: string | null
}

/**
 * Adds a public key to an API key. Whoever has the private key to it and the API key can exchange what it signs for an
 * access token (`exchangeSignedToken`). One API key may have up to ten, so that a new one works before an old one is
 * revoked. Throws INSUFFICIENT_SCOPE (`tokens:write`), NOT_FOUND, VALIDATION_FAILED.
 */
export async function addSigningKey(world: World, viewer: Viewer, input: AddSigningKeyInput): Promise<SigningKeyView> {
  requireScope(viewer, 'tokens:write')
  const { apiKeyId, publicKey, name = null } = parse(schema, input)
  const read = readPublicKey(publicKey, ['publicKey'])
  if (!isUuid(apiKeyId)) throw new NotFoundError('API key', ['apiKeyId'])
  const { workspaceId } = viewer
  const key = { id: world.newId(), apiKeyId, name, createdAt: world.clock.now() }
  await world.events.write(workspaceId, async (tx, emit) => {
    if (!(await lockKey(tx, workspaceId, apiKeyId))) throw new NotFoundError('API key', ['apiKeyId'])
    const present = await selectSigningKeys(tx, workspaceId, { apiKeyId })
    if (present.some(({ fingerprint }) => fingerprint === read.fingerprint)) {
      const message = 'is a key that this API key has already'
      throw new ValidationError([{ path: ['publicKey'], rule: 'duplicate', message }])
    }
    if (present.length >= MOST_PER_KEY) {
      const message = `an API key has at most ${MOST_PER_KEY} signing keys; revoke one that is not used any more`
      throw new ValidationError([{ path: ['apiKeyId'], rule: 'too_many', message }])
    }
    await insertSigningKey(tx, { ...key, ...read, workspaceId })
    emit('signingKey.added', { apiKeyId, signingKeyId: key.id })
  })
  return { ...key, fingerprint: read.fingerprint }
}
