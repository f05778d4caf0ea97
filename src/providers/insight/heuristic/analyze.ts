import type { WinkMethods } from 'wink-nlp'
import type { Evidence, InsightFound, InsightRequest } from '../insight.ts'
import { actionableIn } from './actionable.ts'
import { clarityOf, isClosed, VERDICTS } from './clarity.ts'
import { customField } from './custom-fields.ts'
import { english } from './english.ts'
import { finnish } from './finnish.ts'
import { type Known, languageOf } from './language.ts'
import type { Lexicon } from './lexicon.ts'
import { feel } from './sentiment.ts'
import { isStopWord } from './stop-words.ts'
import { summaryOf } from './summary.ts'
import { topicsOf } from './topics.ts'
import { sentencesOf, wordsOf } from './words.ts'

/** Nobody says more in one answer; what is longer is judged by its beginning. */
export const MOST_READ = 50_000
const MOST_HITS = 20

const SILENT: Lexicon = {
  ...english,
  value: () => 0,
  phrases: new Map(),
  negators: new Set(),
  missing: new Set(),
  unreal: new Map(),
  yes: new Set(),
  no: new Set(),
  ironic: new Map(),
}

export function lexiconOf(language: Known): Lexicon {
  return language === 'fi' ? finnish : language === 'en' ? english : SILENT
}

/** All that can be told by word lists and marks. Never throws, whatever the text. */
export function analyze(request: Omit<InsightRequest, 'signal'>, nlp: WinkMethods): InsightFound {
  const text = request.text.slice(0, MOST_READ)
  const words = wordsOf(text)
  const sentences = sentencesOf(text, words)
  const language = languageOf(words, request.language)
  const lexicon = lexiconOf(language)
  const value = (form: string) => lexicon.value(form)
  const felt = feel(text, words, sentences, lexicon, isClosed(request.question))
  const topics = topicsOf(text, words, language, nlp, value)
  const isContent = (form: string) => !isStopWord(form, language) && !lexicon.negators.has(form) && !VERDICTS.has(form)
  const { actionable, evidence: acts } = actionableIn(words, felt.clauses, language, isContent)
  const clear = clarityOf({ words, sentences, question: request.question, language, value })
  const { summary, spans } = summaryOf(text, sentences, felt.hits, topics)

  const evidence: Evidence[] = [
    ...strongest(felt.hits).map(({ start, end }) => ({ field: 'sentiment', start, end })),
    ...acts.slice(0, MOST_HITS).map((span) => ({ field: 'actionable', ...span })),
    ...clear.evidence.map((span) => ({ field: 'clarity', ...span })),
    ...spans.map((span) => ({ field: 'summary', ...span })),
    ...topics.flatMap(({ name, spans }) => spans.map((span) => ({ field: `topic:${name}`, ...span }))),
  ]
  const derived = { summary, sentiment: felt.sentiment, topics: topics.map(({ name }) => name), actionable, language }
  const customFields: [string, string | null][] = []
  for (const name of new Set(request.customFields)) {
    const { value, span } = customField(name, text, derived)
    customFields.push([name, value])
    if (span) evidence.push({ field: `custom:${name}`, ...span })
  }
  return {
    sentiment: felt.sentiment,
    sentimentScore: felt.score,
    actionable,
    keyTopics: derived.topics,
    summary,
    clarity: clear.clarity,
    customFields: Object.fromEntries(customFields),
    evidence,
  }
}

/** The words that weigh most, in their order. */
function strongest(hits: readonly { start: number; end: number; value: number }[]) {
  return [...hits]
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, MOST_HITS)
    .sort((a, b) => a.start - b.start)
}
