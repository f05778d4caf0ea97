/**
 * Ids of this API are the small numbers of things in their workspace. They are written as texts, but for a few fields,
 * and read in both forms (contract/multisender.md 1).
 */

/** The number that an id stands for; NaN, which nothing has, for what is no id. */
export function readId(id: string | number): number {
  if (typeof id === 'number') return Number.isInteger(id) ? id : Number.NaN
  return /^[1-9]\d{0,9}$/.test(id.trim()) ? Number(id) : Number.NaN
}

export function writeId(legacyId: number): string
export function writeId(legacyId: number | null): string | null
export function writeId(legacyId: number | null): string | null {
  return legacyId === null ? null : String(legacyId)
}

/** Of a path: what is called `name` there, such as `/accounts/1`. */
export function idParam(name: string, of: string) {
  return {
    [name]: { description: `Id of the ${of}.`, schema: { type: 'string', pattern: '^[1-9][0-9]*$' }, example: '1' },
  }
}
