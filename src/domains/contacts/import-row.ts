import { z } from 'zod'
import type { Issue } from '../../platform/errors.ts'
import { issuesOf } from '../../platform/validation.ts'
import { contactSchema, isSomebody, type ParsedContact } from './contact-fields.ts'
import type { Country } from './phone.ts'

/** What says which contact a row is about; a row without it makes a new one. */
export const IMPORT_KEYS = ['legacyId', 'externalKey', 'email', 'phone'] as const
export type ImportKey = (typeof IMPORT_KEYS)[number]

/** What an import understands of a row. */
export const IMPORT_FIELDS = [
  'legacyId',
  'externalKey',
  'name',
  'firstName',
  'lastName',
  'nickname',
  'email',
  'sharesEmail',
  'phone',
  'address',
  'postalCode',
  'city',
  'area',
  'company',
  'website',
  'note',
  'gender',
  'birthYear',
] as const
export type ImportField = (typeof IMPORT_FIELDS)[number]

/** Numbers beyond are kept for contacts that come later. */
const MAX_LEGACY_ID = 2_000_000_000

export interface ImportRow {
  /** Counts from 1, without the header. */
  row: number
  legacyId: number | null
  fields: ParsedContact
}

export interface RefusedRow {
  row: number
  issues: Issue[]
}

/**
 * Judges the rows of an import: texts as CSV has them, or values as JSON has them. Empty texts are not said; null empties
 * a field. The issues of a row tell what is wrong and never what was in it.
 */
export function rowJudge(country: Country | null) {
  const schema = contactSchema(country).extend({
    legacyId: z.int('must be a whole number').min(1, 'must be at least 1').max(MAX_LEGACY_ID, 'is too large').nullish(),
  })
  return (row: number, values: Readonly<Record<string, unknown>>): ImportRow | RefusedRow => {
    const given: Record<string, unknown> = {}
    for (const field of IMPORT_FIELDS) {
      const value = values[field]
      if (value !== undefined && value !== '') given[field] = field in FROM_TEXT ? FROM_TEXT[field]!(value) : value
    }
    const parsed = schema.safeParse(given)
    if (!parsed.success) return { row, issues: issuesOf(parsed.error) }
    const { legacyId = null, ...fields } = parsed.data
    if (legacyId === null && !isSomebody(fields)) {
      const message = 'needs at least one of name, e-mail, phone, company and external key'
      return { row, issues: [{ path: [], rule: 'required', message }] }
    }
    return { row, legacyId, fields }
  }
}

/** What CSV can say of fields that are no texts; anything else is left as it is, to be refused. */
const FROM_TEXT: Partial<Record<ImportField, (value: unknown) => unknown>> = {
  legacyId: wholeNumber,
  birthYear: wholeNumber,
  sharesEmail: (value) => (value === 'true' ? true : value === 'false' || value === null ? false : value),
}

function wholeNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\s*\d{1,10}\s*$/.test(value) ? Number(value) : value
}
