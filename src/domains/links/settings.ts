import { z } from 'zod'
import { asSent, jsonObject, text, webAddress } from '../../platform/validation.ts'

/** What a person reads after submitting when the link does not say (contract/sayify.md 6.1). */
export const DEFAULT_THANK_YOU = 'Thanks for your response!'

const MAX_JSON_BYTES = 50_000

/** Kept as sent, unknown keys included; the five known ones must be right (contract/sayify.md 6.1). */
export const settingsSchema = asSent(
  z
    .looseObject({
      description: text(5_000).nullish(),
      thankYouMessage: text(5_000).nullish(),
      redirectUrl: z.union([z.literal(''), webAddress()]).nullish(),
      tts_enabled: z.boolean().nullish(),
      live_transcription: z.boolean().nullish(),
    })
    .pipe(jsonObject(MAX_JSON_BYTES)),
)

export interface LinkSettings {
  description?: string | null
  thankYouMessage?: string | null
  redirectUrl?: string | null
  tts_enabled?: boolean | null
  live_transcription?: boolean | null
  [key: string]: unknown
}
