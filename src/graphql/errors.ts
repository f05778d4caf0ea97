import { GraphQLError } from 'graphql'
import { ERROR_CODES, type ErrorCode, ExpectedError, NotFoundError, ValidationError } from '../platform/errors.ts'
import type { Logger } from '../platform/logger.ts'
import { builder } from './builder.ts'

/** Something of this kind stands in the way already. */
export class ConflictError extends ExpectedError {}
/** A limit of the workspace is reached. */
export class LimitReachedError extends ExpectedError {}
/** Who signs in is not known by this e-mail address and password. */
export class WrongPasswordError extends ExpectedError {}
/** Too many attempts. */
export class RateLimitedError extends ExpectedError {}
/** This server is not set up for it. */
export class UnavailableError extends ExpectedError {}
/** The credential may not do this. */
export class ForbiddenError extends ExpectedError {}
/** A text that is no cursor of the event log. */
export class InvalidCursorError extends ExpectedError {}
/** The events after the cursor were removed by retention. */
export class CursorExpiredError extends ExpectedError {}

const KINDS: Partial<Record<ErrorCode, typeof ConflictError>> = {
  SLUG_CONFLICT: ConflictError,
  FIELD_KEY_CONFLICT: ConflictError,
  CONTACT_CONFLICT: ConflictError,
  IDEMPOTENCY_CONFLICT: ConflictError,
  EMAIL_TAKEN: ConflictError,
  WEBHOOK_DISABLED: ConflictError,
  TRANSCRIPT_CHANGED: ConflictError,
  VOICE_FILE_IN_USE: ConflictError,
  CAMPAIGN_COMPLETED: ConflictError,
  CAMPAIGN_NOT_EDITABLE: ConflictError,
  CAMPAIGN_NOT_READY: ConflictError,
  CONVERSATION_RESOLVED: ConflictError,
  MESSAGES_REDUCED: ConflictError,
  LINK_LIMIT_REACHED: LimitReachedError,
  SUBUSER_DEPTH_REACHED: LimitReachedError,
  SPEECH_UNAVAILABLE: UnavailableError,
  INSIGHT_UNAVAILABLE: UnavailableError,
  WRONG_PASSWORD: WrongPasswordError,
  RATE_LIMITED: RateLimitedError,
  INSUFFICIENT_SCOPE: ForbiddenError,
  INVALID_CURSOR: InvalidCursorError,
  CURSOR_EXPIRED: CursorExpiredError,
}

/**
 * Runs a domain function, giving its expected failures the class that the schema has a type for, with
 * their path below the argument `input`.
 */
export async function asData<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error
    const Kind = KINDS[error.code]
    throw Kind ? new Kind(error.code, error.message, { path: error.path, details: error.details }) : error
  }
}

export const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description:
    'Every failure that a caller can expect. `extensions.code` of a top-level error is one of these, too, or says that there was no operation to run: `BAD_REQUEST`, `GRAPHQL_PARSE_FAILED`, `GRAPHQL_VALIDATION_FAILED`, `OPERATION_RESOLUTION_FAILURE`.',
  values: Object.fromEntries(
    Object.entries(ERROR_CODES).map(([code, { text }]) => [code, { description: text }]),
  ) as Record<ErrorCode, { description: string }>,
})

/** What clients see of any expected failure. */
export type ShownError = Pick<ExpectedError, 'code' | 'message' | 'path' | 'retryable'>

export const ErrorInterface = builder.interfaceRef<ShownError>('Error').implement({
  description: 'An expected failure: nothing was changed.',
  fields: (t) => ({
    code: t.field({ type: ErrorCodeEnum, description: 'What failed, for programs.', resolve: (error) => error.code }),
    message: t.exposeString('message', { description: 'What failed, for people, in English.' }),
    path: t.field({
      type: ['String'],
      description: 'Where in the input, as field names and indexes; empty when the input as a whole is meant.',
      resolve: (error) => error.path.map(String),
    }),
    retryable: t.exposeBoolean('retryable', {
      description: 'Whether the same request may succeed later without being changed.',
    }),
  }),
})

