import { type Transcribed, TranscriptionError } from '../../providers/transcription/index.ts'
import { formKey, insertTranscripts, lockForAnalysis } from '../responses/index.ts'
import { findRecording, type RecordingRow, settleTranscription } from './analysis-store.ts'
import type { AnalysisDeps, WorkOptions } from './deps.ts'

/**
 * - `done`: it has a transcript, whoever made it, or is no recording any more
 * - `failed`: it will have none, unless somebody asks again
 * - `unavailable`: nothing here can listen to it at present
 */
export type Transcribing = 'done' | 'failed' | 'unavailable'

/**
 * Turns a recording whose sound is prepared into text. What was settled before stays so until `retranscribe` asks again;
 * what somebody recorded or corrected is never replaced. Settles what cannot be transcribed; what may go better later
 * rejects, unless it is the last try. May run any number of times: the recording takes one result.
 */
export async function transcribeAnswer(
  deps: Pick<AnalysisDeps, 'world' | 'storage' | 'transcription'>,
  { workspaceId, answerId }: { workspaceId: string; answerId: string },
  { signal, last }: WorkOptions,
): Promise<Transcribing> {
  const { world, transcription } = deps
  const recording = await findRecording(world.db, workspaceId, answerId)
  if (!recording || isTold(recording)) return 'done'
  const { transcription_state: state, sound_state: sound } = recording
  if (state === 'done' || state === 'failed') return state
  if (sound === 'failed') return settle(deps, recording, { failed: 'no_sound' })
  if (!transcription.isAvailable) return settle(deps, recording, { unavailable: 'unavailable' })
  try {
    return await settle(deps, recording, await listen(deps, recording, signal))
  } catch (error) {
    signal.throwIfAborted()
    const verdict = verdictOn(error, last)
    if (!verdict) throw error
    return settle(deps, recording, verdict)
  }
}

/** Somebody said what it says: there is nothing to listen for. */
function isTold({ origin }: RecordingRow): boolean {
  return origin === 'recorded' || origin === 'corrected'
}

async function listen(
  { storage, transcription }: Pick<AnalysisDeps, 'storage' | 'transcription'>,
  { storage_key: key, upload_id: id, language }: RecordingRow,
  signal: AbortSignal,
): Promise<Transcribed> {
  const stored = await storage.read(formKey(key, 'wav'))
  if (!stored) throw new Error(`the sound of the upload ${id} is not in storage`)
  const wav = Buffer.concat(await stored.stream.toArray())
  return transcription.transcribe({ wav, language, signal })
}

type Outcome = Transcribed | { failed: string } | { unavailable: string }

/** Why there is no transcript; undefined when it may be tried again. */
function verdictOn(error: unknown, last: boolean): Outcome | undefined {
  if (error instanceof TranscriptionError) {
    if (error.retryable && !last) return undefined
    return error.refusal === 'unavailable' ? { unavailable: error.refusal } : { failed: error.refusal }
  }
  // What it was is in the log of the tries before.
  return last ? { failed: 'failed' } : undefined
}

/** Keeps an outcome, unless the recording was replaced or somebody was faster. */
async function settle(
  { world, transcription }: Pick<AnalysisDeps, 'world' | 'transcription'>,
  before: RecordingRow,
  outcome: Outcome,
): Promise<Transcribing> {
  const { workspace_id: workspaceId, id: answerId, response_id: responseId, link_id: linkId } = before
  return world.events.write(workspaceId, async (tx, emit) => {
    await lockForAnalysis(tx, workspaceId, responseId)
    const recording = await findRecording(tx, workspaceId, answerId)
    if (recording?.upload_id !== before.upload_id || isTold(recording)) return 'done'
    const { transcription_state: state } = recording
    if (state !== before.transcription_state && (state === 'done' || state === 'failed')) return state
    if ('text' in outcome) {
      const finding = { workspaceId, method: transcription.method, now: world.clock.now() }
      const { isDraft } = transcription
      const made = [{ ...outcome, id: world.newId(), answerId }]
      const versions = await insertTranscripts(tx, finding, made, { origin: 'transcribed', isDraft })
      emit('answer.transcribed', { linkId, responseId, answerId, version: versions.get(answerId)! })
      return 'done'
    }
    const [[settled, reason]] = Object.entries(outcome) as [['failed' | 'unavailable', string]]
    await settleTranscription(tx, recording, settled, reason)
    // That nothing listens here is no news of this answer.
    if (transcription.isAvailable && state !== settled) {
      emit('answer.transcriptionFailed', { linkId, responseId, answerId, reason })
    }
    return settled
  })
}
