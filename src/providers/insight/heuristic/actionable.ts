import type { Span } from '../insight.ts'
import type { Known } from './language.ts'
import { type Phrases, phraseAt, phrases } from './lexicon.ts'
import type { Clause } from './sentiment.ts'
import type { Word } from './words.ts'

const REQUESTS: Readonly<Record<'en' | 'fi', Phrases>> = {
  en: phrases({
    0: 'should|could you|can you add|can you make|you could|please|would be nice|would be good|would be great|would be useful|would be handy|would be helpful|would be better|would be even better|be better if|i wish|just wish|wish you|wish there|wish it|need a|need an|need more|need to|we need|add a|add an|add more|needs to|i suggest|suggest|why not|bring back|bring it back|is there any chance|any chance|is there a way|do you have|do you open|could not find|couldnt find|how do i|fix the|fix your|fix it|until you fix|consider|instead of|i would prefer|id prefer|i would like to see|would love to see|would love|more of|improve|send me|call me|contact me|get back to me',
  }),
  fi: phrases({
    0: 'pitäisi|pitäis|voisi|voisitte|voisitteko|voisiko|toivoisin|toivon|toivottavasti|kannattaisi|olisi kiva|olisi hyvä|enemmän|saisiko|tarvitaan|tarvitsemme|lisätkää|lisää|ehdotan|korjatkaa|ottakaa yhteyttä|soittakaa|lähettäkää|parantaa|parannettavaa|haluaisin|parempi jos|miksi ette|onko teillä',
  }),
}

/** Blame without a thing in it, "I hated it", leaves nothing to do; a word that is no verdict makes a thing likely. */
const THING_WORDS = 1

/** Whether somebody could do something about it: it asks for something, or names what was wrong. */
export function actionableIn(
  words: readonly Word[],
  clauses: readonly Clause[],
  language: Known,
  isContent: (form: string) => boolean,
): { actionable: boolean; evidence: Span[] } {
  const evidence: Span[] = []
  const requests = language === 'other' ? undefined : REQUESTS[language]
  for (let at = 0; requests && at < words.length; at++) {
    const found = phraseAt(requests, words, at)
    if (found) evidence.push({ start: words[at]!.start, end: words[at + found.length - 1]!.end })
  }
  let at = 0
  for (const { start, end, value } of clauses) {
    let things = 0
    for (; at < words.length && words[at]!.start < end; at++) {
      if (words[at]!.start >= start && isContent(words[at]!.form)) things++
    }
    if (value <= -1 && things >= THING_WORDS) evidence.push({ start, end })
  }
  return { actionable: evidence.length > 0, evidence }
}
