import type { Answer } from '../legacy/index.ts'
import { MALFORMED, NOT_FOUND } from './words.ts'

/** What a code of `{code, message, moreInfo}` means; `text` (Markdown) is what the page behind `moreInfo` says. */
export interface ErrorDescription {
  status: number
  message: string
  text: string
}

/** Where nothing more specific applies, a code is HTTP's own (contract/saysimple.md 3). */
export const ERRORS = {
  1536: {
    status: 400,
    message: MALFORMED,
    text: 'Something in the query or in the body is missing or has another form than it should. The address of this page, as it stands in `moreInfo`, names each field with what is wrong with it. Nothing was stored.',
  },
  401: {
    status: 401,
    message: 'Unauthorized',
    text: 'There is no credential, or it is not valid, or not any more. Send `Authorization: Bearer` with an access token; one lasts five minutes, and is got from `/messaging/v1/auth/authenticate` for a JSON Web Token that you sign.\n\nWhen getting one fails: the token must be signed with RS256 by a key whose public half was added to the API key in `key`; `iat` and `exp` are seconds, and `exp` lies in the future, at most 300 seconds ahead. Look at the clock of the machine, and whether the signing key or the API key was revoked.',
  },
  403: {
    status: 403,
    message: 'Forbidden',
    text: 'The credential may not do this. Either its API key lacks the scope (`messages:read` to read metrics and lists, `messages:write` to add messages and resolve conversations), or `tenant` is none that the workspace knows.',
  },
  404: {
    status: 404,
    message: NOT_FOUND,
    text: 'There is no such address, or no conversation of this name with this provider, channel and identifier of yours.',
  },
  405: {
    status: 405,
    message: 'Method Not Allowed',
    text: 'The address is there, but not for this method. The header `Allow` has those that are.',
  },
  409: {
    status: 409,
    message: 'Conflict',
    text: 'The conversation was resolved. That is final: it takes no messages later than that, and is not resolved again. Or the message is of a time whose messages were reduced to what was counted of them, as the workspace wants it.',
  },
  413: {
    status: 413,
    message: 'Payload Too Large',
    text: 'The body is larger than the server accepts. Send media by their addresses.',
  },
  415: {
    status: 415,
    message: 'Unsupported Media Type',
    text: 'Send the body as `application/json`.',
  },
  429: {
    status: 429,
    message: 'Too Many Requests',
    text: 'Too many at once. The header `Retry-After` says in how many seconds to try again.',
  },
  500: {
    status: 500,
    message: 'Internal Server Error',
    text: 'Something failed that should not. The header `x-request-id` of the answer finds it in the log of the server.',
  },
} as const satisfies Record<number, ErrorDescription>

/** So that `moreInfo` stays an address that anybody can open. */
const LONGEST_TEXT = 200

export type ErrorCode = keyof typeof ERRORS

/** Of what is wrong with fields: name and text of each. */
export type FieldFaults = readonly (readonly [field: string, text: string])[]

/** Where the explanation of a code is. Brackets are not encoded, as documented; all else is. */
export function moreInfo(documentation: string, code: number, fields: FieldFaults = []): string {
  const pairs = fields.map(([field, text]) => `fields[${encoded(field)}]=${encoded(text)}`)
  return `${documentation}/errors/${code}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`
}

/** Names and texts may be of the client, such as the keys of an object. */
function encoded(text: string): string {
  return encodeURIComponent(text.slice(0, LONGEST_TEXT).toWellFormed())
}

export function failure(documentation: string, code: ErrorCode, fields?: FieldFaults): Answer {
  const { status, message } = ERRORS[code]
  return { status, body: { code, message, moreInfo: moreInfo(documentation, code, fields) } }
}
