import { type DateText, readDate } from './dates.ts'
import type { Json } from './entry.ts'

const UUID_TEXT = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'
const UUID = new RegExp(`^${UUID_TEXT}$`)
/** Every UUID within a text. */
export const UUIDS = new RegExp(UUID_TEXT, 'g')

/** Of any version. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}

/** What may stand for an id: a UUID, a number, a short name. */
export function isIdLike(text: string): boolean {
  return /^[\w.~-]{1,128}$/.test(text)
}

/** Secrets differ on every server but have a form. */
const SECRETS: readonly [name: string, form: RegExp][] = [
  ['masked key', /^sk_(live|test)_.*(…|\.\.\.|\*{2,}).*$/],
  ['key', /^sk_(live|test)_[\w-]+$/],
  ['JWT', /^ey[\w-]+\.ey[\w-]+\.[\w-]+$/],
]

/** The kind of secret that a text is. */
export function secretForm(text: string): string | undefined {
  return SECRETS.find(([, form]) => form.test(text))?.[0]
}

const dateLike = (holds: (date: DateText) => boolean) => (value: Json | undefined) => {
  const date = typeof value === 'string' ? readDate(value) : undefined
  return date !== undefined && holds(date)
}
const zoned = (date: DateText) => date.separator === 'T' && date.seconds && date.zone === 'Z'

/**
 * What a rule of `match` may say of a value. A `?` behind the name also allows null and absence. One more, `begins`, is
 * the matcher's own: an array that begins with the recorded elements.
 */
const CHECKS = {
  any: (value) => value !== undefined,
  absent: (value) => value === undefined,
  null: (value) => value === null,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  decimal: (value) => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value),
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  uuid: (value) => typeof value === 'string' && isUuid(value),
  email: (value) => typeof value === 'string' && /^[^\s@]+@[^\s@]+$/.test(value),
  url: (value) => typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value),
  date: dateLike((date) => date.separator === null),
  'date-time': dateLike(zoned),
  'date-time-ms': dateLike((date) => zoned(date) && date.fraction.length === 3),
  'date-time-us': dateLike((date) => zoned(date) && date.fraction.length === 6),
  'date-time-space': dateLike((date) => date.separator === ' ' && date.seconds && date.zone === 'none'),
  secret: (value) => typeof value === 'string' && secretForm(value) !== undefined,
} satisfies Record<string, (value: Json | undefined) => boolean>

type Check = keyof typeof CHECKS
export type Kind = Check | `${Check}?` | 'begins'
export const KINDS: readonly Kind[] = [
  ...(Object.keys(CHECKS) as Check[]).flatMap((name): Kind[] => [name, `${name}?`]),
  'begins',
]

/** Whether the value (undefined: there is none) is what the rule asks for. `begins` is the matcher's own. */
export function isOfKind(kind: Exclude<Kind, 'begins'>, value: Json | undefined): boolean {
  const optional = kind.endsWith('?')
  if (optional && (value === undefined || value === null)) return true
  return CHECKS[(optional ? kind.slice(0, -1) : kind) as Check](value)
}
