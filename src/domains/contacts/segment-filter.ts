import { z } from 'zod'
import { isStorable, line } from '../../platform/validation.ts'

/** contract/multisender.md 5.2. */
export const SEGMENT_OPERATORS = ['==', '!=', '>', '<', '>=', '<=', 'in', 'contains'] as const
export type SegmentOperator = (typeof SEGMENT_OPERATORS)[number]

/** What a filter may ask about, and how it is compared. */
export const SEGMENT_FIELDS = {
  legacyId: 'number',
  externalKey: 'text',
  name: 'text',
  firstName: 'text',
  lastName: 'text',
  nickname: 'text',
  phone: 'text',
  email: 'text',
  address: 'text',
  postalCode: 'text',
  city: 'text',
  area: 'text',
  company: 'text',
  website: 'text',
  note: 'text',
  gender: 'text',
  birthYear: 'number',
  createdAt: 'instant',
  updatedAt: 'instant',
} as const satisfies Record<string, 'text' | 'number' | 'instant'>
export type SegmentField = keyof typeof SEGMENT_FIELDS

export type SegmentValue = string | number | null

/** One entry of a segment, as given. All entries of a segment must hold. */
export interface SegmentFilter {
  field: SegmentField
  operator: SegmentOperator
  value: SegmentValue | SegmentValue[]
}

/** The same as the database compares it: text, or null for "not set". */
export interface SegmentCondition {
  field: SegmentField
  operator: SegmentOperator
  value: string | null | (string | null)[]
}

const MAX_FILTERS = 50
const MAX_VALUES = 1_000
const MAX_VALUE_LENGTH = 10_000

/** What is compared as a number: decimal digits, without exponent. The database has the same expression. */
export const DECIMAL = /^[+-]?[0-9]{1,30}(\.[0-9]{1,30})?$/

/** `2026-02-22 17:15:55`, with `T` and up to milliseconds if need be, in UTC unless an offset follows. */
const INSTANT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/

const refused = (rule: string, message: string) => ({ code: 'custom' as const, params: { rule }, message })

const valueSchema = z.union(
  [z.string().max(MAX_VALUE_LENGTH, `must have at most ${MAX_VALUE_LENGTH} characters`), z.number(), z.null()],
  { error: 'must be a text, a number or null' },
)

const filterSchema = z
  .object({
    field: z.enum(Object.keys(SEGMENT_FIELDS) as [SegmentField, ...SegmentField[]], 'must be a field of contacts'),
    operator: z.enum(SEGMENT_OPERATORS, `must be one of ${SEGMENT_OPERATORS.join(', ')}`),
    value: z.unknown(),
  })
  .transform(({ field, operator, value }, context): { filter: SegmentFilter; condition: SegmentCondition } => {
    const kind = SEGMENT_FIELDS[field]
    const at = (issue: ReturnType<typeof refused>, ...path: (string | number)[]) => {
      context.addIssue({ ...issue, path: ['value', ...path] })
    }
    if (operator === 'contains' && kind !== 'text') {
      context.addIssue({ ...refused('operator', 'works on texts only'), path: ['operator'] })
    }
    if ((operator === 'in') !== Array.isArray(value)) {
      at(refused('type', operator === 'in' ? 'must be a list' : 'must not be a list'))
      return z.NEVER
    }
    const values: unknown[] = Array.isArray(value) ? value : [value]
    if (values.length > MAX_VALUES) at(refused('too_long', `must have at most ${MAX_VALUES} values`))
    const compared = values.slice(0, MAX_VALUES).map((each, index) => {
      const parsed = valueSchema.safeParse(each)
      const path = operator === 'in' ? [index] : []
      if (!parsed.success) {
        at(refused('type', 'must be a text of up to 10000 characters, a number or null'), ...path)
        return null
      }
      const result = comparable(kind, parsed.data)
      if (typeof result === 'object' && result !== null) at(refused(result.rule, result.message), ...path)
      return typeof result === 'string' ? result : null
    })
    return {
      filter: { field, operator, value: value as SegmentFilter['value'] },
      condition: { field, operator, value: operator === 'in' ? compared : compared[0]! },
    }
  })

/** The shape of the filters of a segment. */
export const segmentSchema = z.object({
  name: line(300).nullish(),
  filters: z
    .array(filterSchema)
    .min(1, 'must have at least one filter')
    .max(MAX_FILTERS, `must have at most ${MAX_FILTERS} filters`),
})

/** A value as the database compares it with a field of this kind, or the rule that it breaks. Empty means "not set". */
function comparable(
  kind: 'text' | 'number' | 'instant',
  value: SegmentValue,
): string | null | { rule: string; message: string } {
  if (value === null || value === '') return null
  const text = String(value)
  if (!isStorable(text)) {
    return { rule: 'unstorable_character', message: 'must not contain NUL characters or broken surrogate pairs' }
  }
  if (kind === 'text') return text
  if (kind === 'number') {
    return DECIMAL.test(text) ? canonicalDecimal(text) : { rule: 'number', message: 'must be a number' }
  }
  return instantText(text) ?? { rule: 'date_time', message: 'must be an instant such as 2026-02-22 17:15:55' }
}

/** Without needless signs and zeros, so that equal numbers are equal texts. */
function canonicalDecimal(text: string): string {
  const [, sign, whole, fraction = ''] = /^([+-]?)0*(\d+?)(?:\.(\d*?)0*)?$/.exec(text)!
  const digits = fraction === '' ? whole! : `${whole}.${fraction}`
  return sign === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits
}

/** In UTC and to the second, the form in which instants are compared as texts; undefined when it is none. */
function instantText(text: string): string | undefined {
  const match = INSTANT.exec(text.trim())
  if (!match) return undefined
  const [, day, time = '00:00:00', zone = 'Z'] = match
  const instant = new Date(`${day}T${time}${zone}`)
  // The parser takes 31 February for 3 March.
  if (Number.isNaN(instant.getTime()) || !new Date(`${day}T00:00:00Z`).toISOString().startsWith(day!)) return undefined
  const iso = instant.toISOString()
  return iso.length === 24 ? iso.slice(0, 19).replace('T', ' ') : undefined
}
