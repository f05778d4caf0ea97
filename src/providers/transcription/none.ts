import { type Transcription, TranscriptionError } from './transcription.ts'

/** Recordings are kept as they are, to be transcribed once something can. */
export function noTranscription(): Transcription {
  return {
    method: 'none',
    isAvailable: false,
    isDraft: false,
    isLive: false,
    async transcribe({ signal }) {
      signal?.throwIfAborted()
      throw new TranscriptionError('unavailable', 'nothing transcribes here (TRANSCRIPTION=none)')
    },
    async close() {},
  }
}
