import { type Issue, NotFoundError, ValidationError } from '../../platform/errors.ts'
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

type Path = Issue['path']

/** Runs a domain function that calls a field by another name than the input: broken rules are told where the input has it. */
export function movePaths<T>([from, to]: readonly [from: Path, to: Path], run: () => Promise<T>): Promise<T> {
  return mapPaths(
    (path) => (from.every((part, at) => path[at] === part) ? [...to, ...path.slice(from.length)] : path),
    run,
  )
}

/** Runs a domain function, with the places of broken rules as `place` says. */
export async function mapPaths<T>(place: (path: Path) => Path, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    const issues = error.issues.map((issue): Issue => ({ ...issue, path: place(issue.path) }))
    throw new ValidationError(issues as [Issue, ...Issue[]])
  }
}
