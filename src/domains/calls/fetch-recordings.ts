import { sql } from '../../db/sql.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { type Telephony, TelephonyUnavailableError } from '../../providers/telephony/index.ts'
import { recordingKey } from '../campaigns/index.ts'
import { attachRecordedAnswer, forgetRecordedAnswer, prepareRecordedAnswer } from '../responses/index.ts'
import type { World } from '../world.ts'

export interface RecordingDeps {
  world: World
  telephony: Pick<Telephony, 'capabilities' | 'recording' | 'discardRecording'>
  storage: Storage
}

const BATCH = 20
const RETRY_MS = 30_000
/** A provider that has no recording, or cannot give it, so long after it told of it never will. */
const LOST_AFTER_MS = 3_600_000
/** WAV of 8 kHz, mono, 16 bits, after its header. */
const BYTES_PER_MS = 16
const HEADER_BYTES = 44

interface Pending {
  id: string
  workspace_id: string
  call_id: string
  campaign_id: string
  command_id: string
  created_at: Date
  state: 'pending' | 'ready' | 'lost'
}

/**
 * Brings what people said in calls from the provider into the storage, then removes it there; of what was erased it
 * removes both. The key is made of ids, so that doing it twice does no harm. Returns how many were looked at.
 */
export async function fetchRecordings({ world, telephony, storage }: RecordingDeps): Promise<number> {
  const now = world.clock.now()
  const due = await world.db.query<Pending>(
    sql`UPDATE recording r SET due_at = ${new Date(now.getTime() + RETRY_MS)}::timestamptz
        FROM call c
        WHERE c.workspace_id = r.workspace_id AND c.id = r.call_id AND r.id IN (
          SELECT id FROM recording WHERE due_at <= ${now}::timestamptz ORDER BY due_at LIMIT ${BATCH}::int
          FOR UPDATE SKIP LOCKED)
        RETURNING r.id, r.workspace_id, r.call_id, c.campaign_id, r.command_id, r.created_at, r.state`,
  )
  for (const recording of due) {
    try {
      await fetchOne(recording)
    } catch (error) {
      if (!(error instanceof TelephonyUnavailableError)) throw error
      // All are with the same provider; one that it cannot give keeps no other from being fetched.
      if (!(await isProviderThere())) break
    }
  }
  return due.length

  async function isProviderThere(): Promise<boolean> {
    try {
      await telephony.capabilities()
      return true
    } catch (error) {
      if (!(error instanceof TelephonyUnavailableError)) throw error
      return false
    }
  }

  /** Undefined when the provider has none. Rejects while it may yet give it. */
  async function bytesOf(callId: string, commandId: string, isLate: boolean): Promise<Uint8Array | undefined> {
    try {
      return await telephony.recording(callId, commandId)
    } catch (error) {
      if (!(error instanceof TelephonyUnavailableError) || !isLate || !(await isProviderThere())) throw error
      return undefined
    }
  }

  async function fetchOne({ id, workspace_id: workspaceId, call_id: callId, ...rest }: Pending): Promise<void> {
    const { campaign_id: campaignId, command_id: commandId, created_at: createdAt, state } = rest
    // Erased: its row is kept, and nothing else.
    if (state === 'lost') {
      await telephony.discardRecording(callId, commandId)
      await storage.delete(recordingKey(workspaceId, id))
      await world.db.query(
        sql`UPDATE recording SET due_at = NULL WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
      )
      return
    }
    const isLate = now.getTime() - createdAt.getTime() >= LOST_AFTER_MS
    const bytes = await bytesOf(callId, commandId, isLate)
    if (!bytes && !isLate) return
    if (bytes) await storage.write(recordingKey(workspaceId, id), oneChunk(bytes))
    const durationMs = bytes ? Math.max(0, Math.round((bytes.length - HEADER_BYTES) / BYTES_PER_MS)) : null
    const answer = bytes && (await prepareRecordedAnswer({ world, storage }, { workspaceId, recordingId: id, bytes }))
    const isOurs = await world.events.write(workspaceId, async (tx, emit) => {
      const changed = await tx.query(
        sql`UPDATE recording
            SET state = ${bytes ? 'ready' : 'lost'}::recording_state, size = ${bytes?.length ?? null}::int, due_at = NULL,
                duration_ms = CASE WHEN ${bytes !== undefined}::boolean
                  THEN ${durationMs}::int
                  ELSE duration_ms END
            WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND state = 'pending' RETURNING id`,
      )
      if (changed.length === 0) return false
      if (bytes) emit('recording.ready', { campaignId, callId, recordingId: id })
      if (answer) await attachRecordedAnswer(world, tx, emit, workspaceId, answer, durationMs!)
      else if (!bytes) await forgetRecordedAnswer(world, tx, emit, workspaceId, id)
      return true
    })
    // It was erased meanwhile: what was written comes too late.
    if (!isOurs && bytes) await storage.delete(recordingKey(workspaceId, id))
    if (bytes) await telephony.discardRecording(callId, commandId)
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
