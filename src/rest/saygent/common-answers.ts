import type { AnswerDescription, LegacyApi } from '../legacy/index.ts'
import { type HttpStatusMode, inMode } from './http-status.ts'
import { failure } from './schemas.ts'
import { AUTHENTICATION_FAILED, INVALID_JSON, RATE_LIMIT_EXCEEDED } from './words.ts'

function refused(status: number, description: string, messages: Record<string, string>): AnswerDescription {
  return { status, description, schema: failure, example: { status: 'failure', messages } }
}

/** What operations that read a body may answer besides, as all here do. */
export const failureAnswers: readonly AnswerDescription[] = [
  refused(400, 'The request is not JSON and no form.', { request: INVALID_JSON }),
  refused(413, 'The body is too large.', { request: 'Request is too large' }),
]

/** What every operation may answer besides its own. */
export const commonAnswers = (mode: HttpStatusMode): LegacyApi['commonAnswers'] => {
  const answers: AnswerDescription[] = [
    refused(401, 'No token, one that is not valid, or several.', { auth_token: AUTHENTICATION_FAILED }),
    refused(403, 'The key lacks the scope.', { auth_token: 'API key missing scope: responses:read.' }),
    {
      ...refused(429, 'Too many requests with this key within an hour.', { auth_token: RATE_LIMIT_EXCEEDED }),
      headers: {
        'Retry-After': { description: 'Seconds, when there are too many.', schema: { type: 'integer' } },
      },
    },
    refused(500, 'Something failed that should not; the header `x-request-id` finds it in the log.', {
      request: 'Something failed on the server',
    }),
  ]
  return () => answers.map((answer) => inMode(mode, answer))
}
