/** What a credential may do. The names are those of Sayify's keys (contract/sayify.md 2), extended in their pattern. */
export const SCOPES = [
  'links:read',
  'links:write',
  'responses:read',
  'responses:write',
  'contacts:read',
  'contacts:write',
  'tokens:read',
  'tokens:write',
] as const

export type Scope = (typeof SCOPES)[number]

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text)
}
