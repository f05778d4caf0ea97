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
const NOT_FOR_BROWSERS: ReadonlySet<Scope> = new Set([
  'tokens:read',
  'tokens:write',
  'webhooks:write',
  'users:write',
  // Shows tokens that do not end.
  'subusers:read',
  'subusers:write',
])

const expiresIn = z
  .int()
  .min(60, 'must be at least 60 seconds')
  .max(MAX_SECONDS, `must be at most ${MAX_SECONDS} seconds`)
  .default(DEFAULT_SECONDS)

const schema = z.object({
  scopes: z.array(z.enum(SCOPES)).min(1, 'must name at least one scope').optional(),
  expiresIn,
})

export interface ExchangeInput {
  /** Absent: all of the key's, without `tokens:*`, `webhooks:write`, `users:write` and `subusers:*`. */
  scopes?: Scope[]
  /** Seconds, 60 to 3600. Absent: 900. */
  expiresIn?: number
}

export interface IssuedToken {
  token: string
  expiresAt: Date
  scopes: Scope[]
}

export interface Claims {
  /** The id of the key that it was exchanged for, or of the user who signed in. */
  subject: string
  /** Of a user: the generation of the credentials that were entered with; undefined for a key. */
  generation: number | undefined
  scopes: Set<Scope>
  expiresAt: Date
}

export interface BrowserTokens {
  issue(viewer: Viewer, input: ExchangeInput): Promise<IssuedToken>
  /** For a person who has proved to be this user, with all of the scopes that a browser may have. */
  issueToUser(
    user: { id: string; generation: number; scopes: ReadonlySet<Scope> },
    expiresIn?: number,
  ): Promise<IssuedToken>
  /** The claims of a genuine, unexpired token; undefined for anything else. */
  verify(token: string): Promise<Claims | undefined>
}

/**
 * Short-lived tokens that a backend hands to the pages it serves, or that a person gets for a password. Nothing is
 * stored: the token is signed (JWT, HS256) and names its key or user, and is worth nothing once that key is revoked or
 * expired, or the user gets another password or token or is deactivated.
 */
export function browserTokens(world: Pick<World, 'clock'>, secret: Uint8Array): BrowserTokens {
  async function sign(
    subject: string,
    {
      scopes,
      seconds,
      latest,
      generation,
    }: { scopes: Scope[]; seconds: number; latest: Date | null; generation?: number },
  ): Promise<IssuedToken> {
    const issued = Math.floor(world.clock.now().getTime() / 1000)
    const ends = latest ? Math.floor(latest.getTime() / 1000) : Number.POSITIVE_INFINITY
    const expires = Math.min(issued + seconds, ends)
    const token = await new SignJWT({ scopes, ...(generation === undefined ? {} : { generation }) })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(subject)
      .setAudience(AUDIENCE)
      .setIssuedAt(issued)
      .setExpirationTime(expires)
      .sign(secret)
    return { token, expiresAt: new Date(expires * 1000), scopes }
  }

  return {
    issueToUser({ id, generation, scopes: granted }, asked) {
      const scopes = [...granted].filter((scope) => !NOT_FOR_BROWSERS.has(scope))
      const { expiresIn: seconds } = parse(z.object({ expiresIn }), { expiresIn: asked })
      return sign(id, { scopes, seconds, latest: null, generation })
    },
    async issue(viewer, input) {
      const { scopes = [...viewer.scopes].filter((scope) => !NOT_FOR_BROWSERS.has(scope)), expiresIn: seconds } = parse(
        schema,
        input,
      )
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
      return sign(viewer.apiKeyId, { scopes, seconds, latest: viewer.expiresAt })
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
        const generation = typeof payload.generation === 'number' ? payload.generation : undefined
        return { subject: payload.sub!, generation, scopes: new Set(scopes), expiresAt: new Date(payload.exp! * 1000) }
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined
        throw error
      }
    },
  }
}