export const IssueType = builder.objectRef<ValidationError['issues'][number]>('ValidationIssue').implement({
  description: 'One broken rule.',
  fields: (t) => ({
    path: t.field({
      type: ['String'],
      description: 'The field, as names and indexes from the input down.',
      resolve: (issue) => issue.path.map(String),
    }),
    rule: t.exposeString('rule', { description: 'A stable word for the rule, such as `required` or `too_long`.' }),
    message: t.exposeString('message', { description: 'The rule, for people.' }),
  }),
})

builder.objectType(ValidationError, {
  name: 'ValidationError',
  description: 'Values break rules; all of them are listed.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    issues: t.field({
      type: [IssueType],
      description: 'Every broken rule, in the order of the input.',
      resolve: (error) => [...error.issues],
    }),
  }),
})
builder.objectType(NotFoundError, {
  name: 'NotFoundError',
  description: 'Nothing with this id exists in your workspace.',
  interfaces: [ErrorInterface],
})
builder.objectType(ConflictError, {
  name: 'ConflictError',
  description: 'Something that exists already stands in the way; `code` says what.',
  interfaces: [ErrorInterface],
})
builder.objectType(LimitReachedError, {
  name: 'LimitReachedError',
  description: 'A limit of the workspace is reached; `code` says which.',
  interfaces: [ErrorInterface],
})
builder.objectType(UnavailableError, {
  name: 'UnavailableError',
  description: 'This server is not set up for it; `code` says for what.',
  interfaces: [ErrorInterface],
})
builder.objectType(ForbiddenError, {
  name: 'ForbiddenError',
  description: 'The credential lacks a scope.',
  interfaces: [ErrorInterface],
})
builder.objectType(WrongPasswordError, {
  name: 'WrongPasswordError',
  description: 'The e-mail address is unknown or the password is not its own; which of the two is not told.',
  interfaces: [ErrorInterface],
})
builder.objectType(RateLimitedError, {
  name: 'RateLimitedError',
  description: 'Too many attempts failed, or too many wait.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    retryAfter: t.int({
      description: 'In how many seconds to try again.',
      resolve: (error) => Number(error.details.retryAfter ?? 1),
    }),
  }),
})
builder.objectType(InvalidCursorError, {
  name: 'InvalidCursorError',
  description: 'The text is not a cursor of your event log.',
  interfaces: [ErrorInterface],
})
builder.objectType(CursorExpiredError, {
  name: 'CursorExpiredError',
  description:
    'Events after the cursor were removed by retention: read the present state, then continue from `oldestCursor`.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    oldestCursor: t.string({
      description: 'The oldest cursor that still works.',
      resolve: (error) => String(error.details.oldestCursor),
    }),
  }),
})

/** `error` as clients see it: expected failures with their code, everything else masked and logged. */
export function presentError(error: unknown, logger: Logger, requestId: string): GraphQLError {
  const original = causeOf(error)
  if (original instanceof ExpectedError) {
    const { code, message, path, retryable, details } = original
    const issues = original instanceof ValidationError ? { issues: original.issues } : {}
    const http =
      code === 'UNAUTHENTICATED' ? { http: { status: 401 } } : code === 'RATE_LIMITED' ? tooMany(details) : {}
    return placed(message, error, { code, inputPath: path, retryable, ...issues, ...details, ...http })
  }
  // Raised by GraphQL itself about the document or its variables: the caller's to read.
  if (error instanceof GraphQLError && original instanceof GraphQLError) return error
  logger.error({ err: original, requestId }, 'an operation failed unexpectedly')
  return placed(`Something went wrong. Mention request ${requestId} when you report it.`, error, {
    code: 'INTERNAL_SERVER_ERROR',
    retryable: true,
    requestId,
  })
}

/** The same place with other words. */
function placed(message: string, error: unknown, extensions: Record<string, unknown>): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions })
  const { nodes, source, positions, path } = error
  return new GraphQLError(message, { nodes, source, positions, path, extensions })
}

/** What was thrown first, below whatever GraphQL has wrapped around it. */
function causeOf(error: unknown): unknown {
  let cause = error
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError
  return cause
}

function tooMany(details: Readonly<Record<string, unknown>>) {
  return { http: { status: 429, headers: { 'retry-after': String(details.retryAfter ?? 1) } } }
}
