import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose'
import { isUuid } from '../../platform/ids.ts'
import type { World } from '../world.ts'

const AUDIENCE = 'saygraph:access'
/** The documentation's five minutes (contract/saysimple.md 2). */
const LIFETIME_SECONDS = 300

export interface AccessTokenHolder {
  workspaceId: string
  apiKeyId: string
  /** Which signed the token that it was given for. */
  signingKeyId: string
}

export interface IssuedAccessToken {
  token: string
  expiresAt: Date
}

export interface AccessTokens {
  issue(holder: AccessTokenHolder): Promise<IssuedAccessToken>
  /** Who a genuine, unexpired token was given to; undefined for anything else. */
  verify(token: string): Promise<(Omit<AccessTokenHolder, 'workspaceId'> & { expiresAt: Date }) | undefined>
}

/**
 * Tokens of five minutes for what a client's own key signed. Nothing is stored: the token (JWT, HS256) names its API key
 * and signing key, and is worth nothing once either is revoked. It has the documented claims besides: `iss`, `cid` and
 * `sub` as numbers, which stand for the workspace and the API key, `apiToken`, `iat`, `exp`.
 */
export function accessTokens(world: Pick<World, 'clock'>, secret: Uint8Array, issuer: string): AccessTokens {
  return {
    async issue({ workspaceId, apiKeyId, signingKeyId }) {
      const issued = Math.floor(world.clock.now().getTime() / 1000)
      const expires = issued + LIFETIME_SECONDS
      // The type of the library holds `sub` to be a text, as it is nearly everywhere.
      const numbers: object = { cid: numberOf(workspaceId), sub: numberOf(apiKeyId) }
      const token = await new SignJWT({ iss: issuer, ...numbers, apiToken: true, apiKeyId, signingKeyId })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setAudience(AUDIENCE)
        .setIssuedAt(issued)
        .setExpirationTime(expires)
        .sign(secret)
      return { token, expiresAt: new Date(expires * 1000) }
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, secret, {
          audience: AUDIENCE,
          algorithms: ['HS256'],
          currentDate: world.clock.now(),
          requiredClaims: ['exp'],
        })
        const { apiKeyId, signingKeyId, exp } = payload
        if (!isId(apiKeyId) || !isId(signingKeyId)) return undefined
        return { apiKeyId, signingKeyId, expiresAt: new Date(exp! * 1000) }
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined
        throw error
      }
    },
  }
}

/** Whether a token says that it is one of these; whether it is, `verify` knows. */
export function claimsToBeAccessToken(token: string): boolean {
  try {
    return decodeJwt(token).aud === AUDIENCE
  } catch {
    return false
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && isUuid(value)
}

/** The random end of a UUID as a number that JSON carries exactly. */
function numberOf(uuid: string): number {
  return Number.parseInt(uuid.slice(-12), 16)
}
