/** A word that is looked for by its stem, or what stood in quotes, which is looked for as it is. */
export interface SearchTerm {
  text: string
  /** In quotes: these words, in this form and order. */
  exact: boolean
  /** With `-` in front: answers with it are not wanted. */
  excluded: boolean
}

/** Letters, digits and their marks: what counts as a word where no dictionary is asked. */
export const WORD = /[\p{L}\p{N}\p{M}]+/gu

/** What stands in quotes, with or without `-`, or whatever reaches to the next space or quote. */
const PART = /-?"([^"]*)(?:"|$)|[^\s"]+/g

/**
 * What a search asks for, as people write it for web searches: words, `"these words in this order"`, `-without`, and `or`
 * between alternatives. Alternatives, each a list of terms that must all hold. Whatever is written means something: a
 * quote that is not closed ends with the text, an `or` that stands alone is passed over. Empty when nothing is looked for.
 */
export function searchTerms(query: string): SearchTerm[][] {
  const alternatives: SearchTerm[][] = [[]]
  for (const [part, quoted] of query.matchAll(PART)) {
    if (/^or$/i.test(part)) {
      alternatives.push([])
      continue
    }
    const excluded = part.startsWith('-')
    const text = quoted ?? part.slice(excluded ? 1 : 0)
    // Without a letter or a digit it is punctuation, which is in no index.
    if (text.search(WORD) >= 0) alternatives.at(-1)!.push({ text, exact: quoted !== undefined, excluded })
  }
  return alternatives.filter((terms) => terms.length > 0)
}

/** Endings of a Finnish noun in -us, -ys, -os … other than its dictionary form: toimituksen, toimituksia. */
const DECLINED =
  /(?<=[aeiouyäö])ks(?:i|e[ntäa]|een|eksi|ena|enä|ess[aä]|est[aä]|ell[aä]|elt[aä]|elle|i[aä]|ien|in[aä]|iss[aä]|ist[aä]|iin|ill[aä]|ilt[aä]|ille)$/

/**
 * A word, and with it the form of a Finnish noun in -us that its stemmer takes for another word: "toimitus" is found by
 * "toimituksen" and the other way round.
 */
export function formsOf(word: string): string[] {
  const lower = word.toLowerCase()
  if (/[aeiouyäö]s$/.test(lower)) return [word, `${lower.slice(0, -1)}ksen`]
  return DECLINED.test(lower) ? [word, lower.replace(DECLINED, 's')] : [word]
}
