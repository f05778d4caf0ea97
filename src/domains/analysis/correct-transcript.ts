import { z } from 'zod'
import { ExpectedError, NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { line, parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { insertTranscripts, lockForAnalysis, repeatAnalysis, transcriptInput } from '../responses/index.ts'
import type { World } from '../world.ts'
import { findCorrectable, responseOf } from './analysis-store.ts'

export interface CorrectTranscriptInput {
  answerId: string
  /** What the recording says, the whole of it; empty when nothing is said. */
  text: string
  /** BCP 47; null: nobody says. */
  language?: string | null
  /** The version that was read before, 0 when there was none. Absent: whichever there is. */
  expectedVersion?: number | null
  /** Who corrected it. Default `a person`. */
  by?: string | null
  idempotencyKey?: string | null
}

const DEFAULT_BY = 'a person'

const schema = transcriptInput.extend({
  answerId: z.string(),
  expectedVersion: z.int('must be a whole number').min(0, 'must not be negative').nullish(),
  by: line(200).nullish(),
})

/**
 * Stores what a person hears in a recording as the next version of its transcript, which no engine replaces. What was
 * made of the one before is stale, and made anew if the response was submitted; `response.analyzed` is told again then.
 * Throws INSUFFICIENT_SCOPE (`responses:write`), NOT_FOUND (the answer), VALIDATION_FAILED (a rule of its own:
 * `not_a_recording` at `answerId`), TRANSCRIPT_CHANGED (there is a newer version than the one expected),
 * IDEMPOTENCY_CONFLICT.
 */
export async function correctTranscript(
  world: World,
  viewer: Viewer,
  input: CorrectTranscriptInput,
): Promise<{ id: string; version: number }> {
  requireScope(viewer, 'responses:write')
  const { idempotencyKey, ...asked } = input
  const { answerId, text, language, expectedVersion, by } = parse(schema, asked)
  const { workspaceId } = viewer
  const now = world.clock.now()
  const key = { workspaceId, key: idempotencyKey, operation: 'correctTranscript', input: asked, now }
  return world.events.write(workspaceId, (tx, emit) =>
    once(tx, key, async () => {
      const responseId = isUuid(answerId) ? await responseOf(tx, workspaceId, answerId) : undefined
      const response = responseId === undefined ? undefined : await lockForAnalysis(tx, workspaceId, responseId)
      const answer = response && (await findCorrectable(tx, workspaceId, answerId))
      if (!answer) throw new NotFoundError('answer', ['answerId'])
      parse(
        schema.refine(() => answer.is_recording, NOT_A_RECORDING),
        asked,
      )
      if (expectedVersion != null && expectedVersion !== answer.version) {
        const message = `The transcript is at version ${answer.version} by now. Read it again.`
        throw new ExpectedError('TRANSCRIPT_CHANGED', message, {
          path: ['expectedVersion'],
          details: { version: answer.version },
        })
      }
      const id = world.newId()
      const finding = { workspaceId, method: by ?? DEFAULT_BY, now: world.clock.now() }
      const corrected = [{ id, answerId, text, language: language ?? null }]
      const versions = await insertTranscripts(tx, finding, corrected, { origin: 'corrected' })
      const version = versions.get(answerId)!
      await repeatAnalysis(tx, workspaceId, responseId!, finding.now)
      emit('transcript.corrected', { linkId: response!.link_id, responseId: responseId!, answerId, version })
      return { id: answerId, version }
    }),
  )
}

const NOT_A_RECORDING = {
  path: ['answerId'],
  params: { rule: 'not_a_recording' },
  message: 'must be an answer that is a recording; this one is not',
}
