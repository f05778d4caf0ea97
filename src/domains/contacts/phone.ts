// The largest set of metadata: it tells numbers that exist from numbers that merely have the right length.
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max'

/** ISO 3166-1 alpha-2, of a country whose numbering plan is known. */
export type Country = CountryCode

export function isCountry(text: string): text is Country {
  return isSupportedCountry(text)
}

/**
 * The number in E.164; undefined unless it is a valid number of its country. Without `defaultCountry` only numbers in
 * international form (`+358…`) are understood. Extensions are refused, since nobody could dial them.
 */
export function parsePhone(input: string, defaultCountry: Country | null): string | undefined {
  const options = { extract: false, ...(defaultCountry === null ? {} : { defaultCountry }) }
  const number = parsePhoneNumberFromString(input.trim(), options)
  return number?.isValid() && !number.ext ? number.number : undefined
}

/** How an e-mail address is compared. */
export function normalEmail(email: string): string {
  return email.trim().toLowerCase()
}
