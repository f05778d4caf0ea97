import { z } from 'zod'
import { type Issue, ValidationError } from './errors.ts'

const STORABLE_MESSAGE = 'must not contain NUL characters or broken surrogate pairs'

/** Text of 1 to `max` characters after trimming. */
export const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1, 'must not be blank')
    .max(max, `must have at most ${max} characters`)
    .refine(isStorable, { params: { rule: 'unstorable_character' }, message: STORABLE_MESSAGE })

/** Text of up to `max` characters, kept as sent. */
export const text = (max: number) =>
  z
    .string()
    .max(max, `must have at most ${max} characters`)
    .refine(isStorable, { params: { rule: 'unstorable_character' }, message: STORABLE_MESSAGE })

/** PostgreSQL cannot store U+0000, and a lone surrogate is not a character. */
export function isStorable(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0')
}

function storableDeep(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value)
  if (Array.isArray(value)) return value.every(storableDeep)
  if (value === null || typeof value !== 'object') return true
  return Object.entries(value).every(([key, item]) => isStorable(key) && storableDeep(item))
}

/** Deeper values would exhaust the stack of whoever walks through them, JSON.stringify included. */
const MAX_JSON_DEPTH = 100

function isDeeperThan(value: unknown, depth: number): boolean {
  if (value === null || typeof value !== 'object') return false
  return depth === 0 || Object.values(value).some((item) => isDeeperThan(item, depth - 1))
}

/** Any JSON value that PostgreSQL can store, up to `maxBytes` when written out and MAX_JSON_DEPTH levels deep. */
export const jsonValue = (maxBytes: number) =>
  z.unknown().superRefine((value, context) => {
    if (isDeeperThan(value, MAX_JSON_DEPTH)) {
      const message = `must have at most ${MAX_JSON_DEPTH} levels`
      context.addIssue({ code: 'custom', params: { rule: 'too_deep' }, message })
      return
    }
    const written = JSON.stringify(value) ?? 'null'
    if (Buffer.byteLength(written) > maxBytes) {
      context.addIssue({
        code: 'custom',
        params: { rule: 'too_long' },
        message: `must be at most ${maxBytes} bytes of JSON`,
      })
    }
    if (!storableDeep(value)) {
      context.addIssue({ code: 'custom', params: { rule: 'unstorable_character' }, message: STORABLE_MESSAGE })
    }
  })

/** The longest language tag that RFC 5646 (4.4.1) asks everyone to take. */
const MAX_LANGUAGE = 35

/** A BCP 47 language tag. Rule `language_tag`. */
export const languageTag = () =>
  line(MAX_LANGUAGE).refine((tag) => canonicalLanguage(tag) !== undefined, {
    params: { rule: 'language_tag' },
    message: 'must be a BCP 47 language tag such as fi or en-GB',
  })

/** The tag as it is usually spelled, `en-GB` of `EN-gb`; undefined of what is none. */
export function canonicalLanguage(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0]
  } catch {
    return undefined
  }
}

/** An object with string keys whose values are any JSON. */
export const jsonObject = (maxBytes: number) =>
  z
    .record(z.string(), z.unknown())
    .and(jsonValue(maxBytes))
    .transform((value) => value as Record<string, unknown>)

/** What `schema` accepts, but kept exactly as sent: unknown keys stay, and all keys stay in their order. */
export const asSent = <Schema extends z.ZodType>(schema: Schema) =>
  z.unknown().transform((value, context) => {
    const result = schema.safeParse(value)
    if (result.success) return value as z.output<Schema>
    for (const issue of result.error.issues) context.addIssue({ ...issue } as never)
    return z.NEVER
  })

/** A web address that a person may be sent to: absolute, http or https, without credentials in it. */
export const webAddress = () =>
  text(2000).refine(isWebAddress, { params: { rule: 'url' }, message: 'must be an absolute http or https URL' })

function isWebAddress(value: string): boolean {
  // The URL parser forgives a missing `//` and drops control characters; a browser or an HTTP header does not.
  if (!/^https?:\/\/[^\p{Cc}]+$/iu.test(value) || !URL.canParse(value)) return false
  const url = new URL(value)
  return url.username === '' && url.password === ''
}

/**
 * `input` as `schema` understands it. Throws a ValidationError that lists every broken rule, each with its path below
 * `at`, when it does not fit.
 */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  at: readonly (string | number)[] = [],
): z.output<Schema> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  throw new ValidationError(issuesOf(result.error, at) as [Issue, ...Issue[]])
}

/** The broken rules of a failed parse, for callers that gather more of them before they throw. */
export function issuesOf(error: z.ZodError, at: readonly (string | number)[] = []): Issue[] {
  return error.issues.flatMap((issue) => explained(issue, at))
}

/** A value that fits no alternative of a union is held against the last, which by our custom is the general one. */
function explained(issue: z.core.$ZodIssue, at: readonly (string | number)[]): Issue[] {
  const path = [...at, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))]
  const alternative = issue.code === 'invalid_union' ? issue.errors.at(-1) : undefined
  if (alternative && alternative.length > 0) return alternative.flatMap((inner) => explained(inner, path))
  // Of a key the rule that it breaks is told, not merely that it breaks one.
  const message = (issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined) ?? issue.message
  return [{ path, rule: ruleOf(issue), message }]
}

function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return 'type'
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array' ? 'too_short' : 'too_small'
    case 'too_big':
      return issue.origin === 'string' || issue.origin === 'array' ? 'too_long' : 'too_large'
    case 'invalid_format':
      return issue.format
    case 'invalid_value':
      return 'unknown_option'
    case 'unrecognized_keys':
      return 'unknown_key'
    case 'custom':
      return typeof issue.params?.rule === 'string' ? issue.params.rule : 'invalid'
    default:
      return issue.code
  }
}
