import type { AnswerDescription, LegacyApi } from '../legacy/index.ts'
import { businessError, detailError, message as messageSchema } from './schemas.ts'

export const notFound: AnswerDescription = {
  status: 404,
  description: 'Nothing with this id exists in the workspace of the key.',
  schema: detailError,
  example: { detail: 'Not found.' },
}

export const invalidPage: AnswerDescription = {
  status: 404,
  description: 'There is no such page.',
  schema: detailError,
  example: { detail: 'Invalid page.' },
}

/** What every operation may answer besides its own. */
export const commonAnswers: LegacyApi['commonAnswers'] = ({ scope, path }) => [
  {
    status: 401,
    description: 'No credential, or one that is unknown, expired or revoked.',
    schema: detailError,
    example: { detail: 'Authentication credentials were not provided.' },
    headers: { 'WWW-Authenticate': { description: 'The scheme.', schema: { type: 'string', const: 'Bearer' } } },
  },
  {
    status: 403,
    description: 'The key lacks the scope.',
    schema: businessError,
    example: { error: `API key missing scope: ${scope}.`, code: 'INSUFFICIENT_SCOPE' },
  },
  ...(path.includes('{') ? [notFound] : []),
  {
    status: 429,
    description: 'Too many requests with this key.',
    schema: detailError,
    example: { detail: 'Request was throttled. Expected available in 12 seconds.' },
    headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
  },
  {
    status: 500,
    description: 'Something failed that should not; the header `x-request-id` finds it in the log.',
    schema: detailError,
    example: { detail: 'A server error occurred.' },
  },
]

/** What an operation with a body may answer besides. */
export const bodyAnswers: readonly AnswerDescription[] = [
  {
    status: 400,
    description: 'The body is not JSON.',
    schema: detailError,
    example: { detail: 'JSON parse error - Unexpected end of JSON input' },
  },
  {
    status: 413,
    description: 'The body is too large.',
    schema: detailError,
    example: { detail: 'Request body is larger than the server accepts.' },
  },
  {
    status: 415,
    description: 'The body is not announced as JSON.',
    schema: detailError,
    example: { detail: 'Unsupported media type "text/plain" in request.' },
  },
]

export function deleted(text: string): AnswerDescription {
  return { status: 200, description: 'It is gone.', schema: messageSchema, example: { message: text } }
}
