import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Viewer } from '../domains/auth/index.ts'
import { bearer } from '../platform/bearer.ts'
import { ERROR_CODES, type ErrorCode, ExpectedError, ValidationError } from '../platform/errors.ts'
import type { Logger } from '../platform/logger.ts'

/** What an HTTP entrance of our own, beside GraphQL, stands on. */
export interface EntranceDeps {
  logger: Logger
  /** Throws UNAUTHENTICATED. */
  authenticate(credential: string): Promise<Viewer>
  /** Throws RATE_LIMITED. */
  limit(viewer: Viewer): Promise<void>
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  INSUFFICIENT_SCOPE: 403,
  NOT_FOUND: 404,
  IDEMPOTENCY_CONFLICT: 409,
  RATE_LIMITED: 429,
}

/** Who asks, by `Authorization: Bearer`. Throws UNAUTHENTICATED, RATE_LIMITED. */
export async function viewerOf(
  { authenticate, limit }: EntranceDeps,
  { headers }: Pick<FastifyRequest, 'headers'>,
): Promise<Viewer> {
  const credential = bearer(headers.authorization)
  if (!credential) throw new ExpectedError('UNAUTHENTICATED', 'Send a key as `Authorization: Bearer`.')
  const viewer = await authenticate(credential)
  await limit(viewer)
  return viewer
}

/** What every answer says, whatever comes of the request: its id, and whose page may read it. */
const OF_ANY_ANSWER = /^(x-request-id|vary|access-control-.+)$/

/** Takes back what was said of an answer that does not come. */
export function dropHeaders(reply: FastifyReply): void {
  for (const header of Object.keys(reply.getHeaders())) if (!OF_ANY_ANSWER.test(header)) reply.removeHeader(header)
}

/**
 * Answers what is thrown as `{ error: { code, message, path, retryable, issues? } }`. Anything unexpected is masked and
 * logged as `failed`.
 */
export function answerFailures(app: FastifyInstance, { logger }: Pick<EntranceDeps, 'logger'>, failed: string): void {
  app.setErrorHandler((error, request, reply) => {
    dropHeaders(reply)
    reply.header('cache-control', 'no-store')
    // What is left of a body that is not read ends with its connection.
    if (!request.raw.complete) reply.header('connection', 'close')
    if (error instanceof ExpectedError) {
      const { code, message, path, retryable, details } = error
      if (code === 'RATE_LIMITED') reply.header('retry-after', String(details.retryAfter ?? 1))
      const issues = error instanceof ValidationError ? { issues: error.issues } : {}
      const isTooLarge = code === 'UPLOAD_REJECTED' && details.rule === 'too_large'
      const status = isTooLarge ? 413 : (STATUS[code] ?? 400)
      return reply.code(status).send({ error: { code, message, path, retryable, ...issues } })
    }
    const { statusCode, message: said } = error as { statusCode?: number; message: string }
    if (statusCode !== undefined && statusCode < 500) {
      const code: ErrorCode = statusCode === 413 ? 'PAYLOAD_TOO_LARGE' : 'VALIDATION_FAILED'
      return reply.code(statusCode).send({ error: { code, message: said, path: ['body'], retryable: false } })
    }
    logger.error({ err: error, requestId: request.id }, failed)
    const { retryable } = ERROR_CODES.INTERNAL_SERVER_ERROR
    const message = `Something failed on the server. Request id: ${request.id}.`
    return reply.code(500).send({ error: { code: 'INTERNAL_SERVER_ERROR', message, path: [], retryable } })
  })
}
