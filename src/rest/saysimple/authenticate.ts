import { bearer } from '../../platform/bearer.ts'
import { type AnyOperation, type LegacyRequest, operation, Refused } from '../legacy/index.ts'
import type { SaysimpleDeps } from './deps.ts'
import { TOKEN } from './examples.ts'
import { TOKEN_PATH } from './paths.ts'
import { token } from './schemas.ts'

/** What follows `Authorization: Bearer`. Throws `Refused` when nothing does. */
export function credentialOf({ headers }: LegacyRequest): string {
  const credential = bearer(headers.authorization)
  if (credential) return credential
  const reason = credential === undefined ? 'missing' : 'invalid'
  throw new Refused({ kind: 'unauthenticated', reason, message: 'Send a token as `Authorization: Bearer`.' })
}

export function authenticateOperation({ exchange }: SaysimpleDeps): AnyOperation {
  return operation({
    id: 'authenticate',
    method: 'POST',
    path: TOKEN_PATH,
    tag: 'Authenticate',
    summary: 'Swap a signed token for an access token',
    description:
      'Sign a JSON Web Token with RS256 and the claims `key` (the API key), `iat` and `exp` (seconds; in the future, at most 300 ahead), by a private key whose public half was added to that API key, and send it as `Authorization: Bearer`. There is no body. Other claims are tolerated; clocks may differ by 30 seconds.',
    scope: null,
    anonymous: true,
    answers: [{ status: 200, description: 'An access token of five minutes.', schema: token, example: TOKEN }],
    async handle({ request }) {
      const { token: accessToken, expiresAt } = await exchange(credentialOf(request))
      return { status: 200, body: { tokenType: 'Bearer', accessToken, expiresIn: expiresAt.toISOString() } }
    },
  })
}
