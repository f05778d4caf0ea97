import { type Speech, SpeechError } from './speech.ts'

/** No speech: there are no voices, and every text is refused. */
export function noSpeech(): Speech {
  return {
    voices: () => [],
    async synthesize() {
      throw new SpeechError('unavailable', 'this server has no text to speech (SPEECH=none)')
    },
    async close() {},
  }
}
