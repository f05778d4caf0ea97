import { type LegacyRequest, Refused } from '../legacy/index.ts'
import { isFields, queryOf, TOKEN } from './input.ts'
import { AUTHENTICATION_FAILED } from './words.ts'

/** OpenAPI's security schemes. It has no word for a property of a body. */
export const CREDENTIALS = {
  authToken: {
    type: 'apiKey',
    in: 'query',
    name: TOKEN,
    description:
      'An API key of this server. The property `auth_token` of a JSON body and a form field of this name do as well; whoever sends several must send the same.',
  },
} as const

/**
 * The token of a request, from the query, a form or a JSON body, which must agree (contract/saygent.md 2). Throws
 * `Refused` when there is none, or more than one.
 */
export async function credentialOf(request: LegacyRequest): Promise<string> {
  const inQuery = given(queryOf(request)[TOKEN])
  const all = [...inQuery, ...(await inBody(request, inQuery.length > 0))]
  const [token] = all
  if (token !== undefined && token !== '' && all.every((each) => each === token)) return token
  const reason = token === undefined ? 'missing' : 'invalid'
  throw new Refused({ kind: 'unauthenticated', reason, message: AUTHENTICATION_FAILED })
}

async function inBody(request: LegacyRequest, isKnown: boolean): Promise<string[]> {
  try {
    const body = await request.body()
    return isFields(body) && Object.hasOwn(body, TOKEN) ? given(body[TOKEN]) : []
  } catch (error) {
    // Who is known without it is told of the body once the request is counted.
    if (isKnown && error instanceof Refused) return []
    throw error
  }
}

/** A name may be given more than once. What is no text is a token that nobody has. */
function given(value: unknown): string[] {
  return [value ?? []].flat().map((each) => (typeof each === 'string' ? each.trim() : ''))
}
