import { BoundedMap } from './bounded-map.ts'

/** Making a formatter to find out is slow, and the same few zones are asked for again and again. */
const known = new BoundedMap<string, boolean>(1_000)

/** Whether `name` is a zone of the IANA database, offsets and legacy abbreviations such as `EST` aside. */
export function isTimeZone(name: string): boolean {
  if (name !== 'UTC' && !/^[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)+$/.test(name)) return false
  let isOne = known.get(name)
  if (isOne === undefined) {
    isOne = isZoneOfRuntime(name)
    known.set(name, isOne)
  }
  return isOne
}

function isZoneOfRuntime(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
