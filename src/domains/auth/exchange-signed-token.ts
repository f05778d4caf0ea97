import { decodeJwt, errors, importSPKI, jwtVerify } from 'jose'
import { ExpectedError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/logger.ts'
import type { World } from '../world.ts'
import type { AccessTokens, IssuedAccessToken } from './access-token.ts'
import { findOpenKey, noteUse } from './authenticate.ts'
import { publicKeysOf } from './signing-key-store.ts'

/** How far ahead the end of a signed token may be (contract/saysimple.md 2). */
const LONGEST_SECONDS = 300
/** How far a client's clock may be off. */
const SKEW_SECONDS = 30

export interface SignedTokenDeps {
  world: World
  accessTokens: AccessTokens
  logger: Logger
}

/**
 * An access token for a JWT that a client signed with RS256, by a key whose public half the API key in its claim `key`
 * has. Other claims: `iat`, not in the future, and `exp`, in the future and at most 300 seconds ahead; both in seconds,
 * by clocks that may differ by 30. Further claims are tolerated. Throws UNAUTHENTICATED, with the same words for every
 * reason.
 */
export async function exchangeSignedToken(deps: SignedTokenDeps, jwt: string): Promise<IssuedAccessToken> {
  const { world } = deps
  const secret = claimedKey(jwt)
  const key = secret === undefined ? undefined : await findOpenKey(world, secret)
  if (!key) throw refused()
  for (const { id, pem } of await publicKeysOf(world.db, key.id)) {
    if (!(await isSignedBy(pem, jwt, world.clock.now()))) continue
    noteUse(deps, key)
    return deps.accessTokens.issue({ workspaceId: key.workspace_id, apiKeyId: key.id, signingKeyId: id })
  }
  throw refused()
}

/** What an unverified token says that its API key is: only then is it known whose signature to look for. */
function claimedKey(jwt: string): string | undefined {
  try {
    const { key } = decodeJwt(jwt)
    return typeof key === 'string' ? key : undefined
  } catch {
    return undefined
  }
}

async function isSignedBy(pem: string, jwt: string, now: Date): Promise<boolean> {
  try {
    const { payload } = await jwtVerify(jwt, await importSPKI(pem, 'RS256'), {
      algorithms: ['RS256'],
      currentDate: now,
      clockTolerance: SKEW_SECONDS,
      requiredClaims: ['iat', 'exp'],
    })
    const { iat, exp } = payload
    if (typeof iat !== 'number' || typeof exp !== 'number') return false
    const seconds = Math.floor(now.getTime() / 1000)
    return exp <= seconds + LONGEST_SECONDS + SKEW_SECONDS && iat <= seconds + SKEW_SECONDS
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}

function refused(): ExpectedError {
  return new ExpectedError('UNAUTHENTICATED', 'The token is not signed as it has to be, or not for a valid API key.')
}
