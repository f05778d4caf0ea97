import { randomBytes } from 'node:crypto'
import type { Sealer } from '../../platform/sealed.ts'

/** Tells a legacy token from the other credentials; the rest is 40 hexadecimal digits. */
export const LEGACY_TOKEN_PREFIX = 'lt_'
const RANDOM_BYTES = 20

/** What is stored of a user's token: a keyed hash to find it by, and itself, encrypted for this user's row. */
export interface StoredToken {
  hash: string
  sealed: string
}

export function newLegacyToken(sealer: Sealer, userId: string): StoredToken {
  const token = LEGACY_TOKEN_PREFIX + randomBytes(RANDOM_BYTES).toString('hex')
  return { hash: legacyTokenHash(sealer, token), sealed: sealer.seal(token, userId) }
}

export function legacyTokenHash(sealer: Sealer, token: string): string {
  return sealer.fingerprint(token, 'legacy-token')
}
