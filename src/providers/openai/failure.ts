/**
 * - `refused`: the server answered with another status than 200
 * - `unreachable`: the connection did not come about, or broke
 * - `too_long`: the answer has more bytes than it may
 * - `late`: the time was over
 * - `closed`: we were
 */
export type OpenAiFault = 'refused' | 'unreachable' | 'too_long' | 'late' | 'closed'

/** There is no answer to make anything of. The message is one line. */
export class OpenAiFailure extends Error {
  override readonly name = 'OpenAiFailure'
  readonly fault: OpenAiFault
  /** Of what was `refused`. */
  readonly status: number | undefined
  /** How long the server wants to be left alone, when it says so in seconds. */
  readonly retryAfterMs: number | undefined

  constructor(
    fault: OpenAiFault,
    message: string,
    {
      status,
      retryAfter,
      cause,
    }: { status?: number; retryAfter?: string | string[] | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.fault = fault
    this.status = status
    const isSeconds = typeof retryAfter === 'string' && /^\d+$/.test(retryAfter)
    this.retryAfterMs = isSeconds ? Number(retryAfter) * 1_000 : undefined
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    if (this.status !== undefined) return this.status === 429 || this.status >= 500
    return this.fault !== 'too_long'
  }
}
