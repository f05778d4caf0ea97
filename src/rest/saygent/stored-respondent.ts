import type { RespondentView } from '../../domains/responses/index.ts'
import type { Entry } from './entries.ts'
import { isFields } from './input.ts'

/**
 * A respondent as this API was told of it; of one who came by another way, what its contact says. What is not known is
 * left out.
 */
export function storedEntry({ legacyId, legacyForm, ...contact }: RespondentView): Entry {
  const told = isFields(legacyForm) ? legacyForm : undefined
  const { phone, firstName: first_name, lastName: last_name, email } = contact
  const known = told ?? { phone, first_name, last_name, email }
  const entry: Entry = { id: legacyId }
  for (const name of ['phone', 'first_name', 'last_name', 'email'] as const) {
    const value = known[name]
    if (typeof value === 'string') entry[name] = value
  }
  return entry
}
