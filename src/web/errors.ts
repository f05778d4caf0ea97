import type { FastifyRequest } from 'fastify'
import { ERROR_CODES, type ErrorCode, ExpectedError, type Issue, ValidationError } from '../platform/errors.ts'
import type { Logger } from '../platform/logger.ts'

/** The body of every error of the public JSON API (docs/public-api.md). */
export interface ErrorBody {
  error: {
    code: ErrorCode
    message: string
    path: readonly (string | number)[]
    rule?: string
    issues?: readonly Issue[]
    retryable: boolean
    /** Seconds. */
    retryAfter?: number
  }
}

export interface Failure {
  status: number
  body: ErrorBody
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  NOT_FOUND: 404,
  SPEECH_UNAVAILABLE: 404,
  LINK_DELETED: 410,
  LINK_PAUSED: 403,
  LINK_FULL: 403,
  SESSION_COMPLETED: 409,
  IDEMPOTENCY_CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
}

const UPLOAD_STATUS: Readonly<Record<string, number>> = {
  too_large: 413,
  type_not_allowed: 415,
  too_slow: 408,
  wrong_offset: 409,
  expired: 410,
  unsupported_version: 412,
}

/** What to tell a caller. Anything unexpected is logged with the request's id and masked. */
export function describe(thrown: unknown, request: FastifyRequest, logger: Logger): Failure {
  const error = expected(thrown)
  if (!error) {
    logger.error({ err: thrown, requestId: request.id }, 'a public request failed')
    const message = `Something failed on the server. Request id: ${request.id}.`
    return { status: 500, body: bodyOf(new ExpectedError('INTERNAL_SERVER_ERROR', message)) }
  }
  return { status: statusOf(error, thrown), body: bodyOf(error) }
}

/** The ways in which a body can be broken, as a fault of the input rather than of the server. */
export function malformed(message: string): ValidationError {
  return new ValidationError([{ path: ['body'], rule: 'malformed', message }])
}

/** Fastify's own refusals (a body that is not JSON, a type that nobody parses) in our words; undefined for a defect. */
function expected(thrown: unknown): ExpectedError | undefined {
  if (thrown instanceof ExpectedError) return thrown
  const status = frameworkStatus(thrown)
  if (status === undefined) return undefined
  if (status === 413) return new ExpectedError('PAYLOAD_TOO_LARGE', ERROR_CODES.PAYLOAD_TOO_LARGE.text)
  return malformed((thrown as Error).message)
}

function frameworkStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error)) return undefined
  const { code, statusCode } = thrown as Error & { code?: unknown; statusCode?: unknown }
  const isFramework = typeof code === 'string' && code.startsWith('FST_')
  return isFramework && typeof statusCode === 'number' && statusCode < 500 ? statusCode : undefined
}

function statusOf(error: ExpectedError, thrown: unknown): number {
  if (error.code === 'UPLOAD_REJECTED') return UPLOAD_STATUS[String(error.details.rule)] ?? 400
  if (frameworkStatus(thrown) === 415) return 415
  return STATUS[error.code] ?? 400
}

function bodyOf(error: ExpectedError): ErrorBody {
  const { code, message, path, retryable, details } = error
  const rule = typeof details.rule === 'string' ? { rule: details.rule } : {}
  const issues = error instanceof ValidationError ? { issues: error.issues } : {}
  const retryAfter = typeof details.retryAfter === 'number' ? { retryAfter: details.retryAfter } : {}
  return { error: { code, message, path, ...rule, ...issues, retryable, ...retryAfter } }
}
