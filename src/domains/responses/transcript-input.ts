import { z } from 'zod'
import { languageTag, text } from '../../platform/validation.ts'

/** An hour of fast speech, with room to spare. */
const MAX_TRANSCRIPT_CHARACTERS = 100_000

/** What somebody says that a recording says, the whole of it. */
export const transcriptInput = z.object({
  text: text(MAX_TRANSCRIPT_CHARACTERS),
  language: languageTag().nullish(),
})
