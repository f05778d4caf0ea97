import { type LegacyRequest, Refused } from '../legacy/index.ts'

/** OpenAPI's security schemes; a request needs one of them. */
export const CREDENTIALS = {
  accessToken: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Access-Token',
    description: 'What login or a subuser gives as `authToken`, or an API key of this server.',
  },
  authenticationToken: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Authentication-Token',
    description: 'The same under the other documented name.',
  },
  accessTokenInQuery: {
    type: 'apiKey',
    in: 'query',
    name: 'access_token',
    description: 'The same in the address. The body parameter `access_token` of POST and PUT works as well.',
  },
} as const

const IN_BODY = 'access_token'
const METHODS_WITH_BODY = new Set(['POST', 'PUT'])

/**
 * The credential of a request: of the four places (contract/multisender.md 2) the first that has one counts. Throws
 * `Refused` when there is none.
 */
export async function credentialOf(request: LegacyRequest): Promise<string> {
  const { headers, query } = request
  const given =
    textOf(headers['x-access-token']) ??
    textOf(headers['x-authentication-token']) ??
    textOf(query[IN_BODY]) ??
    (await inBody(request))
  if (given !== undefined) return given
  const message = 'An access token is needed: send it as the header X-Access-Token.'
  throw new Refused({ kind: 'unauthenticated', reason: 'missing', message })
}

async function inBody(request: LegacyRequest): Promise<string | undefined> {
  if (!METHODS_WITH_BODY.has(request.method)) return undefined
  try {
    const body = await request.body()
    return isObject(body) && Object.hasOwn(body, IN_BODY) ? textOf(body[IN_BODY]) : undefined
  } catch (error) {
    // Who has no token learns nothing else.
    if (error instanceof Refused) return undefined
    throw error
  }
}

/** The body without the credential that may be in it; an empty object when there is none. */
export async function withoutCredential(request: LegacyRequest): Promise<unknown> {
  const body = await request.body()
  if (body === undefined) return {}
  if (!isObject(body)) return body
  const { [IN_BODY]: _, ...rest } = body
  return rest
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}
