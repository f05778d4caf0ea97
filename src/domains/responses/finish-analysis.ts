import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import { type AnalyzedResponse, markAnalyzed, markIncomplete } from './analysis-store.ts'
import { lockRespondent, setRespondentStatus } from './store.ts'

interface Finished extends AnalyzedResponse {
  id: string
  workspaceId: string
}

/** Says of a locked response that all is found in it that will be: its respondent is analysed. */
export async function finishAnalysis(tx: Tx, emit: Emit, response: Finished, now: Date): Promise<void> {
  const { id: responseId, workspaceId, link_id: linkId, respondent_id: respondentId } = response
  await markAnalyzed(tx, workspaceId, responseId, { final: true, now })
  emit('response.analyzed', { linkId, responseId, respondentId })
  const respondent = await lockRespondent(tx, workspaceId, respondentId)
  if (!respondent || respondent.status === 'analyzed') return
  await setRespondentStatus(tx, workspaceId, respondentId, 'analyzed', now)
  emit('respondent.statusChanged', { linkId, respondentId, from: respondent.status, to: 'analyzed' })
}

/** Says of a locked response that a part of it cannot be analysed at present. */
export async function leaveIncomplete(tx: Tx, emit: Emit, response: Finished, now: Date): Promise<void> {
  const { id: responseId, workspaceId, link_id: linkId, respondent_id: respondentId } = response
  await markIncomplete(tx, workspaceId, responseId, now)
  emit('response.analysisIncomplete', { linkId, responseId, respondentId })
}
