/**
 * Every code that a caller may meet, with what it means. docs/errors.md is held against this list by a test.
 * `retryable` says whether the same request may succeed later without being changed.
 */
export const ERROR_CODES = {
  // Who you are and what you may do
  UNAUTHENTICATED: { retryable: false, text: 'No credential, or one that is unknown, expired or revoked.' },
  INSUFFICIENT_SCOPE: { retryable: false, text: 'The credential lacks the scope that this needs.' },
  WRONG_PASSWORD: { retryable: false, text: 'The e-mail address is unknown or the password is not its own.' },
  RATE_LIMITED: { retryable: true, text: 'Too many requests; `retryAfter` says in how many seconds to try again.' },
  // What you asked for
  NOT_FOUND: { retryable: false, text: 'Nothing with this id exists in your workspace.' },
  VALIDATION_FAILED: { retryable: false, text: 'A value breaks a rule; `path` names the field and `rule` the rule.' },
  INVALID_CURSOR: { retryable: false, text: 'The cursor is not one of this list and this sort order.' },
  CURSOR_EXPIRED: {
    retryable: false,
    text: 'Events after this cursor were removed by retention; read the present state and start anew.',
  },
  SLUG_CONFLICT: { retryable: false, text: 'Another link of the workspace has this slug.' },
  LINK_LIMIT_REACHED: { retryable: false, text: 'The workspace has as many links as its plan allows.' },
  FIELD_KEY_CONFLICT: { retryable: false, text: 'Two questions of a link have the same field key.' },
  CONTACT_CONFLICT: {
    retryable: false,
    text: 'The person already takes part in this link, or another contact has this address.',
  },
  EMAIL_TAKEN: { retryable: false, text: 'Another user of this server has this e-mail address.' },
  SUBUSER_DEPTH_REACHED: { retryable: false, text: 'A subuser cannot have subusers of its own.' },
  IDEMPOTENCY_CONFLICT: { retryable: false, text: 'The idempotency key was used before with another input.' },
  SPEECH_UNAVAILABLE: {
    retryable: false,
    text: 'This server has no text to speech: `SPEECH` is `none`, the package that speaks is not installed, or no voice speaks the language.',
  },
  INSIGHT_UNAVAILABLE: { retryable: false, text: 'Nothing on this server understands answers: `INSIGHT` is `none`.' },
  CAMPAIGN_COMPLETED: {
    retryable: false,
    text: 'The campaign is completed, which is final; begin another one.',
  },
  CAMPAIGN_NOT_READY: {
    retryable: true,
    text: 'What the campaign says cannot be played: its audio is still being made, failed, or is not understood.',
  },
  CAMPAIGN_NOT_EDITABLE: {
    retryable: false,
    text: 'The campaign has begun, so what it says and whom it addresses can no longer be changed.',
  },
  VOICE_FILE_IN_USE: {
    retryable: true,
    text: 'A campaign that is not completed plays the voice file.',
  },
  CONVERSATION_RESOLVED: {
    retryable: false,
    text: 'The conversation was resolved, which is final; begin another one.',
  },
  TENANT_UNKNOWN: {
    retryable: false,
    text: 'The workspace does not act for a tenant of this name.',
  },
  MESSAGES_REDUCED: {
    retryable: false,
    text: 'Messages of that time were reduced to what was counted of them, by the retention of the workspace.',
  },
  TRANSCRIPT_CHANGED: {
    retryable: false,
    text: 'The transcript has a newer version than the one that was read before; read it again.',
  },
  WEBHOOK_DISABLED: { retryable: false, text: 'The webhook is disabled; enable it first.' },
  // Answering a link
  LINK_PAUSED: { retryable: true, text: 'The link takes no new sessions at present.' },
  LINK_DELETED: { retryable: false, text: 'The link was deleted by its owner.' },
  LINK_FULL: { retryable: false, text: 'The link has all the responses it asked for.' },
  SESSION_COMPLETED: { retryable: false, text: 'The response was submitted already and cannot be changed.' },
  UPLOAD_REJECTED: {
    retryable: false,
    text: 'The file is too large, empty, not of a type that the question allows, or a recording that cannot be used.',
  },
  PAYLOAD_TOO_LARGE: { retryable: false, text: 'The request body is larger than the server accepts.' },
  // How a GraphQL operation may be shaped
  QUERY_TOO_DEEP: { retryable: false, text: 'The operation nests deeper than the limit.' },
  QUERY_TOO_MANY_ALIASES: { retryable: false, text: 'The operation has more aliases than the limit.' },
  QUERY_TOO_COMPLEX: { retryable: false, text: 'The operation asks for more objects than the limit.' },
  QUERY_TOO_LONG: { retryable: false, text: 'The operation has more tokens than the limit.' },
  // Not your fault
  SLOW_CONSUMER: {
    retryable: true,
    text: 'The subscriber did not read fast enough; it may resume from its last cursor.',
  },
  SHUTTING_DOWN: { retryable: true, text: 'The server is stopping; connect again.' },
  INTERNAL_SERVER_ERROR: {
    retryable: true,
    text: 'Something failed that should not; the request id finds it in the log.',
  },
} as const satisfies Record<string, { retryable: boolean; text: string }>

export type ErrorCode = keyof typeof ERROR_CODES

/** A failure that the caller can expect and act on. Anything else that is thrown is a defect and is masked. */
export class ExpectedError extends Error {
  override readonly name: string = 'ExpectedError'
  readonly code: ErrorCode
  /** Where in the input, as names and indexes; empty when the input as a whole is meant. */
  readonly path: readonly (string | number)[]
  /** Further facts for the caller, such as `rule` or `retryAfter`. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    options: { path?: readonly (string | number)[]; details?: Record<string, unknown> } = {},
  ) {
    super(message)
    this.code = code
    this.path = options.path ?? []
    this.details = options.details ?? {}
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable
  }
}

export interface Issue {
  path: readonly (string | number)[]
  /** A stable word for the rule that was broken, such as `required`, `too_long`, `unknown_option`. */
  rule: string
  message: string
}

/** One or more values break a rule. Nothing was stored. */
export class ValidationError extends ExpectedError {
  override readonly name = 'ValidationError'
  readonly issues: readonly Issue[]

  constructor(issues: readonly [Issue, ...Issue[]]) {
    super(
      'VALIDATION_FAILED',
      issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`).join('; '),
      {
        path: issues[0].path,
        details: { rule: issues[0].rule },
      },
    )
    this.issues = issues
  }
}

/** An id that is unknown, malformed, or another workspace's: the three are indistinguishable on purpose. */
export class NotFoundError extends ExpectedError {
  override readonly name = 'NotFoundError'

  constructor(what: string, path: readonly (string | number)[] = []) {
    super('NOT_FOUND', `No ${what} with this id exists in your workspace.`, { path })
  }
}
