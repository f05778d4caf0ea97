import { IMPORT_FIELDS, type ImportField } from '../../domains/contacts/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'

/** What columns of other systems are called, Multisender's among them (contract/multisender.md 5.1). */
const ALIASES: Readonly<Record<string, ImportField>> = {
  accountid: 'legacyId',
  id: 'legacyId',
  zip: 'postalCode',
  zipcode: 'postalCode',
  postcode: 'postalCode',
  companyname: 'company',
  yearofbirth: 'birthYear',
  fullname: 'name',
  emailaddress: 'email',
  phonenumber: 'phone',
  mobile: 'phone',
  notes: 'note',
}

const BY_NAME: Readonly<Record<string, ImportField>> = {
  ...ALIASES,
  ...Object.fromEntries(IMPORT_FIELDS.map((field) => [plain(field), field])),
}

function plain(column: string): string {
  return column.toLowerCase().replace(/[\s_-]/g, '')
}

/** Which field a column holds; undefined for one that is passed over. */
export type ColumnFields = (column: string) => ImportField | undefined

/**
 * By the caller's mapping, `{"Column": "field"}` with null for a column to pass over, or else by name: case, spaces,
 * hyphens and underscores do not matter. Throws VALIDATION_FAILED.
 */
export function columnFields(mapping: string | undefined): ColumnFields {
  const given = mapping === undefined ? new Map<string, ImportField | null>() : parseMapping(mapping)
  return (column) => {
    const mapped = given.get(column)
    return mapped === null ? undefined : (mapped ?? BY_NAME[plain(column)])
  }
}

function parseMapping(text: string): Map<string, ImportField | null> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = undefined
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw refused([], 'type', 'must be a JSON object of columns and fields')
  }
  for (const [column, field] of Object.entries(parsed)) {
    if (field === null || (IMPORT_FIELDS as readonly unknown[]).includes(field)) continue
    throw refused([column], 'unknown_option', `must be null or one of ${IMPORT_FIELDS.join(', ')}`)
  }
  return new Map(Object.entries(parsed as Record<string, ImportField | null>))
}

function refused(path: string[], rule: string, message: string): ValidationError {
  const issue: Issue = { path: ['mapping', ...path], rule, message }
  return new ValidationError([issue])
}
