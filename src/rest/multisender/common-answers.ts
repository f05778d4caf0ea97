import type { AnswerDescription, LegacyApi } from '../legacy/index.ts'
import { failure } from './schemas.ts'

const answer = (status: number, description: string, message: string): AnswerDescription => ({
  status,
  description,
  schema: failure,
  example: { status, message },
})

/** What every operation may answer besides its own. */
export const commonAnswers: LegacyApi['commonAnswers'] = ({ scope, anonymous, path }) => [
  ...(anonymous ? [] : [answer(401, 'No access token, or one that is not valid.', 'The access token is not valid.')]),
  ...(scope === null ? [] : [answer(403, 'The API key lacks the scope.', `API key missing scope: ${scope}.`)]),
  ...(path.includes('{') ? [unknownId] : []),
  answer(406, 'Accept excludes `application/json`.', 'Only application/json is served; Accept must allow it.'),
  answer(
    500,
    'Something failed that should not; the header `x-request-id` finds it in the log.',
    'Something failed on the server.',
  ),
]

export const unknownId = answer(
  404,
  'Nothing with this id exists, or it belongs to somebody else.',
  'Nothing with this id exists.',
)

/** What an operation with a body may answer besides; `errors` is an example of what may be wrong with it. */
export const bodyAnswers = (errors: Record<string, string[]>): AnswerDescription[] => [
  {
    status: 400,
    description: 'The body cannot be read, or fields are wrong; nothing was stored.',
    schema: failure,
    example: { status: 400, message: 'Validation failed', errors },
  },
  answer(413, 'The body is too large.', 'The body is larger than this server accepts.'),
  answer(415, 'The body is of another type.', 'The body must be application/json, not text/plain.'),
]

/** What POST answers: the new thing, and where it is. */
export function created(description: string, schema: AnswerDescription['schema'], example: unknown): AnswerDescription {
  const location = { description: 'Absolute address of what was made.', schema: { type: 'string', format: 'uri' } }
  return { status: 201, description, schema: schema!, example, headers: { Location: location } }
}

export const deleted: AnswerDescription = { status: 204, description: 'It is gone.' }
