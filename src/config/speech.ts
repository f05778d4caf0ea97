import { z } from 'zod'
import { integer, partsOf, printable, type Settings, serverUrl } from './kinds.ts'

/** `en=alloy,fi-male=onyx`: a voice of ours is spoken by a voice of the server's. */
const voiceNames = z.string().transform((text, context): Record<string, string> => {
  const pairs = partsOf(text)
  if (pairs.every((pair) => /^[a-z]+(-[a-z]+)?=[^=\s]+$/.test(pair))) {
    return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]))
  }
  context.addIssue('must be pairs such as en=alloy,fi-male=onyx')
  return z.NEVER
})

export const speechSettings = {
  SPEECH: z.enum(['espeak', 'openai', 'none'], 'must be espeak, openai or none').default('espeak'),
  SPEECH_URL: serverUrl.optional(),
  SPEECH_API_KEY: printable.optional(),
  SPEECH_MODEL: z.string().default('tts-1'),
  SPEECH_VOICES: voiceNames.default({}),
  SPEECH_TIMEOUT: integer(1, 600).default(30),
  SPEECH_WORKERS: integer(1, 64).default(1),
}

export const speechNeeds = { 'SPEECH=openai': ['SPEECH_URL'] } as const

/** Text to speech. */
export type SpeechConfig =
  | { adapter: 'espeak'; workers: number; timeoutMs: number }
  | {
      adapter: 'openai'
      url: string
      apiKey: string | undefined
      model: string
      /** Names of the server's voices by our codes. */
      voices: Readonly<Record<string, string>>
      timeoutMs: number
    }
  | { adapter: 'none' }

export function speechOf(e: Settings<typeof speechSettings>): SpeechConfig {
  const timeoutMs = e.SPEECH_TIMEOUT * 1_000
  switch (e.SPEECH) {
    case 'espeak':
      return { adapter: 'espeak', workers: e.SPEECH_WORKERS, timeoutMs }
    case 'openai': {
      const { SPEECH_URL: url = '', SPEECH_API_KEY: apiKey, SPEECH_MODEL: model, SPEECH_VOICES: voices } = e
      return { adapter: 'openai', url, apiKey, model, voices, timeoutMs }
    }
    case 'none':
      return { adapter: 'none' }
  }
}
