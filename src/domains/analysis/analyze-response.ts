import { createTurns } from '../../platform/turns.ts'
import { dropAnalysis, finishAnalysis, insertInsights, leaveIncomplete, lockForAnalysis } from '../responses/index.ts'
import { type AnalyzedAnswer, analyzeLater, isPending, listAnalyzed } from './analysis-store.ts'
import type { AnalysisDeps, WorkOptions } from './deps.ts'
import { hearAnswer } from './hear-answer.ts'
import { understand } from './understand.ts'

/** Answers of one response that are understood at once. */
const AT_ONCE = 4

interface Of {
  workspaceId: string
  responseId: string
}

/**
 * Finds all that can be found here in a submitted response whose analysis is pending: hears every recording, understands
 * every answer with words that has no insight of its own yet, and says that it is done; what will never be heard counts
 * as found, what nothing here can hear at present leaves it incomplete. Each finding is kept as it comes, so a process
 * that dies repeats little. It may run any number of times, also at the same time, and never overrides what somebody
 * recorded or corrected meanwhile. Rejects when a later try may do better, unless it is the last.
 */
export async function analyzeResponse(deps: AnalysisDeps, of: Of, options: WorkOptions): Promise<void> {
  const { workspaceId, responseId } = of
  const { world } = deps
  if (!(await isPending(world.db, workspaceId, responseId))) return
  const before = await listAnalyzed(world.db, workspaceId, responseId)
  const recordings = before.filter((answer) => answer.is_recording)
  if (deps.insight === null && (recordings.length === 0 || !deps.transcription.isAvailable)) {
    await world.db.transaction((tx) => dropAnalysis(tx, workspaceId, responseId))
    return
  }
  let complete = true
  for (const { id: answerId } of recordings) {
    const heard = await hearAnswer(deps, { workspaceId, answerId }, options)
    if (typeof heard === 'object') {
      await world.db.transaction((tx) => analyzeLater(tx, workspaceId, responseId, world.clock.now()))
      return
    }
    if (heard === 'unavailable') complete = false
  }
  if (!(await understandAll(deps, of, options))) complete = false
  await world.events.write(workspaceId, async (tx, emit) => {
    const response = await lockForAnalysis(tx, workspaceId, responseId)
    // Done otherwise meanwhile, or to be done once more.
    if (response?.analysis !== 'pending' || response.analysis_due_at !== null) return
    const finish = complete ? finishAnalysis : leaveIncomplete
    await finish(tx, emit, { ...response, id: responseId, workspaceId }, world.clock.now())
  })
}

/** False when something could not be understood although it has words, and nobody will try again. */
async function understandAll(deps: AnalysisDeps, of: Of, { signal, last }: WorkOptions): Promise<boolean> {
  if (deps.insight === null) return true
  const answers = await listAnalyzed(deps.world.db, of.workspaceId, of.responseId)
  const open = answers.filter((answer) => answer.text?.trim() && answer.is_evaluated && !answer.is_understood)
  const turns = createTurns(AT_ONCE)
  const outcomes = await Promise.allSettled(
    open.map((answer) => turns.take(() => understandOne(deps, of, answer, { signal, last }))),
  )
  signal.throwIfAborted()
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed && !last) throw failed.reason
  return failed === undefined
}

async function understandOne(
  deps: AnalysisDeps,
  of: Of,
  answer: AnalyzedAnswer,
  { signal, last }: WorkOptions,
): Promise<void> {
  signal.throwIfAborted()
  const { workspaceId, responseId } = of
  const { world } = deps
  const { text, language, question_text: question, custom_fields: customFields } = answer
  const asked = { workspaceId, text: text!, language, question, customFields }
  const understood = await understand(deps, asked, signal, { last })
  if (!understood) return
  const { found, method, origin } = understood
  await world.events.write(workspaceId, async (tx) => {
    await lockForAnalysis(tx, workspaceId, responseId)
    if (!(await isPending(tx, workspaceId, responseId))) return
    const now = (await listAnalyzed(tx, workspaceId, responseId)).find(({ id }) => id === answer.id)
    // Corrected, erased or understood by somebody else while this was at it.
    const isSame = now?.transcript_id === answer.transcript_id && now.text === text && !now.is_understood
    if (!isSame) return
    const insight = { id: world.newId(), answerId: answer.id, ...found }
    await insertInsights(tx, { workspaceId, method, now: world.clock.now() }, [insight], { origin })
  })
}
