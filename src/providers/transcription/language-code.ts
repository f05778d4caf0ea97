const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
let codes: Map<string, string> | undefined

/**
 * The BCP 47 tag of what a server calls a language: `en`, `en-GB`, or its English name, `english`, as OpenAI's does.
 * Null for anything else.
 */
export function languageCode(name: string): string | null {
  const wanted = name.trim().toLowerCase()
  codes ??= namesOfLanguages()
  const known = codes.get(wanted)
  if (known !== undefined) return known
  if (!/^[a-z]{2,3}([-_][a-z0-9]{2,8}){0,3}$/.test(wanted)) return null
  try {
    return Intl.getCanonicalLocales(wanted.replaceAll('_', '-'))[0] ?? null
  } catch {
    return null
  }
}

/** The primary subtag: `en` of `en-GB`. */
export function primaryLanguage(tag: string): string {
  return tag.split(/[-_]/, 1)[0]!.toLowerCase()
}

function namesOfLanguages(): Map<string, string> {
  const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' })
  const found = new Map<string, string>()
  for (const first of LETTERS) {
    for (const second of LETTERS) {
      const code = first + second
      // Codes that were replaced have the name of what replaced them.
      const [canonical] = Intl.getCanonicalLocales(code)
      const name = names.of(code)?.toLowerCase()
      if (name !== undefined && canonical === code) found.set(name, code)
    }
  }
  return found
}
