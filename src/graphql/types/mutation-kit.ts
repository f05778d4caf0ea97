import { NotFoundError, ValidationError } from '../../platform/errors.ts'
import {
  ConflictError,
  ForbiddenError,
  LimitReachedError,
  RateLimitedError,
  UnavailableError,
  WrongPasswordError,
} from '../errors.ts'

/** Every mutation may meet these. */
export const COMMON_ERRORS = [ValidationError, ForbiddenError] as const
export const ERRORS = {
  NotFoundError,
  ConflictError,
  LimitReachedError,
  WrongPasswordError,
  RateLimitedError,
  UnavailableError,
} as const

export const IDEMPOTENCY_KEY =
  'Up to 200 characters of your choice, remembered for 7 days: the same key with the same input does nothing more and returns the same.'

/** GraphQL says null for "not given" where domain functions say undefined. */
export function given<T extends object>(input: T): { [Key in keyof T]: Exclude<T[Key], null> } {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null)) as never
}
