import { checkRequest, type Speech, SpeechError, type Spoken, VOICES } from './speech.ts'

const SAMPLE_RATE = 16_000
const SECONDS_PER_WORD = 0.4

/**
 * The fake of this port: a tone per text, higher for women, 0.4 s per word. Remembers what was asked and accepted, and
 * fails once with what is given to `failNext`.
 */
export function fakeSpeech(): Speech & {
  readonly history: { text: string; voice: string }[]
  failNext(error: unknown): void
} {
  const history: { text: string; voice: string }[] = []
  const failures: unknown[] = []
  let closed = false
  return {
    history,
    failNext: (error) => void failures.push(error),
    voices: () => VOICES,
    async synthesize(request) {
      request.signal?.throwIfAborted()
      const { text, voice } = checkRequest(request)
      if (closed) throw new SpeechError('unavailable', 'speech was closed', { retryable: true })
      history.push({ text, voice })
      if (failures.length > 0) throw failures.shift()
      await null // so that it can be cancelled
      request.signal?.throwIfAborted()
      const female = VOICES.find(({ code }) => code === voice)?.gender === 'female'
      return tone(text.split(' ').length * SECONDS_PER_WORD, female ? 220 : 110)
    },
    async close() {
      closed = true
    },
  }
}

function tone(seconds: number, hertz: number): Spoken {
  const samples = new Int16Array(Math.round(seconds * SAMPLE_RATE))
  for (let n = 0; n < samples.length; n++) samples[n] = 10_000 * Math.sin((2 * Math.PI * hertz * n) / SAMPLE_RATE)
  return { samples, sampleRate: SAMPLE_RATE }
}
