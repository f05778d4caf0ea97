import { english } from '../../src/providers/insight/heuristic/english.ts'
import { finnish } from '../../src/providers/insight/heuristic/finnish.ts'
import type { Lexicon } from '../../src/providers/insight/heuristic/lexicon.ts'
import { wordsOf } from '../../src/providers/insight/heuristic/words.ts'
import { wordValue } from './floor.ts'
import type { Half, Sentence } from './sentences.ts'

type Changeable = { -readonly [Key in keyof Lexicon]: Lexicon[Key] }

/**
 * Runs `work` without our own words and phrases that occur in sentences of this half and in none of the other; AFINN's
 * values stay. What a half loses by it shows how much of its score was written for it. It takes good words with the bad.
 */
export function withoutWordsOf<Result>(half: Half, sentences: readonly Sentence[], work: () => Result): Result {
  const lexicons = { en: english, fi: finnish } as Record<Sentence['language'], Changeable>
  const before = { en: { ...english }, fi: { ...finnish } }
  for (const language of ['en', 'fi'] as const) {
    const own = sentences.filter((sentence) => sentence.language === language)
    const texts = (of: boolean) =>
      own
        .filter((sentence) => (sentence.half === half) === of)
        .map(
          ({ text }) =>
            ` ${wordsOf(text)
              .map(({ form }) => form)
              .join(' ')} `,
        )
    const [here, there] = [texts(true), texts(false)]
    const isOnlyHere = (forms: string) =>
      here.some((text) => text.includes(` ${forms} `)) && !there.some((text) => text.includes(` ${forms} `))
    const { phrases, value } = before[language]
    lexicons[language].phrases = new Map(
      [...phrases].map(([first, list]) => [first, list.filter(({ forms }) => !isOnlyHere(forms.join(' ')))]),
    )
    lexicons[language].value = (form) => (isOnlyHere(form) ? (language === 'en' ? wordValue(form) : 0) : value(form))
  }
  try {
    return work()
  } finally {
    Object.assign(english, before.en)
    Object.assign(finnish, before.fi)
  }
}
