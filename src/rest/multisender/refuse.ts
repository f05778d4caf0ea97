import type { Answer, Refusal } from '../legacy/index.ts'
import { errorsByField } from './words.ts'

/** What a conflict with what is stored is called: a wrong value, told at its field, rather than a wrong moment. */
const WRONG_VALUES: ReadonlySet<string> = new Set(['CONTACT_CONFLICT', 'EMAIL_TAKEN', 'UPLOAD_REJECTED'])

/** One envelope for every failure: `{status, message}`, and with 400 the `errors` by field (contract/multisender.md 3). */
export function refuse(refusal: Refusal): Answer {
  switch (refusal.kind) {
    case 'unauthenticated':
      return failure(401, refusal.reason === 'missing' ? refusal.message : 'The access token is not valid.')
    case 'throttled':
      return {
        ...failure(429, `Too many requests. Try again in ${refusal.retryAfter} s.`),
        headers: { 'retry-after': String(refusal.retryAfter) },
      }
    case 'method_not_allowed':
      return {
        ...failure(405, `${refusal.method} is not allowed here.`),
        headers: { allow: refusal.allowed.join(', ') },
      }
    case 'unknown_path':
      return failure(404, 'Nothing is at this address.')
    case 'not_acceptable':
      return failure(406, 'Only application/json is served; Accept must allow it.')
    case 'unsupported_media_type':
      return failure(415, `The body must be ${refusal.supported?.[0]}, not ${refusal.mediaType || 'of no type'}.`)
    case 'malformed_body':
      return failure(400, 'Validation failed', { body: [`body cannot be read: ${refusal.message}`] })
    case 'too_large':
      return failure(413, 'The body is larger than this server accepts.')
    case 'invalid':
      return failure(400, 'Validation failed', errorsByField(refusal.faults))
    case 'domain':
      return refuseDomain(refusal)
    case 'defect':
      return failure(500, 'Something failed on the server.')
  }
}

function refuseDomain({ error, path }: Extract<Refusal, { kind: 'domain' }>): Answer {
  const { code, message, details } = error
  if (code === 'NOT_FOUND') return failure(404, 'Nothing with this id exists.')
  if (code === 'INSUFFICIENT_SCOPE') return failure(403, message)
  if (code === 'WRONG_PASSWORD') return failure(401, message)
  if (code === 'UPLOAD_REJECTED' && details.rule === 'too_large') return failure(413, message)
  if (WRONG_VALUES.has(code)) return failure(400, 'Validation failed', { [path.join('.') || 'body']: [message] })
  // Whatever else a domain refuses is right in itself and comes at the wrong moment.
  return failure(409, message)
}

function failure(status: number, message: string, errors?: Record<string, string[]>): Answer {
  return { status, body: { status, message, ...(errors ? { errors } : {}) } }
}
