import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'

export interface Routes {
  /** For countries without a route of their own: what Asterisk dials, with placeholders. */
  endpoint: string | undefined
  /** By ISO 3166-1 alpha-2. */
  byCountry: Readonly<Record<string, string>>
}

/**
 * What Asterisk dials for a number in E.164: `{number}` is the number, `{digits}` the same without `+`, `{national}` as
 * it is dialled within its country. Undefined when no route fits.
 */
export function endpointOf({ endpoint, byCountry }: Routes, number: string): string | undefined {
  const parsed = parsePhoneNumberFromString(number)
  const country: CountryCode | undefined = parsed?.country
  const template = (country && byCountry[country]) ?? endpoint
  if (template === undefined) return undefined
  const digits = number.slice(1)
  const national = parsed ? parsed.formatNational().replace(/\D/g, '') : digits
  const values: Record<string, string> = { number, digits, national }
  return template.replace(/\{(number|digits|national)\}/g, (_, name: string) => values[name]!)
}
