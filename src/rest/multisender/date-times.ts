/** `2017-01-01 00:00:00`; the example of a webhook has a colon between day and time (contract/multisender.md 9). */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[ T:](\d\d:\d\d:\d\d)$/

/**
 * A moment as this API writes it: `YYYY-MM-DD HH:MM:SS` in UTC, without a zone (contract/multisender.md 1). Fractions
 * of a second are left out.
 */
export function writeDateTime(instant: Date | string): string
export function writeDateTime(instant: Date | string | null): string | null
export function writeDateTime(instant: Date | string | null): string | null {
  if (instant === null) return null
  return new Date(instant).toISOString().slice(0, 19).replace('T', ' ')
}

/** The moment that a text in this form names; undefined when it has another form, or names a day or time that is none. */
export function readDateTime(text: string): Date | undefined {
  const match = DATE_TIME.exec(text.trim())
  if (!match) return undefined
  const instant = new Date(`${match[1]}T${match[2]}Z`)
  // The parser takes 31 February for 3 March, and 24:00:00 for the next day.
  const isExact = !Number.isNaN(instant.getTime()) && writeDateTime(instant) === `${match[1]} ${match[2]}`
  return isExact ? instant : undefined
}
