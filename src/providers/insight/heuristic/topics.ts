import type { ItemToken, WinkMethods } from 'wink-nlp'
import type { Span } from '../insight.ts'
import { VERDICTS } from './clarity.ts'
import { english } from './english.ts'
import type { Known } from './language.ts'
import { isStopWord } from './stop-words.ts'
import type { Word } from './words.ts'

export interface Topic {
  name: string
  /** Where it is named, the first three times. */
  spans: Span[]
}

const MOST = 5
const MOST_WORDS = 3
/** Names of nothing in particular. */
const EMPTY = new Set(
  'thing things time times day days way lot bit one ones everything something nothing anything hour hours minute minutes week weeks month months year years today yesterday tomorrow morning idea problem problems issue issues kind sort part end beginning half people person man guy rest first last money thanks thank shame pity fan cent times experience company place second name'.split(
    ' ',
  ),
)

/** What it is about: noun phrases, the ones named most often first. */
export function topicsOf(
  text: string,
  words: readonly Word[],
  language: Known,
  nlp: WinkMethods,
  value: (form: string) => number,
): Topic[] {
  const phrases =
    language === 'fi' ? finnishNouns(words, value) : language === 'en' ? nounPhrases(text, words, nlp) : []
  const topics = new Map<string, Topic & { count: number }>()
  for (const { name, span } of phrases) {
    const topic = topics.get(name) ?? { name, spans: [], count: 0 }
    topic.count++
    if (topic.spans.length < 3) topic.spans.push(span)
    topics.set(name, topic)
  }
  return [...topics.values()]
    .sort((a, b) => b.count - a.count || a.spans[0]!.start - b.spans[0]!.start)
    .slice(0, MOST)
    .map(({ name, spans }) => ({ name, spans }))
}

interface Named {
  name: string
  span: Span
}

/** Longer words, and more of them, cost the tagger time with their square. */
const MOST_LETTERS = 40
const MOST_TAGGED = 5_000

/** Adjectives and nouns that stand together and end with a noun. */
function nounPhrases(text: string, words: readonly Word[], nlp: WinkMethods): Named[] {
  const found: Named[] = []
  let run: { word: Word; noun: boolean }[] = []
  const close = () => {
    while (run.length > 0 && !run.at(-1)!.noun) run.pop()
    const kept = run.slice(-MOST_WORDS).map(({ word }) => word)
    run = []
    const last = kept.at(-1)?.form ?? ''
    if (last.length < 3 || EMPTY.has(last)) return
    const span = { start: kept[0]!.start, end: kept.at(-1)!.end }
    found.push({ name: kept.map(({ form }) => form).join(' '), span })
  }
  let before: Word | undefined
  for (const { word, kind } of tagged(text, words, nlp)) {
    if (before && /[^\s'’-]/u.test(text.slice(before.end, word.start))) close()
    before = word
    const isNoun = kind === 'NOUN' || kind === 'PROPN'
    const counts = !isStopWord(word.form, 'en') && !VERDICTS.has(word.form) && /\p{L}/u.test(word.form)
    if (counts && isNoun) run.push({ word, noun: true })
    else if (counts && kind === 'ADJ' && english.value(word.form) === 0) {
      if (run.some(({ noun }) => noun)) close()
      run.push({ word, noun: false })
    } else close()
  }
  close()
  return found
}

/**
 * The words with their kinds. The tagger reads them with single spaces between, and a comma for whatever marks there
 * were, so that where it stands is known; it may make two of one word, of which the first counts.
 */
function tagged(text: string, words: readonly Word[], nlp: WinkMethods): { word: Word; kind: string }[] {
  const read: { word: Word; at: number }[] = []
  let plain = ''
  for (const word of words.slice(0, MOST_TAGGED)) {
    if (word.end - word.start > MOST_LETTERS) continue
    const last = read.at(-1)
    if (last) plain += /[^\s'’-]/u.test(text.slice(last.word.end, word.start)) ? ' , ' : ' '
    read.push({ word, at: plain.length })
    plain += text.slice(word.start, word.end)
  }
  const out: { word: Word; kind: string }[] = []
  let cursor = 0
  let next = 0
  nlp
    .readDoc(plain)
    .tokens()
    .each((token: ItemToken) => {
      const value = token.out(nlp.its.value)
      const at = plain.indexOf(value, cursor)
      if (at < 0) return
      cursor = at + value.length
      while (next < read.length && read[next]!.at < at) next++
      if (read[next]?.at === at) out.push({ word: read[next]!.word, kind: token.out(nlp.its.pos) })
    })
  return out
}

/** Without a tagger: words of substance that do not end like verbs. */
function finnishNouns(words: readonly Word[], value: (form: string) => number): Named[] {
  return words
    .filter(
      ({ form }) =>
        form.length >= 4 &&
        !isStopWord(form, 'fi') &&
        value(form) === 0 &&
        /^\p{L}+$/u.test(form) &&
        !/(?:imme|itte|ivat|ivät|vat|vät|isin|isi|iko|ikö|nut|nyt|taan|tään|sti|ttu|tty|kaa|kää|tteko|in|aa|ää|oo|uu|ii|ee|yy|öö)$/u.test(
          form,
        ),
    )
    .map(({ form, start, end }) => ({ name: form, span: { start, end } }))
}
