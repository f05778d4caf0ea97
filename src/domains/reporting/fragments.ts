import { type SearchTerm, WORD } from './search-terms.ts'

/** A stretch of a text, in UTF-16 units, in parts that were looked for and parts that were not. */
export interface Fragment {
  start: number
  end: number
  parts: { text: string; isMatch: boolean }[]
}

/** How many stretches of a text are shown. */
export const MAX_FRAGMENTS = 3
/** How much is shown around what was found, in UTF-16 units. */
const CONTEXT = 80
/** How long a stretch may become where much was found, unless it is a single word. */
const MAX_FRAGMENT = 400

interface Word {
  start: number
  end: number
  /** In lower case. */
  text: string
}

/** The words of a text with their places. */
export function wordsOf(text: string): Word[] {
  return [...text.matchAll(WORD)].map(({ 0: found, index }) => ({
    ...{ start: index, end: index + found.length, text: found.toLowerCase() },
  }))
}

/**
 * Where a text has what was looked for: the stretches with the most of it, in the order of the text, at least one.
 * `stems` are those of all words of the text and of the terms; words that share one are the same word.
 */
export function fragmentsOf(
  text: string,
  alternatives: readonly SearchTerm[][],
  stems: ReadonlyMap<string, ReadonlySet<string>>,
): Fragment[] {
  const words = wordsOf(text)
  const matched = matchedWords(words, alternatives, stems)
  const windows: { first: number; last: number; matches: number }[] = []
  const length = (first: number, last: number) => words[last]!.end - words[first]!.start
  for (const index of matched) {
    const { start, end } = words[index]!
    let first = index
    while (first > 0 && words[first - 1]!.start >= start - CONTEXT) first--
    let last = index
    while (last < words.length - 1 && words[last + 1]!.end <= end + CONTEXT) last++
    const open = windows.at(-1)
    if (open && first <= open.last + 1 && length(open.first, last) <= MAX_FRAGMENT) {
      open.last = last
      open.matches++
    } else if (open && index <= open.last) open.matches++
    else windows.push({ first: Math.max(first, (open?.last ?? -1) + 1), last, matches: 1 })
  }
  const shown =
    windows.length > 0
      ? windows
          .toSorted((one, other) => other.matches - one.matches)
          .slice(0, MAX_FRAGMENTS)
          .toSorted((one, other) => one.first - other.first)
      : [opening(words)]
  return shown.map(({ first, last }) => {
    const [from, to] = [words[first]?.start ?? 0, words[last]?.end ?? 0]
    // What stands before the first word and after the last belongs to them, as far as it is not long.
    const start = first === 0 ? whole(text, Math.max(0, from - CONTEXT)) : from
    const end = last >= words.length - 1 ? whole(text, Math.min(text.length, to + CONTEXT)) : to
    return { start, end, parts: partsOf(text, start, end, words, matched) }
  })
}

/** The same place, or the next one where it would part the two halves of a character. */
function whole(text: string, place: number): number {
  const parts = place > 0 && place < text.length && /^[\uDC00-\uDFFF]/.test(text.slice(place, place + 1))
  return parts ? place + 1 : place
}

function opening(words: readonly Word[]): { first: number; last: number } {
  const beyond = words.findIndex(({ end }) => end > 2 * CONTEXT)
  return { first: 0, last: beyond < 0 ? words.length - 1 : Math.max(beyond - 1, 0) }
}

/** Which words were looked for, in the order of the text. */
function matchedWords(
  words: readonly Word[],
  alternatives: readonly SearchTerm[][],
  stems: ReadonlyMap<string, ReadonlySet<string>>,
): Set<number> {
  const wanted = alternatives.flat().filter((term) => !term.excluded)
  const isKnown = (term: SearchTerm) => term.exact || wordsOf(term.text).every(({ text }) => stems.get(text)?.size)
  const known = wanted.filter(isKnown)
  // As the search itself: words too common for a dictionary count where there is nothing else.
  const terms = known.length > 0 ? known : wanted.map((term) => ({ ...term, exact: true }))
  const places = Map.groupBy(words.keys(), (index) => words[index]!.text)
  const matched = new Set<number>()
  for (const { text, exact } of terms) {
    const sought = wordsOf(text).map((word) => word.text)
    const same = (one: string, other: string) =>
      one === other || (!exact && [...(stems.get(one) ?? [])].some((stem) => stems.get(other)?.has(stem)))
    const beginnings = [...places.keys()].filter((word) => same(word, sought[0]!)).flatMap((word) => places.get(word)!)
    for (const begin of beginnings) {
      if (!sought.every((word, n) => words[begin + n] !== undefined && same(words[begin + n]!.text, word))) continue
      for (let n = 0; n < sought.length; n++) matched.add(begin + n)
    }
  }
  return new Set([...matched].sort((one, other) => one - other))
}

function partsOf(text: string, start: number, end: number, words: readonly Word[], matched: ReadonlySet<number>) {
  const parts: Fragment['parts'] = []
  let at = start
  for (const index of matched) {
    const word = words[index]!
    if (word.start < start || word.end > end) continue
    if (word.start > at) parts.push({ text: text.slice(at, word.start), isMatch: false })
    parts.push({ text: text.slice(word.start, word.end), isMatch: true })
    at = word.end
  }
  if (at < end) parts.push({ text: text.slice(at, end), isMatch: false })
  return parts
}
