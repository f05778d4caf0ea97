import type { Answer, Refusal } from '../legacy/index.ts'
import { faultTree } from './fault-tree.ts'
import { NAME_REQUIRED } from './words.ts'

/** Sayify's three shapes of errors, each for its own case (contract/sayify.md 3). */
export function refuse(refusal: Refusal): Answer {
  switch (refusal.kind) {
    case 'unauthenticated':
      return { ...detail(401, refusal.message), headers: { 'www-authenticate': 'Bearer' } }
    case 'throttled': {
      const { retryAfter } = refusal
      const wait = `${retryAfter} second${retryAfter === 1 ? '' : 's'}`
      return {
        ...detail(429, `Request was throttled. Expected available in ${wait}.`),
        headers: { 'retry-after': String(retryAfter) },
      }
    }
    case 'method_not_allowed':
      return {
        ...detail(405, `Method "${refusal.method}" not allowed.`),
        headers: { allow: refusal.allowed.join(', ') },
      }
    case 'unknown_path':
      return NOT_FOUND
    case 'unsupported_media_type':
      return detail(415, `Unsupported media type "${refusal.mediaType}" in request.`)
    case 'not_acceptable':
      return detail(406, 'Could not satisfy the request Accept header.')
    case 'malformed_body':
      return detail(400, `JSON parse error - ${refusal.message}`)
    case 'too_large':
      return detail(413, 'Request body is larger than the server accepts.')
    case 'invalid':
      if (refusal.faults.some(({ message }) => message === NAME_REQUIRED))
        return rule(400, NAME_REQUIRED, 'NAME_REQUIRED')
      return { status: 400, body: faultTree(refusal.faults, refusal.input) }
    case 'domain':
      return refuseDomain(refusal)
    case 'defect':
      return detail(500, 'A server error occurred.')
  }
}

function refuseDomain({ error, path, input }: Extract<Refusal, { kind: 'domain' }>): Answer {
  const { code, message } = error
  switch (code) {
    case 'NOT_FOUND':
      return NOT_FOUND
    case 'INSUFFICIENT_SCOPE':
    case 'LINK_LIMIT_REACHED':
      return rule(403, message, code)
    case 'FIELD_KEY_CONFLICT':
      return { status: 400, body: faultTree([{ path, message, value: undefined }], input) }
    default:
      return rule(400, message, code)
  }
}

function detail(status: number, text: string): Answer {
  return { status, body: { detail: text } }
}

function rule(status: number, error: string, code: string): Answer {
  return { status, body: { error, code } }
}

const NOT_FOUND = detail(404, 'Not found.')
