import { type Country, countryOf, parsePhone } from '../contacts/index.ts'

/** As E.164 allows them, with the country's code; shorter ones are short codes and the like. */
const DIGITS_ALONE = /^[1-9]\d{7,14}$/
const INTERNATIONAL = /^(?:\+|00)(?=[1-9])([\d\s().-]+)$/

/**
 * The country of a customer's telephone number; null for other identifiers, and where several share the number's prefix
 * and the numbering plans do not tell which. Numbers come as `+31…`, as `0031…` or, from WhatsApp, as `31…`: digits alone
 * must be a valid number, since they might as well be anything else.
 */
export function countryOfCustomer(identifier: string): Country | null {
  const text = identifier.trim()
  const international = INTERNATIONAL.exec(text)
  if (international) return countryOf(`+${international[1]}`) ?? null
  if (!DIGITS_ALONE.test(text)) return null
  const number = parsePhone(`+${text}`, null)
  return number === undefined ? null : (countryOf(number) ?? null)
}
