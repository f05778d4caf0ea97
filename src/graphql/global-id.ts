import { NotFoundError } from '../platform/errors.ts'
import { isUuid } from '../platform/ids.ts'

/** The type that a text which is no global id is said to have; no object has it. */
export const UNKNOWN_TYPE = 'Unknown'

export interface GlobalId {
  typename: string
  id: string
}

/** A global id holds the type and the UUID and nothing else. */
export function encodeGlobalId(typename: string, id: string): string {
  // Of ASCII, base64 and base64url differ in the padding only; a nested read makes hundreds, and this takes half the time.
  const text = btoa(`${typename}:${id}`)
  const last = (typename.length + 1 + id.length) % 3
  return last === 0 ? text : text.slice(0, last - 3)
}

/** Never throws: what is not a global id is one of an unknown type, so that it is answered like an unknown id. */
export function decodeGlobalId(globalId: string): GlobalId {
  const match = /^([A-Za-z]+):(.+)$/.exec(Buffer.from(globalId, 'base64url').toString())
  if (!match || !isUuid(match[2]!)) return { typename: UNKNOWN_TYPE, id: '' }
  return { typename: match[1]!, id: match[2]! }
}

/** The UUID within a global id of this type. Throws NOT_FOUND for anything else. */
export function idOf(typename: string, globalId: string, path: readonly (string | number)[]): string {
  const decoded = decodeGlobalId(globalId)
  if (decoded.typename !== typename) throw new NotFoundError(nameOf(typename), path)
  return decoded.id
}

/** The UUID within a global id of this type; null for anything else. */
export function idOrNull(typename: string, globalId: string): string | null {
  const decoded = decodeGlobalId(globalId)
  return decoded.typename === typename ? decoded.id : null
}

/** How messages name a type: `ApiKey` is an "API key", others are their word in lower case. */
export function nameOf(typename: string): string {
  return typename === 'ApiKey' ? 'API key' : typename.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
}
