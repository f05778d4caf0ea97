/** Whether `text` is a JSON Pointer (RFC 6901). */
export function isJsonPointer(text: string): boolean {
  return /^(\/([^~/]|~[01])*)*$/.test(text)
}

/** What a JSON Pointer names in `document`; undefined when there is nothing. Looks at own members only. */
export function atPointer(document: unknown, pointer: string): unknown {
  let found = document
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Record<string, unknown>)[name]
  }
  return found
}

/** A text or a number there, as text; undefined for anything else and for the empty text. */
export function textAt(document: unknown, pointer: string): string | undefined {
  const found = atPointer(document, pointer)
  if (typeof found === 'number' && Number.isFinite(found)) return String(found)
  return typeof found === 'string' && found !== '' ? found : undefined
}
