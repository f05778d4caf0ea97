import type { AnswerDescription, LegacyApi } from '../legacy/index.ts'
import { ERRORS, type ErrorCode, type FieldFaults, failure } from './errors.ts'
import { failureSchema } from './schemas.ts'

/** The documentation's own place of its pages; answers have this server's. */
const EXAMPLE = 'https://api.saysimple.io/docs/intelligence'

export function refused(code: ErrorCode, description: string, fields?: FieldFaults): AnswerDescription {
  const example = failure(EXAMPLE, code, fields).body
  return { status: ERRORS[code].status, description, schema: failureSchema, example }
}

export const unauthorized: AnswerDescription = {
  ...refused(401, 'No credential, or one that is not valid any more.'),
  headers: { 'WWW-Authenticate': { description: 'The scheme.', schema: { type: 'string', const: 'Bearer' } } },
}

const failed = refused(500, 'Something failed that should not; the header `x-request-id` finds it in the log.')

/** What every operation may answer besides its own. */
export const commonAnswers: LegacyApi['commonAnswers'] = ({ anonymous }) =>
  anonymous ? [unauthorized, failed] : [unauthorized, refused(403, 'The key lacks the scope.'), failed]

/** What operations with a body may answer besides. */
export const bodyAnswers: readonly AnswerDescription[] = [
  refused(1536, 'Fields are missing or wrong, or the body is not JSON; nothing was stored.', [
    ['channel', 'Channel should be a string'],
  ]),
  refused(413, 'The body is too large.'),
  refused(415, 'The body is announced as something else than JSON.'),
]
