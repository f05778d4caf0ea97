import { errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { ValidationError } from '../../platform/errors.ts'
import { parse } from '../../platform/validation.ts'
import type { World } from '../world.ts'
import { isScope, SCOPES, type Scope } from './scopes.ts'
import type { Viewer } from './viewer.ts'

const AUDIENCE = 'saygraph:browser'
const DEFAULT_SECONDS = 900
const MAX_SECONDS = 3_600

/** Scopes that never reach a browser: with them a page could make itself a credential, or a leak, that outlives its token. */
const NOT_FOR_BROWSERS: ReadonlySet<Scope> = new Set(['tokens:read', 'tokens:write', 'webhooks:write'])

const schema = z.object({
  scopes: z.array(z.enum(SCOPES)).min(1, 'must name at least one scope').optional(),
  expiresIn: z
    .int()
    .min(60, 'must be at least 60 seconds')
    .max(MAX_SECONDS, `must be at most ${MAX_SECONDS} seconds`)
    .optional(),
})

export interface ExchangeInput {
  /** Absent: all of the key's, without `tokens:*` and `webhooks:write`. */
  scopes?: Scope[]
  /** Seconds, 60 to 3600. Absent: 900. */
  expiresIn?: number
}

export interface BrowserTokens {
  issue(viewer: Viewer, input: ExchangeInput): Promise<{ token: string; expiresAt: Date; scopes: Scope[] }>
  /** The claims of a genuine, unexpired token; undefined for anything else. */
  verify(token: string): Promise<{ apiKeyId: string; scopes: Set<Scope>; expiresAt: Date } | undefined>
}

/**
 * Short-lived tokens that a backend hands to the pages it serves. Nothing is stored: the token is signed (JWT, HS256)
 * and names its key, and is worth nothing once that key is revoked or expired.
 */
export function browserTokens(world: Pick<World, 'clock'>, secret: Uint8Array): BrowserTokens {
  return {
    async issue(viewer, input) {
      const {
        scopes = [...viewer.scopes].filter((scope) => !NOT_FOR_BROWSERS.has(scope)),
        expiresIn = DEFAULT_SECONDS,
      } = parse(schema, input)
      if (viewer.credential !== 'apiKey') {
        throw new ValidationError([
          { path: [], rule: 'needs_api_key', message: 'a browser token cannot be exchanged for another one' },
        ])
      }
      for (const [index, scope] of scopes.entries()) {
        if (NOT_FOR_BROWSERS.has(scope) || !viewer.scopes.has(scope)) {
          const message = `${scope} cannot be given to a browser token by this key`
          throw new ValidationError([{ path: ['scopes', index], rule: 'not_yours', message }])
        }
      }
      const issued = Math.floor(world.clock.now().getTime() / 1000)
      const keyEnds = viewer.expiresAt ? Math.floor(viewer.expiresAt.getTime() / 1000) : Number.POSITIVE_INFINITY
      const expires = Math.min(issued + expiresIn, keyEnds)
      const token = await new SignJWT({ scopes })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(viewer.apiKeyId)
        .setAudience(AUDIENCE)
        .setIssuedAt(issued)
        .setExpirationTime(expires)
        .sign(secret)
      return { token, expiresAt: new Date(expires * 1000), scopes }
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, secret, {
          audience: AUDIENCE,
          algorithms: ['HS256'],
          currentDate: world.clock.now(),
          requiredClaims: ['sub', 'exp'],
        })
        const scopes = Array.isArray(payload.scopes) ? payload.scopes.filter(isScope) : []
        return { apiKeyId: payload.sub!, scopes: new Set(scopes), expiresAt: new Date(payload.exp! * 1000) }
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined
        throw error
      }
    },
  }
}
