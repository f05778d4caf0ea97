import { ExpectedError, type Issue, ValidationError } from '../../platform/errors.ts'

/** One broken rule, in the names of the API. */
export interface Fault {
  path: readonly (string | number)[]
  /** Of the domain (`Issue.rule`); absent for what the API's own schema refuses, whose message is final. */
  rule?: string
  message: string
  /** What was sent there; undefined when nothing was. */
  value: unknown
}

/** Why a request is not answered as it hoped. */
export type Refusal =
  | { kind: 'unauthenticated'; reason: 'missing' | 'invalid'; message: string }
  | { kind: 'throttled'; retryAfter: number }
  | { kind: 'method_not_allowed'; method: string; allowed: readonly string[] }
  | { kind: 'unknown_path' }
  /** `supported`: what would have been read, the usual first. */
  | { kind: 'unsupported_media_type'; mediaType: string; supported?: readonly string[] }
  | { kind: 'not_acceptable'; accept: string }
  | { kind: 'malformed_body'; message: string }
  | { kind: 'too_large' }
  | { kind: 'invalid'; where: 'query' | 'body'; faults: readonly Fault[]; input: unknown }
  /** What a domain refuses for another reason: NOT_FOUND, INSUFFICIENT_SCOPE, conflicts, limits. */
  | { kind: 'domain'; error: ExpectedError; path: readonly (string | number)[]; input: unknown }
  /** A failure that should not be; it was logged with the request's id. */
  | { kind: 'defect' }

/** Thrown by the parts of a legacy API. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.kind)
    this.refusal = refusal
  }
}

/** What `thrown` means. `names` and `input` are those of the operation: faults are told in its words. */
export function refusalOf(
  thrown: unknown,
  { names = {}, input }: { names?: Readonly<Record<string, string>>; input?: unknown } = {},
): Refusal {
  if (thrown instanceof Refused) return thrown.refusal
  if (!(thrown instanceof ExpectedError)) return { kind: 'defect' }
  const rename = (path: Issue['path']) => path.map((part) => (typeof part === 'string' ? (names[part] ?? part) : part))
  if (thrown instanceof ValidationError) {
    const faults = thrown.issues.map(({ path, rule, message }) => {
      const renamed = rename(path)
      return { path: renamed, rule, message, value: valueAt(input, renamed) }
    })
    return { kind: 'invalid', where: 'body', faults, input }
  }
  if (thrown.code === 'UNAUTHENTICATED') {
    return { kind: 'unauthenticated', reason: 'invalid', message: thrown.message }
  }
  if (thrown.code === 'RATE_LIMITED') return { kind: 'throttled', retryAfter: Number(thrown.details.retryAfter ?? 1) }
  return { kind: 'domain', error: thrown, path: rename(thrown.path), input }
}

/** What stands at `path` in `input`; undefined when nothing does. */
export function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  let value = input
  for (const part of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}
