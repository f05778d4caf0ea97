import { readWav } from '../audio/read-wav.ts'
import { OpenAiFailure, type OpenAiOptions, openAiServer } from '../openai/index.ts'
import { checkRequest, checkSpoken, type Speech, SpeechError, VOICES, type VoiceCode } from './speech.ts'

/** A piece of work is one text. */
export interface OpenAiSpeechOptions extends OpenAiOptions {
  model: string
  /** The server's names of voices by our codes. Default: `nova` for women, `onyx` for men. */
  voices?: Readonly<Partial<Record<string, string>>>
}

const MAX_DELAY_MS = 10_000
/** Half an hour of 24 kHz. */
const MAX_AUDIO_BYTES = 90_000_000

/**
 * A server with OpenAI's `POST /v1/audio/speech`, asked for WAV. Waits ten seconds for the next try at most. Tested
 * against a server of our own that speaks this protocol; it has not met OpenAI's.
 */
export function openAiSpeech(options: OpenAiSpeechOptions): Speech {
  const { model } = options
  const server = openAiServer({ ...options, maxDelayMs: MAX_DELAY_MS })

  return {
    voices: () => VOICES,
    async synthesize(request) {
      const { text, voice } = checkRequest(request)
      const post = server.begin(request.signal)
      const bytes = await post({
        path: '/v1/audio/speech',
        body: JSON.stringify({ model, input: text, voice: voiceName(options, voice), response_format: 'wav' }),
        maxBytes: MAX_AUDIO_BYTES,
      }).catch((error: unknown) => {
        throw error instanceof OpenAiFailure ? speechError(error) : error
      })
      const spoken = readWav(bytes)
      if (!spoken) throw new SpeechError('failed', 'the server did not answer with a WAV file of PCM')
      return checkSpoken(spoken)
    },
    close: () => server.close(),
  }
}

function speechError(failure: OpenAiFailure): SpeechError {
  const { fault, message, retryable, cause } = failure
  if (fault === 'closed') return new SpeechError('unavailable', 'speech was closed', { retryable })
  return new SpeechError('failed', message, { retryable, cause })
}

function voiceName({ voices }: OpenAiSpeechOptions, code: VoiceCode): string {
  const gender = VOICES.find((voice) => voice.code === code)?.gender
  return voices?.[code] ?? (gender === 'female' ? 'nova' : 'onyx')
}
