import { z } from 'zod'
import { integer, printable, type Settings, serverUrl } from './kinds.ts'

export const transcriptionSettings = {
  TRANSCRIPTION: z
    .enum(['none', 'auto', 'openai', 'pocketsphinx'], 'must be none, auto, openai or pocketsphinx')
    .default('none'),
  TRANSCRIPTION_URL: serverUrl.optional(),
  TRANSCRIPTION_API_KEY: printable.optional(),
  TRANSCRIPTION_MODEL: z.string().default('whisper-1'),
  TRANSCRIPTION_LANGUAGE: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag such as fi or en-GB')
    .optional(),
  TRANSCRIPTION_TIMEOUT: integer(1, 3_600).default(300),
  TRANSCRIPTION_WORKERS: integer(1, 64).default(1),
}

export const transcriptionNeeds = { 'TRANSCRIPTION=openai': ['TRANSCRIPTION_URL'] } as const

/** Speech to text. */
export type TranscriptionConfig =
  | { adapter: 'none' }
  | { adapter: 'auto' | 'pocketsphinx'; workers: number; timeoutMs: number }
  | {
      adapter: 'openai'
      url: string
      apiKey: string | undefined
      model: string
      /** BCP 47: what is spoken where nobody says. */
      language: string | undefined
      workers: number
      timeoutMs: number
    }

export function transcriptionOf(e: Settings<typeof transcriptionSettings>): TranscriptionConfig {
  const shared = { workers: e.TRANSCRIPTION_WORKERS, timeoutMs: e.TRANSCRIPTION_TIMEOUT * 1_000 }
  switch (e.TRANSCRIPTION) {
    case 'none':
      return { adapter: 'none' }
    case 'auto':
    case 'pocketsphinx':
      return { adapter: e.TRANSCRIPTION, ...shared }
    case 'openai': {
      const { TRANSCRIPTION_URL: url = '', TRANSCRIPTION_API_KEY: apiKey } = e
      const { TRANSCRIPTION_MODEL: model, TRANSCRIPTION_LANGUAGE: language } = e
      return { adapter: 'openai', url, apiKey, model, language, ...shared }
    }
  }
}
