import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import { isVoice, probingOf } from '../links/index.ts'
import type { World } from '../world.ts'
import { forgetWhatFollowed, probeAgain } from './follow-ups.ts'
import { discardUploads, type PlacedQuestion, type ResponseRow, upsertAnswer } from './store.ts'

export interface Reply {
  /** Undefined: the upload or the recording alone is the reply. */
  value: unknown
  /** The value as words, for search; null when it has none. */
  text: string | null
  uploadId: string | null
  /** Absent: it was given on the page, or by an app. */
  phone?: { callId: string; recordingId: string | null }
}

/**
 * Saves an answer of a response that is locked, and all that follows: what came of the reply that it replaces is
 * forgotten, a recording is to be prepared, a probed answer to be judged, also by a reply to what was asked about it.
 * Returns the answer's id.
 */
export async function keepAnswer(
  world: World,
  tx: Tx,
  emit: Emit,
  response: ResponseRow,
  question: PlacedQuestion,
  reply: Reply,
): Promise<string> {
  const { workspace_id: workspaceId } = response
  const now = world.clock.now()
  const probing = probingAfter(question)
  const isHere = reply.uploadId !== null || reply.value !== undefined
  const isWork = probing === 'pending' || (reply.uploadId !== null && isVoice(question.type))
  const { id, replacedUpload, was } = await upsertAnswer(tx, {
    ...{ id: world.newId(), response, question, ...reply, probing, now },
    // What was said in a call is to be processed once its sound is here.
    processDueAt: isHere && isWork ? now : null,
  })
  const discarded = replacedUpload ? [replacedUpload] : []
  if (was === 'other') discarded.push(...(await forgetWhatFollowed(tx, workspaceId, id)))
  if (question.follows && probing === 'pending' && was !== 'same') {
    await probeAgain(tx, workspaceId, question.follows.answerId)
  }
  await discardUploads(tx, workspaceId, discarded, now)
  const { field_key: fieldKey } = question
  emit('response.answered', { linkId: response.link_id, responseId: response.id, answerId: id, fieldKey })
  return id
}

/** After the last follow-up nothing more is asked. */
function probingAfter(question: PlacedQuestion): 'pending' | 'settled' | null {
  if (question.follows) return question.follows.isLast ? 'settled' : 'pending'
  return probingOf(question) === null ? null : 'pending'
}
