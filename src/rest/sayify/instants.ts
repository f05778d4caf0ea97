const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/

/**
 * An instant as Sayify writes it (contract/sayify.md 1): UTC with microseconds, without a fraction when there is none.
 * `canonical` is a text such as `2026-02-22T17:15:55.291121Z`.
 */
export function writeInstant(canonical: string): string
export function writeInstant(canonical: string | null): string | null
export function writeInstant(canonical: string | null): string | null {
  if (canonical === null) return null
  const match = INSTANT.exec(canonical)
  if (!match) throw new Error(`not an instant in UTC: ${canonical}`)
  const fraction = (match[2] ?? '').padEnd(6, '0')
  return Number(fraction) === 0 ? `${match[1]}Z` : `${match[1]}.${fraction}Z`
}
