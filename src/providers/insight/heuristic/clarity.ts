import type { Span } from '../insight.ts'
import type { Known } from './language.ts'
import { type Phrases, phraseAt, phrases } from './lexicon.ts'
import { isStopWord } from './stop-words.ts'
import { type Sentence, type Word, wordsOf } from './words.ts'

/** Said instead of an answer. */
const EVASIONS: Readonly<Record<'en' | 'fi', Phrases>> = {
  en: phrases({
    0: 'dont know|do not know|no idea|not sure|no comment|cant say|cannot say|cant really say|couldnt say|hard to say|no opinion|who knows|have not used|havent used|have not tried|havent tried|never used|never tried|was not there|wasnt there|not applicable|n a|repeat the question|say that again|what do you mean|dont understand the question|what was the question|let me think|nothing to say|nothing comes to mind|dont remember|do not remember|cant remember|rather not say|none of your business|test test|testing|next question|skip',
  }),
  fi: phrases({
    0: 'en osaa sanoa|en osaa|en tiedä|en tiiä|en mä tiiä|en mä nyt tiiä|en mä tiedä|ei mielipidettä|ei kommentteja|en kommentoi|en muista|en ole vielä kokeillut|en ole kokeillut|en ole käyttänyt|en ole vielä käyttänyt|en ollut paikalla|mikä oli kysymys|voitko toistaa|mitä tarkoitat|en halua sanoa|vaikea sanoa|en ymmärrä kysymystä|testi',
  }),
}

/** Said when somebody does not want to commit to anything. */
const HEDGES: Readonly<Record<'en' | 'fi', Phrases>> = {
  en: phrases({
    0: 'i guess|so so|same as always|same as usual|as always|as usual|nothing special|average|it was ok|it was okay|it was fine|is ok|was alright|not bad not good|some things|sometimes yes|it depends|whatever|more or less|kind of ok|maybe|a job|somehow|stuff like that|and so on',
  }),
  fi: phrases({
    0: 'ihan ok|ihan okei|ihan kiva|ihan jees|siinähän se|ihan hyvä|ei erikoista|ei mitään erikoista|niin kuin aina|kuten aina|tavallinen|keskiverto|ehkä|riippuu|ihan sama|meni|menihän se|mitäs tuosta',
  }),
}

/** A question that yes or no answers. */
const CLOSED =
  /^\W*(?:would|will|do|does|did|are|is|was|were|have|has|can|could|should)\b|\w+(?:ko|kö|isitko|isitkö|itko|itkö)\b/iu
const DECIDED: Phrases = phrases({
  0: 'yes|no|absolutely|definitely|certainly|of course|already have|i already|not until|only if|heartbeat|never|kyllä|ehdottomasti|en|varmasti|tottakai|totta kai|joo|ei',
})

/** Words of substance, none of them from the question, that make an answer as clear as can be told by counting. */
const ENOUGH = 7

export interface Clarity {
  clarity: number
  /** What it was judged by; empty when there is nothing. */
  evidence: Span[]
}

/** How well a text answers: by words of substance, less what evades. From 0 to 100. */
export function clarityOf(input: {
  words: readonly Word[]
  sentences: readonly Sentence[]
  question: string
  language: Known
  value(form: string): number
}): Clarity {
  const { words, sentences, question, language, value } = input
  if (words.length === 0) return { clarity: 0, evidence: [] }
  const asked = new Set(wordsOf(question).map(({ form }) => form.slice(0, 5)))
  const substance = new Set<string>()
  let praise = 0
  let readable = 0
  const evidence: Span[] = []
  for (const { form, start, end } of words) {
    if (isStopWord(form, language)) {
      readable++
      continue
    }
    if (looksRead(form)) readable++
    else continue
    if (value(form) !== 0) praise++
    if (GENERIC.has(form) || asked.has(form.slice(0, 5))) continue
    if (Math.abs(value(form)) > 0 && VERDICTS.has(form)) continue
    if (!substance.has(form) && evidence.length < 3) evidence.push({ start, end })
    substance.add(form)
  }
  if (readable === 0) return { clarity: 5, evidence: whole(words) }
  const hits =
    language === 'other'
      ? { evasions: [], hedges: [] }
      : { evasions: found(EVASIONS[language]), hedges: found(HEDGES[language]) }
  const n = substance.size
  if (hits.evasions.length > 0 && n <= 4) return { clarity: 10, evidence: hits.evasions }
  let clarity = Math.min(100, 30 + (70 * Math.min(n, ENOUGH)) / ENOUGH)
  // One word of substance beside a verdict says about what.
  if (n >= 1 && praise > 0) clarity += 15
  if (n >= 2 && words.length >= 4) clarity += 15
  if (n === 0) clarity = praise > 0 ? 40 : 20
  if (hits.hedges.length > 0 && n <= 3) clarity = Math.min(clarity, 35)
  if (sentences.length === 1 && n <= 2 && words.length <= 3 && praise === 0) clarity = Math.min(clarity, 45)
  if (isClosed(question) && words.some((_, at) => phraseAt(DECIDED, words, at)) && hits.hedges.length === 0) {
    clarity = Math.max(clarity, 70)
  }
  return { clarity: Math.round(Math.min(100, clarity)), evidence: clarity < 50 ? whole(words) : evidence }

  function found(known: Phrases): Span[] {
    const spans: Span[] = []
    for (let at = 0; at < words.length; at++) {
      const phrase = phraseAt(known, words, at)
      if (phrase) spans.push({ start: words[at]!.start, end: words[at + phrase.length - 1]!.end })
    }
    return spans
  }
}

/** Praise and blame that say nothing of what they are about. */
export const VERDICTS = new Set(
  'good great nice fine ok okay alright perfect excellent amazing awesome wonderful fantastic brilliant super love loved lovely like liked bad terrible awful horrible worst best better recommend recommended happy satisfied meh cool enjoyed hate hated poor disappointing disappointed regret waste cheated fan hyvä hyvää hyvin hieno hienoa kiva kivaa mukava loistava mahtava huono huonoa huonosti surkea kamala paras ihana täydellinen upea'.split(
    ' ',
  ),
)
const GENERIC = new Set(
  'thank thanks please really experience overall everything general bye hello hi people answer question kiitos moi hei meni'.split(
    ' ',
  ),
)

/** Whether it could be a word: it has vowels, and no key is struck again and again. */
function looksRead(form: string): boolean {
  if (/\p{N}/u.test(form)) return true
  if (!/^\p{Script=Latin}+$/u.test(form)) return true
  return (
    /[aeiouyàáâäåæèéêëìíîïòóôöøùúûüœ]/u.test(form) && !/(.)\1{3,}|^(?:asdf|qwer|sdfg|dfgh|hjkl|zxcv|jkl)/u.test(form)
  )
}

/** Whether yes or no answers it. */
export function isClosed(question: string): boolean {
  return CLOSED.test(question) && !/^\W*(?:how|what|why|tell|describe|mitä|miten|millai|miksi|kerro)/iu.test(question)
}

function whole(words: readonly Word[]): Span[] {
  return [{ start: words[0]!.start, end: words.at(-1)!.end }]
}

/** Whether it says that there is nothing to say. */
export function evades(words: readonly Word[], language: 'en' | 'fi'): boolean {
  return words.some((_, at) => phraseAt(EVASIONS[language], words, at))
}
