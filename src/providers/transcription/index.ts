import { noTranscription } from './none.ts'
import { type OpenAiTranscriptionOptions, openAiTranscription } from './openai.ts'
import { checkPocketsphinx, type PocketsphinxOptions, pocketsphinx } from './pocketsphinx.ts'
import type { Transcription } from './transcription.ts'

export { fakeTranscription } from './fake.ts'
export {
  type Segment,
  type Transcribed,
  type Transcription,
  TranscriptionError,
  type TranscriptionRefusal,
  type TranscriptionRequest,
} from './transcription.ts'
export { watchedTranscription } from './watched.ts'

/** Every way to turn speech into text, as configuration. */
export type TranscriptionConfig =
  | { adapter: 'none' }
  | ({ adapter: 'openai' } & OpenAiTranscriptionOptions)
  /** Rejects when the program is not there. */
  | ({ adapter: 'pocketsphinx' } & PocketsphinxOptions)
  /** pocketsphinx where it is installed, nothing elsewhere. */
  | ({ adapter: 'auto' } & PocketsphinxOptions)

export async function createTranscription(config: TranscriptionConfig): Promise<Transcription> {
  switch (config.adapter) {
    case 'none':
      return noTranscription()
    case 'openai':
      return openAiTranscription(config)
    case 'pocketsphinx':
      await checkPocketsphinx(config)
      return pocketsphinx(config)
    case 'auto':
      return checkPocketsphinx(config).then(
        () => pocketsphinx(config),
        () => noTranscription(),
      )
  }
}
