import { AudioError } from '../../providers/audio/index.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { beginSound, findSound, formKey, removeForms, type SoundRow, settleSound } from '../responses/index.ts'
import type { World } from '../world.ts'
import type { AnalysisDeps, WorkOptions } from './deps.ts'
import { processAnswerTask } from './tasks.ts'

/**
 * Makes of a recording what browsers play and what transcription hears, its waveform, and how long it is. Settles what
 * cannot be made as failed; what may go better later rejects, unless it is the last try. May run any number of times,
 * also at the same time: it writes the same objects, and the row takes one result only. `failed` also for a recording
 * that nobody has any more.
 */
export async function prepareSound(
  { world, storage, audio }: Pick<AnalysisDeps, 'world' | 'storage' | 'audio'>,
  { workspaceId, uploadId }: { workspaceId: string; uploadId: string },
  { signal, last }: WorkOptions,
): Promise<'ready' | 'failed'> {
  const recording = await findSound(world.db, workspaceId, uploadId)
  if (!recording) return 'failed'
  if (recording.sound_state === 'ready' || recording.sound_state === 'failed') return recording.sound_state
  // As long as the task may run.
  const until = new Date(world.clock.now().getTime() + processAnswerTask.expireInSeconds * 1_000)
  if (!(await beginSound(world.db, recording, until))) return 'failed'
  try {
    const made = await make({ storage, audio }, recording, signal)
    await world.events.write(workspaceId, async (tx, emit) => {
      const of = await settleSound(tx, recording, made)
      if (of) emit('answer.soundReady', { ...of })
    })
    return await standing(world, storage, recording)
  } catch (error) {
    signal.throwIfAborted()
    const failure = verdictOn(error, last)
    if (!failure) throw error
    await world.events.write(workspaceId, async (tx, emit) => {
      const of = await settleSound(tx, recording, { failure })
      if (of) emit('answer.soundFailed', { ...of, reason: failure })
    })
    return await standing(world, storage, recording)
  }
}

async function make(
  { storage, audio }: Pick<AnalysisDeps, 'storage' | 'audio'>,
  { id, storage_key: key }: SoundRow,
  signal: AbortSignal,
) {
  const stored = await storage.read(key)
  if (!stored) throw new Error(`the bytes of the upload ${id} are not in storage`)
  const { facts, files, waveform } = await audio
    .convert(stored.stream, ['mp3', 'wav16k'], { signal })
    .finally(() => stored.stream.destroy())
  await storage.write(formKey(key, 'mp3'), once(files.mp3))
  await storage.write(formKey(key, 'wav'), once(files.wav16k))
  const sizes = { mp3Size: files.mp3.length, wavSize: files.wav16k.length }
  return { durationSeconds: facts.durationMs / 1_000, waveform, ...sizes }
}

/** How it stands now, whoever settled it. What was written for a recording that is nobody's any more goes at once. */
async function standing(world: World, storage: Storage, recording: SoundRow): Promise<'ready' | 'failed'> {
  const now = await findSound(world.db, recording.workspace_id, recording.id)
  if (!now) await removeForms(storage, recording.storage_key)
  return now?.sound_state === 'ready' ? 'ready' : 'failed'
}

/** Why the recording has failed for good; undefined when it may be tried again. */
function verdictOn(error: unknown, last: boolean) {
  if (error instanceof AudioError && (last || !error.retryable)) return error.refusal
  return last ? 'failed' : undefined
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
