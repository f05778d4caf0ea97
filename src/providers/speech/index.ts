import { type EspeakOptions, espeakSpeech } from './espeak.ts'
import { noSpeech } from './none.ts'
import { type OpenAiSpeechOptions, openAiSpeech } from './openai.ts'
import type { Speech } from './speech.ts'

export { fakeSpeech } from './fake.ts'
export {
  MAX_TEXT,
  type Speech,
  SpeechError,
  type SpeechRefusal,
  type SpeechRequest,
  type Spoken,
  VOICES,
  type Voice,
  type VoiceCode,
} from './speech.ts'

/** Every way to turn text into speech, as configuration. */
export type SpeechConfig =
  | ({ adapter: 'espeak' } & EspeakOptions)
  | ({ adapter: 'openai' } & OpenAiSpeechOptions)
  | { adapter: 'none' }

export function createSpeech(config: SpeechConfig): Speech {
  switch (config.adapter) {
    case 'espeak':
      return espeakSpeech(config)
    case 'openai':
      return openAiSpeech(config)
    case 'none':
      return noSpeech()
  }
}
