import type { Span } from '../insight.ts'

/** A word, a number or an emoji, with where it stands. `form` is lower-case and has no apostrophe: `couldnt`. */
export interface Word extends Span {
  form: string
}

/** A stretch of words between two marks or joints, as places in the list of words. */
export interface Sentence extends Span {
  /** The first word's place. */
  from: number
  /** The place after the last word's. */
  to: number
}

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*|\p{Extended_Pictographic}/gu

export function wordsOf(text: string): Word[] {
  const words: Word[] = []
  for (const { 0: found, index } of text.matchAll(WORD)) {
    words.push({ form: found.toLowerCase().replace(/['’]/g, ''), start: index, end: index + found.length })
  }
  return words
}

/** Sentences end with a mark that a space follows, or with the line; those without words are left out. */
export function sentencesOf(text: string, words: readonly Word[]): Sentence[] {
  const sentences: Sentence[] = []
  let from = 0
  for (let at = 0; at < words.length; at++) {
    const next = words[at + 1]
    const gap = next ? text.slice(words[at]!.end, next.start) : ''
    if (next && !/[.!?…]+["'’”)]*\s|[\r\n]/u.test(gap)) continue
    const end = words[at]!.end
    const closing = /^[.!?…]+/u.exec(text.slice(end, end + 3))?.[0].length ?? 0
    sentences.push({ from, to: at + 1, start: words[from]!.start, end: end + closing })
    from = at + 1
  }
  return sentences
}
