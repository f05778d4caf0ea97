import { Unsupported } from './unsupported.ts'

/** What a column holds, as far as reading it differs. */
export type ColumnKind =
  | 'text'
  | 'uuid'
  | 'number'
  | 'bigint'
  | 'float'
  | 'boolean'
  | 'enum'
  | 'date'
  | 'json'
  | 'bytes'
  | 'unreadable'

/** Makes a parameter of a value; throws `Unsupported` for what Prisma would refuse, so that Prisma refuses it. */
export type Encode = (value: unknown) => unknown

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const MAX_INT4 = 2 ** 31 - 1
/** Beyond it `toISOString` writes years in a form that PostgreSQL does not read. */
const LAST_MS = Date.UTC(9999, 11, 31)
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z')

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

export function encoderOf(kind: ColumnKind, values: readonly string[] = []): Encode {
  switch (kind) {
    case 'text':
      return check('string', (value) => typeof value === 'string')
    case 'uuid':
      return check('UUID', isUuid)
    case 'number':
      return check('32-bit integer', (value) => Number.isInteger(value) && Math.abs(value as number) <= MAX_INT4)
    case 'bigint':
      return check('64-bit integer', (value) => typeof value === 'bigint' && value === BigInt.asIntN(64, value))
    case 'float':
      return check('finite number', (value) => Number.isFinite(value))
    case 'boolean':
      return check('boolean', (value) => typeof value === 'boolean')
    case 'enum': {
      const known = new Set<unknown>(values)
      return check('value of the enum', (value) => known.has(value))
    }
    case 'date':
      return (value) => {
        if (!(value instanceof Date)) throw new Unsupported('a value that is no Date')
        const ms = value.getTime()
        if (!(ms >= FIRST_MS && ms <= LAST_MS)) throw new Unsupported('a Date out of range')
        return value.toISOString()
      }
    default:
      return () => {
        throw new Unsupported(`a value for a column of the kind ${kind}`)
      }
  }
}

/** A list of values, as one array parameter. */
export function encodeList(encode: Encode): Encode {
  return (value) => (value as unknown[]).map(encode)
}

/** For LIKE: `before` and `after` are wildcards or nothing; wildcards within the value stand for themselves. */
export function encodePattern(before: string, after: string): Encode {
  return (value) => {
    if (typeof value !== 'string') throw new Unsupported('a value that is no string')
    return before + escapeLike(value) + after
  }
}

export function escapeLike(value: string): string {
  return /[\\%_]/.test(value) ? value.replace(/[\\%_]/g, '\\$&') : value
}

function check(what: string, holds: (value: unknown) => boolean): Encode {
  return (value) => {
    if (!holds(value)) throw new Unsupported(`a value that is no ${what}`)
    return value
  }
}
