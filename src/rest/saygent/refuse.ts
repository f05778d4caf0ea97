import type { Answer, Refusal } from '../legacy/index.ts'
import { AUTHENTICATION_FAILED, ID_INVALID, INVALID_JSON, RATE_LIMIT_EXCEEDED } from './words.ts'

/** One envelope for every refusal, with a message at the field that is at fault (contract/saygent.md 4). */
export function refuse(refusal: Refusal): Answer {
  switch (refusal.kind) {
    case 'unauthenticated':
      return failure(401, { auth_token: AUTHENTICATION_FAILED })
    case 'throttled':
      return {
        ...failure(429, { auth_token: RATE_LIMIT_EXCEEDED }),
        headers: { 'retry-after': String(refusal.retryAfter) },
      }
    case 'method_not_allowed':
      return {
        ...failure(405, { request: `Method ${refusal.method} not allowed` }),
        headers: { allow: refusal.allowed.join(', ') },
      }
    case 'unknown_path':
      return failure(404, { request: 'Unknown address' })
    case 'malformed_body':
      return failure(400, { request: INVALID_JSON })
    case 'too_large':
      return failure(413, { request: 'Request is too large' })
    case 'unsupported_media_type':
    case 'not_acceptable':
      return failure(400, { request: 'Unsupported media type' })
    case 'invalid': {
      const messages: Record<string, string> = {}
      for (const { path, message } of refusal.faults) messages[String(path[0] ?? 'request')] ??= message
      return failure(400, messages)
    }
    case 'domain': {
      const { code, message } = refusal.error
      if (code === 'INSUFFICIENT_SCOPE') return failure(403, { auth_token: message })
      // Gone since it was looked up.
      if (code === 'NOT_FOUND') return failure(400, { id: ID_INVALID })
      return failure(409, { request: message })
    }
    case 'defect':
      return failure(500, { request: 'Something failed on the server' })
  }
}

export function failure(status: number, messages: Record<string, string>): Answer {
  return { status, body: { status: 'failure', messages } }
}
