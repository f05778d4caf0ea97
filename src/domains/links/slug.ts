/** The longest slug; also what a generated one is cut to. */
export const MAX_SLUG = 80

/** What a slug that is asked for must look like; generated ones are a stricter kind of it. */
export const SLUG = /^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/

/** A slug from a name: Latin letters without their marks, digits and single hyphens; `link` when nothing is left. */
export function slugify(name: string): string {
  const slug = plain(name)
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG)
    .replace(/^-+|-+$/g, '')
  return slug || 'link'
}

/** The longest field key that is generated (contract/sayify.md A4). */
const MAX_FIELD_KEY = 64

/** A field key from a prompt, by the same contract: lower case, everything else to `_`, trimmed and cut. */
export function fieldKeyOf(prompt: string): string {
  const key = plain(prompt)
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, MAX_FIELD_KEY)
    .replace(/_+$/, '')
  return key || 'question'
}

/** `wish`, or the first of `wish-2`, `wish-3`, … that is not taken. `longest` bounds the result. */
export function firstFree(
  wish: string,
  isTaken: (candidate: string) => boolean,
  separator: string,
  longest: number,
): string {
  if (!isTaken(wish)) return wish
  for (let n = 2; ; n++) {
    const suffix = `${separator}${n}`
    const candidate = wish.slice(0, longest - suffix.length) + suffix
    if (!isTaken(candidate)) return candidate
  }
}

function plain(value: string): string {
  return value.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}
