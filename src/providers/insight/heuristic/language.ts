import type { Word } from './words.ts'

/** What this analyser has words for; `other`: it judges by length and marks only. */
export type Known = 'en' | 'fi' | 'other'

const ENGLISH = new Set(
  'the a an and or but is was were are be been i you he she it we they my your our their this that there of to in on at for with not no so very had have has did do would could all me us just when from as'.split(
    ' ',
  ),
)
const FINNISH = new Set(
  'ja on oli olivat ei en et eikä enkä mutta vaikka että kun niin minä mä mun mulle se sen sitä ne oon olen ole ollut tosi ihan todella aivan liian myös vielä nyt vain kaikki joka jotka kuin kanssa tai sekä hyvä hyvin kiitos no tota'.split(
    ' ',
  ),
)
/** Endings and double vowels that English words hardly have. */
const FINNISH_SHAPE = /[äö]|(aa|uu|yy|ii)|(ssa|sta|lla|lta|lle|nen|sti|vat|mme|tte|inen|isin)$/u

/** What the text itself speaks, else what was said of it, else English. */
export function languageOf(words: readonly Word[], said: string | null): Known {
  let english = 0
  let finnish = 0
  for (const { form } of words.slice(0, 400)) {
    if (ENGLISH.has(form)) english++
    if (FINNISH.has(form)) finnish++
    else if (FINNISH_SHAPE.test(form)) finnish += 0.5
  }
  const primary = said?.toLowerCase().split(/[-_]/)[0]
  // Words of other languages look Finnish or English now and then.
  const enough = primary === undefined || primary === 'en' || primary === 'fi' ? 0.5 : Math.max(3, words.length / 4)
  if (finnish > english && finnish >= enough) return 'fi'
  if (english > finnish && english >= enough) return 'en'
  if (primary === 'fi') return 'fi'
  return primary === undefined || primary === 'en' ? 'en' : 'other'
}
