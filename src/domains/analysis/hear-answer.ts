import { findRecording, keepRecording, leaveRecording, type RecordingRow, takeRecording } from './analysis-store.ts'
import type { AnalysisDeps, WorkOptions } from './deps.ts'
import { prepareSound } from './prepare-sound.ts'
import { type Transcribing, transcribeAnswer } from './transcribe-answer.ts'

/** How long a recording is another's after that one has last said that it listens. */
const LEASE_MS = 60_000
const RENEW_MS = 20_000

/**
 * Prepares the sound of a recording and transcribes it, as far as that was not done. One at a time does: `busy` when
 * somebody else is at it, until when at most. An answer that is no recording is `done`. Rejects as `transcribeAnswer`.
 */
export async function hearAnswer(
  deps: Pick<AnalysisDeps, 'world' | 'storage' | 'audio' | 'transcription'>,
  { workspaceId, answerId }: { workspaceId: string; answerId: string },
  options: WorkOptions,
): Promise<Transcribing | { busyUntil: Date }> {
  const { world } = deps
  const recording = await findRecording(world.db, workspaceId, answerId)
  if (!recording) return 'done'
  const known = standing(recording, deps)
  if (known) return known
  const lease = await takeLease(deps, recording)
  if (!lease) return { busyUntil: recording.heard_until ?? world.clock.now() }
  try {
    await prepareSound(deps, { workspaceId, uploadId: recording.upload_id }, options)
    return await transcribeAnswer(deps, { workspaceId, answerId }, options)
  } finally {
    await lease.end()
  }
}

/** What need not be done again; undefined when there is something to do. */
function standing(
  { sound_state: sound, transcription_state: state }: RecordingRow,
  { transcription }: Pick<AnalysisDeps, 'transcription'>,
): Transcribing | undefined {
  if (sound !== 'ready' && sound !== 'failed') return undefined
  if (state === 'unavailable') return transcription.isAvailable ? undefined : state
  return state === 'done' || state === 'failed' ? state : undefined
}

async function takeLease({ world }: Pick<AnalysisDeps, 'world'>, recording: RecordingRow) {
  const { db, clock, events } = world
  let until = new Date(clock.now().getTime() + LEASE_MS)
  if (!(await takeRecording(db, recording, clock.now(), until))) return undefined
  let renewing: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    renewing = renewing.then(async () => {
      const next = new Date(clock.now().getTime() + LEASE_MS)
      // While the database is away it is not renewed; then somebody else may do the same once more.
      if (await keepRecording(db, recording, until, next).catch(() => false)) until = next
    })
  }, RENEW_MS)
  return {
    async end(): Promise<void> {
      clearInterval(timer)
      await renewing
      await events.write(recording.workspace_id, (tx) => leaveRecording(tx, recording, until, clock.now()))
    },
  }
}
