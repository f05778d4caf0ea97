import { z } from 'zod'
import { line, text } from '../../platform/validation.ts'

/** An hour of fast speech, with room to spare. */
const MAX_TRANSCRIPT_CHARACTERS = 100_000
/** The longest language tag that RFC 5646 (4.4.1) asks everyone to take. */
const MAX_LANGUAGE = 35

/** What somebody says that a recording says, the whole of it. */
export const transcriptInput = z.object({
  text: text(MAX_TRANSCRIPT_CHARACTERS),
  language: line(MAX_LANGUAGE)
    .refine(isLanguageTag, {
      params: { rule: 'language_tag' },
      message: 'must be a BCP 47 language tag such as fi or en-GB',
    })
    .nullish(),
})

function isLanguageTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}
