import { encodeGlobalId } from '../../src/graphql/global-id.ts'
import type { Json } from './entry.ts'

/** A recording names a value that no answer gave. */
export class UnknownName extends Error {
  override readonly name = 'UnknownName'
}

const PART = /\{\{ *(?:([A-Z]\w*) +)?(\w+) *\}\}/g
const WHOLE = new RegExp(`^${PART.source}$`)

export type Values = ReadonlyMap<string, Json>

/**
 * The text with `{{name}}` replaced; `{{Response name}}` is the global id of a response whose UUID `name` is. Throws
 * UnknownName.
 */
export function fill(text: string, values: Values): string {
  return text.replace(PART, (_part, typename: string | undefined, name: string) => {
    const value = named(typename, name, values)
    return typeof value === 'string' ? value : JSON.stringify(value)
  })
}

/** The same in every text of a JSON value; a text that is nothing but one name becomes its value, whatever its type. */
export function fillJson(value: Json, values: Values): Json {
  if (typeof value === 'string') {
    const whole = WHOLE.exec(value)
    return whole ? named(whole[1], whole[2]!, values) : fill(value, values)
  }
  if (Array.isArray(value)) return value.map((item) => fillJson(item, values))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillJson(item, values)]))
}

/** Whether a request, its answer included, mentions the name. */
export function mentions(value: unknown, name: string): boolean {
  return [...JSON.stringify(value).matchAll(PART)].some((part) => part[2] === name)
}

function named(typename: string | undefined, name: string, values: Values): Json {
  const value = values.get(name)
  if (value === undefined) throw new UnknownName(`{{${name}}} was not captured`)
  return typename === undefined ? value : encodeGlobalId(typename, String(value))
}
