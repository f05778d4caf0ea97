// The largest set of metadata, as where numbers are parsed: smaller ones cannot tell the countries of a calling code apart.
import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Country } from './phone.ts'

/**
 * Every country that an E.164 number may belong to: one for a valid number, even where several share a calling code
 * (+1, +7, +44), of which the largest where they share the very numbers (Finland for Åland's); all that share the calling
 * code for one that the numbering plans do not have; none for those of no country, such as satellite telephones (+870,
 * +881) and international toll-free numbers (+800).
 */
export function countriesOf(number: string): readonly Country[] {
  const parsed = parsePhoneNumberFromString(number, { extract: false })
  if (!parsed || parsed.isNonGeographic()) return []
  if (parsed.country) return [parsed.country]
  const possible = parsed.getPossibleCountries()
  return possible.length > 0 ? possible : (sharers().get(parsed.countryCallingCode) ?? [])
}

/** The country of an E.164 number; undefined when it has none, or when it cannot be told which. */
export function countryOf(number: string): Country | undefined {
  const countries = countriesOf(number)
  return countries.length === 1 ? countries[0] : undefined
}

let byCallingCode: Map<string, Country[]> | undefined

function sharers(): ReadonlyMap<string, readonly Country[]> {
  byCallingCode ??= Map.groupBy(getCountries(), (country) => getCountryCallingCode(country) as string)
  return byCallingCode
}
