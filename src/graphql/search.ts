/** A filter that no row passes. */
const NOTHING = { id: { in: [] as string[] } }

/** Whether the database can be asked for this text: it has no U+0000, and a lone surrogate is no character. */
export function isFindable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** Rows of which one of the alternatives contains `text`, in any case; all rows without one. */
export function searchWhere(
  text: string | null | undefined,
  alternatives: (containing: { contains: string; mode: 'insensitive' }) => Record<string, unknown>[],
): Record<string, unknown> {
  if (!text) return {}
  return isFindable(text) ? { OR: alternatives({ contains: text, mode: 'insensitive' }) } : NOTHING
}
