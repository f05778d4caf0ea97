import { type Transcribed, type Transcription, TranscriptionError } from './transcription.ts'

const SAID: Transcribed = { text: 'hello there', language: 'en', confidence: 0.9, segments: null }

/**
 * The fake of this port: hears the same in every recording, or what `hearNext` was given, and takes as long as
 * `hold` says. Remembers what it was asked.
 */
export function fakeTranscription(
  facts: Partial<Pick<Transcription, 'method' | 'isAvailable' | 'isDraft' | 'isLive'>> = {},
): Transcription & {
  readonly history: { bytes: number; language: string | null }[]
  hearNext(answer: Partial<Transcribed> | Error): void
  /** Nothing is answered until what is returned is called. */
  hold(): () => void
} {
  const history: { bytes: number; language: string | null }[] = []
  const answers: (Partial<Transcribed> | Error)[] = []
  const closing = new AbortController()
  let held: Promise<void> = Promise.resolve()
  return {
    ...{ method: 'fake', isAvailable: true, isDraft: false, isLive: true },
    ...facts,
    history,
    hearNext: (answer) => void answers.push(answer),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return resolve
    },
    async transcribe({ wav, language, signal }) {
      signal?.throwIfAborted()
      if (closing.signal.aborted)
        throw new TranscriptionError('unavailable', 'transcription was closed', { retryable: true })
      history.push({ bytes: wav.length, language })
      const answer = answers.shift()
      const stopped = new Promise<never>((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
      stopped.catch(() => {})
      await Promise.race([held, stopped])
      // So that it can be cancelled.
      await null
      signal?.throwIfAborted()
      if (answer instanceof Error) throw answer
      return { ...SAID, ...answer }
    },
    async close() {
      closing.abort()
    },
  }
}
