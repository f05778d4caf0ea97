import type { WinkMethods } from 'wink-nlp'
import type { FollowUpFound, FollowUpRequest, Lack } from '../insight.ts'
import { analyze, lexiconOf } from './analyze.ts'
import { evades } from './clarity.ts'
import { languageOf } from './language.ts'
import { topicsOf } from './topics.ts'
import { wordsOf } from './words.ts'

type Mood = 'good' | 'bad' | 'plain'

interface Question {
  asks: Lack
  text: string
  /** With what the person named in place of `*`. */
  about?: string
}

/** In the order in which they are asked. */
const QUESTIONS: Readonly<Record<'en' | 'fi', Readonly<Record<Mood | 'lost', readonly Question[]>>>> = {
  en: {
    good: [
      { asks: 'what', text: 'What did you like most about it?', about: 'What did you like about “*”?' },
      { asks: 'why', text: 'Why did that matter to you?', about: 'Why did “*” matter to you?' },
      { asks: 'how', text: 'How could it be even better?' },
    ],
    bad: [
      { asks: 'what', text: 'What went wrong, in particular?', about: 'What was wrong with “*”, in particular?' },
      { asks: 'how', text: 'How should we have done it?', about: 'How should we change “*”?' },
      { asks: 'when', text: 'When did this happen?', about: 'When did this happen with “*”?' },
    ],
    plain: [
      { asks: 'why', text: 'Why do you see it that way?', about: 'Could you say why you mention “*”?' },
      { asks: 'what', text: 'What would have made it better?', about: 'What about “*” should we know?' },
      { asks: 'more', text: 'Could you give an example?', about: 'Could you give an example about “*”?' },
    ],
    lost: [{ asks: 'more', text: 'Is there one thing, good or bad, that you remember?' }],
  },
  fi: {
    good: [
      { asks: 'what', text: 'Mistä pidit eniten?', about: 'Mikä oli hyvää, kun mainitsit ”*”?' },
      { asks: 'why', text: 'Miksi se oli sinulle tärkeää?', about: 'Miksi ”*” oli sinulle tärkeää?' },
      { asks: 'how', text: 'Miten siitä saisi vielä paremman?' },
    ],
    bad: [
      { asks: 'what', text: 'Mikä tarkalleen meni vikaan?', about: 'Mikä oli vialla, kun mainitsit ”*”?' },
      {
        asks: 'how',
        text: 'Miten meidän olisi pitänyt toimia?',
        about: 'Mitä meidän pitäisi muuttaa, kun mainitsit ”*”?',
      },
      { asks: 'when', text: 'Milloin tämä tapahtui?', about: 'Milloin tämä tapahtui, kun mainitsit ”*”?' },
    ],
    plain: [
      { asks: 'why', text: 'Miksi ajattelet niin?', about: 'Miksi mainitsit ”*”?' },
      {
        asks: 'what',
        text: 'Mikä olisi tehnyt siitä paremman?',
        about: 'Mitä meidän pitäisi tietää, kun mainitsit ”*”?',
      },
      { asks: 'more', text: 'Voisitko antaa esimerkin?', about: 'Voisitko antaa esimerkin, kun mainitsit ”*”?' },
    ],
    lost: [{ asks: 'more', text: 'Onko jotain yhtä asiaa, hyvää tai huonoa, jonka muistat?' }],
  },
}

/** A topic that is longer is not repeated. */
const MOST_TOPIC = 40

/** One question that asks for what is missing; null when all was asked, or nothing more is to be had. */
export function followUp(request: Omit<FollowUpRequest, 'signal'>, nlp: WinkMethods): FollowUpFound | null {
  const { exchanges, question } = request
  const last = exchanges.at(-1)
  if (!last) return null
  const all = wordsOf(
    exchanges
      .map(({ answer }) => answer)
      .join('\n')
      .slice(0, 20_000),
  )
  const language = languageOf(all, request.language)
  if (language === 'other' || wordsOf(last.answer).length === 0) return null
  if (declines(last.answer) || repeats(exchanges)) return null

  const asked = new Set(exchanges.map((exchange) => exchange.question.trim()))
  const lost = evades(wordsOf(last.answer), language)
  // Who still cannot say is left alone.
  if (lost && exchanges.length > 1) return null
  const mood = moodOf(request, nlp)
  const topic = lost ? undefined : topicOf(last.answer, question, language, nlp)
  const questions = QUESTIONS[language][lost ? 'lost' : mood]
  const lacks = lacksAsked(asked, language)
  for (const { asks, text, about } of questions) {
    if (lacks.has(asks)) continue
    const prompt = topic !== undefined && about !== undefined ? about.replace('*', () => topic) : text
    if (!asked.has(prompt)) return { prompt, language, asks }
  }
  return null
}

function moodOf({ question, exchanges, language }: Omit<FollowUpRequest, 'signal'>, nlp: WinkMethods): Mood {
  const text = exchanges.map(({ answer }) => answer).join('\n')
  const { sentiment } = analyze({ text, language, question, customFields: [] }, nlp)
  return sentiment === 'positive' ? 'good' : sentiment === 'neutral' ? 'plain' : 'bad'
}

/** What the person named, and the question did not. */
function topicOf(answer: string, question: string, language: 'en' | 'fi', nlp: WinkMethods): string | undefined {
  const text = answer.slice(0, 5_000)
  const lexicon = lexiconOf(language)
  const known = new Set(wordsOf(question).map(({ form }) => form.slice(0, 5)))
  const isNew = (name: string) => wordsOf(name).every(({ form }) => !known.has(form.slice(0, 5)))
  return topicsOf(text, wordsOf(text), language, nlp, (form) => lexicon.value(form))
    .map(({ name }) => name)
    .find((name) => name.length <= MOST_TOPIC && isNew(name))
}

/** What was asked before in words of ours. */
function lacksAsked(asked: ReadonlySet<string>, language: 'en' | 'fi'): Set<Lack> {
  const lacks = new Set<Lack>()
  for (const { asks, text, about } of Object.values(QUESTIONS[language]).flat()) {
    const [before = '', after = ''] = about?.split('*') ?? []
    for (const prompt of asked) {
      if (prompt === text || (about && prompt.startsWith(before) && prompt.endsWith(after))) lacks.add(asks)
    }
  }
  return lacks
}

/** "Nothing else", "I'd rather not say". */
function declines(answer: string): boolean {
  return (
    /^\W*(?:no|nope|nothing|nothing else|nothing more|no thanks|no thank you|that'?s (?:all|it)|none|no comment|stop|skip|ei|ei mitään|ei muuta|ei kiitos|siinä kaikki|lopeta)\W*$/iu.test(
      answer,
    ) ||
    /\b(?:rather not|don['’]?t want to|do not want to|none of your business|leave me alone|en halua)\b/iu.test(answer)
  )
}

function repeats(exchanges: FollowUpRequest['exchanges']): boolean {
  const [before, last] = exchanges.slice(-2).map(({ answer }) => answer.toLowerCase().replace(/\W+/gu, ''))
  return exchanges.length > 1 && before === last
}
