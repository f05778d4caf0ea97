/**
 * Why a store outside this process did not do what it was asked.
 * - `unreachable`: no connection, no answer in time, or 5xx and 429 until the last try; the same call may work later
 * - `forbidden`: the key, its secret or its rights are wrong
 * - `no_bucket`: the bucket does not exist
 * - `rejected`: any other answer that was not expected
 */
export type StorageFailure = 'unreachable' | 'forbidden' | 'no_bucket' | 'rejected'

/** A store outside this process failed. The message names what was asked and what was answered, never a secret. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly failure: StorageFailure
  /** The HTTP status, when there was an answer. */
  readonly status: number | undefined
  /** The store's own word, such as `SlowDown`. */
  readonly code: string | undefined

  constructor(failure: StorageFailure, message: string, options: { status?: number; code?: string; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.failure = failure
    this.status = options.status
    this.code = options.code
  }

  get retryable(): boolean {
    return this.failure === 'unreachable'
  }
}
