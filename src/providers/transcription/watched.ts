import { type Transcription, TranscriptionError } from './transcription.ts'

/** The same engine; `onEnd` is told how each transcription came out: `done`, a refusal, or `cancelled`. */
export function watchedTranscription(engine: Transcription, onEnd: (outcome: string) => void): Transcription {
  return {
    ...engine,
    async transcribe(request) {
      try {
        const transcribed = await engine.transcribe(request)
        onEnd('done')
        return transcribed
      } catch (error) {
        onEnd(error instanceof TranscriptionError ? error.refusal : 'cancelled')
        throw error
      }
    },
  }
}
