import type { Answer, Fault, Refusal } from '../legacy/index.ts'
import { type ErrorCode, type FieldFaults, failure } from './errors.ts'
import { labelOf } from './words.ts'

/** So many are told at most. */
const MOST_FAULTS = 20

/** One envelope for every refusal (contract/saysimple.md 3). `documentation` is where `moreInfo` leads to. */
export function refuse(documentation: string, refusal: Refusal): Answer {
  const plain = (code: ErrorCode, headers: Record<string, string> = {}) => ({
    ...failure(documentation, code),
    headers,
  })
  const malformed = (fields: FieldFaults) => failure(documentation, 1536, fields)
  switch (refusal.kind) {
    case 'unauthenticated':
      return plain(401, { 'www-authenticate': 'Bearer' })
    case 'throttled':
      return plain(429, { 'retry-after': String(refusal.retryAfter) })
    case 'method_not_allowed':
      return plain(405, { allow: refusal.allowed.join(', ') })
    case 'unknown_path':
      return plain(404)
    case 'unsupported_media_type':
    case 'not_acceptable':
      return plain(415)
    case 'malformed_body':
      return malformed([['body', 'Body should be JSON']])
    case 'too_large':
      return plain(413)
    case 'invalid':
      return malformed(fieldFaults(refusal))
    case 'domain':
      if (refusal.error.code === 'INSUFFICIENT_SCOPE' || refusal.error.code === 'TENANT_UNKNOWN') return plain(403)
      return plain(refusal.error.code === 'NOT_FOUND' ? 404 : 409)
    case 'defect':
      return plain(500)
  }
}

/** One per field, the first that was found. Of a parameter with several values the parameter is at fault. */
function fieldFaults({ where, faults }: Extract<Refusal, { kind: 'invalid' }>): FieldFaults {
  const byField = new Map<string, string>()
  for (const fault of faults) {
    // What a domain says of a filter it says of one of the parameters.
    const own = fault.path[0] === 'filter' ? fault.path.slice(1, 2) : fault.path
    const path = where === 'query' ? own.slice(0, 1) : own
    const field = path.join('.') || 'body'
    if (!byField.has(field) && byField.size < MOST_FAULTS) byField.set(field, wordsOf(fault, String(path[0] ?? 'body')))
  }
  return [...byField]
}

/** What this API's own schemas say is whole; a domain says what must be, and of what is added. */
function wordsOf({ rule, message }: Fault, field: string): string {
  if (rule === undefined) return message
  return `${labelOf(field)}${message.startsWith('must') ? '' : ':'} ${message}`
}
