/** The documentation's own, its spelling included (contract/saysimple.md 3). */
export const NOT_ISO_8601 = 'Date is not formated as ISO8601'
export const MALFORMED = 'Malformed query parameters'
export const NOT_FOUND = 'Resource not found'

/** `tenantChannelIdentifier` is `Tenant channel identifier`. */
export function labelOf(field: string): string {
  const words = field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export const required = (field: string) => `${labelOf(field)} is required`
/** After the documentation's `Channel should be a string`. */
export const shouldBe = (field: string, what: string) => `${labelOf(field)} should be ${what}`
