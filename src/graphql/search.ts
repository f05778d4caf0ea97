import { isStorable } from '../platform/validation.ts'

/** A filter that no row passes. */
const NOTHING = { id: { in: [] as string[] } }

/** Rows of which one of the alternatives contains `text`, in any case; all rows without one. */
export function searchWhere(
  text: string | null | undefined,
  alternatives: (containing: { contains: string; mode: 'insensitive' }) => Record<string, unknown>[],
): Record<string, unknown> {
  if (!text) return {}
  return isStorable(text) ? { OR: alternatives({ contains: text, mode: 'insensitive' }) } : NOTHING
}
