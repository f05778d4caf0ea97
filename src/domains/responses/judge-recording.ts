import { type Audio, AudioError, type AudioFacts, type AudioRefusal } from '../../providers/audio/index.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { type Configuration, isVoice, MAX_RECORDING_SECONDS, type QuestionRow } from '../links/index.ts'
import { rejected } from './rejected.ts'

/** A person waits so long for the verdict; what takes longer is left to the background. */
export const JUDGE_MS = 20_000
/** By how much a recording may be longer than its question allows: recorders stop late, and encoders pad. */
const TOLERATED_SECONDS = 5

/** What to tell the person who made it. Anything else that audio refuses is not the recording's fault. */
const REFUSALS: Partial<Record<AudioRefusal, string>> = {
  empty: 'There is no sound in the recording. Please record it again.',
  not_audio: 'The file holds no sound. Please send a recording.',
  truncated: 'A part of the recording is missing. Please send it again.',
  hostile: 'The recording is damaged: it contradicts itself. Please record it again.',
  too_large: 'The recording is larger than this server takes. Please record a shorter one.',
  too_long: 'The recording is longer than this server takes. Please record a shorter one.',
}

/**
 * Listens to a stored recording before it becomes an answer. Returns how long it is; null when that cannot be told here
 * and now: its codec is not decoded here, too much is being decoded already, or it takes too long. Throws
 * UPLOAD_REJECTED (rule `silent`, `too_long`, or one of REFUSALS), or the error of the storage.
 */
export async function judgeRecording(
  { audio, storage, judgeMs = JUDGE_MS }: { audio: Pick<Audio, 'inspect'>; storage: Storage; judgeMs?: number },
  question: QuestionRow,
  storageKey: string,
): Promise<number | null> {
  const stored = await storage.read(storageKey)
  if (!stored) throw new Error(`the recording ${storageKey} is not in storage`)
  const patience = AbortSignal.timeout(judgeMs)
  let facts: AudioFacts
  try {
    facts = await audio.inspect(stored.stream, { signal: patience })
  } catch (error) {
    if (error instanceof AudioError) {
      const message = REFUSALS[error.refusal]
      if (message === undefined) return null
      throw rejected(error.refusal, message)
    }
    if (patience.aborted) return null
    throw error
  } finally {
    stored.stream.destroy()
  }
  if (facts.silent) {
    throw rejected('silent', 'Nothing can be heard in the recording. Please check your microphone and record it again.')
  }
  const seconds = facts.durationMs / 1_000
  const allowed = allowedSeconds(question)
  if (seconds > allowed + TOLERATED_SECONDS) {
    throw rejected('too_long', `The recording is longer than ${allowed} seconds. Please record a shorter one.`)
  }
  return seconds
}

function allowedSeconds({ type, configuration }: QuestionRow): number {
  if (!isVoice(type)) return MAX_RECORDING_SECONDS
  return (configuration as Configuration<'voice'>).max_duration ?? MAX_RECORDING_SECONDS
}
