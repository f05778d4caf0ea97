import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import type { Issue } from '../../platform/errors.ts'
import { listQuestions, type QuestionRow } from '../links/index.ts'
import { beginAnalysis } from './analysis-store.ts'
import { shownQuestions } from './shown.ts'
import {
  type AnswerRow,
  completeResponse,
  countResponse,
  deleteAnswers,
  discardUploads,
  listAnswers,
  lockRespondent,
  type ResponseRow,
  setRespondentStatus,
} from './store.ts'

/** What a response has, and what it lacks. */
export interface Standing {
  questions: QuestionRow[]
  answers: AnswerRow[]
  /** The field keys that are shown. */
  visible: Set<string>
  /** One per question that is shown, required and not answered; path `[fieldKey]`. */
  missing: Issue[]
}

export async function standingOf(tx: Tx, response: ResponseRow): Promise<Standing> {
  const { workspace_id: workspaceId, id, link_id: linkId } = response
  const questions = await listQuestions(tx, workspaceId, linkId)
  const answers = await listAnswers(tx, workspaceId, id)
  const visible = shownQuestions(questions, answers)
  const answered = new Set(answers.map((answer) => answer.field_key))
  const missing = questions
    .filter((question) => question.required && visible.has(question.field_key) && !answered.has(question.field_key))
    .map((question): Issue => ({ path: [question.field_key], rule: 'required', message: 'must be answered' }))
  return { questions, answers, visible, missing }
}

/**
 * Completes a locked response: answers to questions that ended up hidden are removed, it is counted, its respondent is
 * surveyed, and what can be analysed in it is to be. False when the link is full; then nothing is to be committed, or the
 * response stays open.
 */
export async function completeLocked(
  tx: Tx,
  emit: Emit,
  response: ResponseRow,
  { questions, answers, visible }: Standing,
  now: Date,
): Promise<boolean> {
  const { workspace_id: workspaceId, id: responseId, link_id: linkId, respondent_id: respondentId, channel } = response
  if (!(await countResponse(tx, workspaceId, linkId))) return false
  const answered = new Set(answers.map((answer) => answer.field_key))
  const known = new Set(questions.map((question) => question.field_key))
  // An answer to a question that was deleted meanwhile stays; one to a question that is hidden goes.
  const hidden = [...answered].filter((fieldKey) => known.has(fieldKey) && !visible.has(fieldKey))
  await discardUploads(tx, workspaceId, await deleteAnswers(tx, response, hidden), now)
  const isEmail = ({ type, field_key }: QuestionRow) =>
    type === 'email' && visible.has(field_key) && answered.has(field_key)
  const emailKey = questions.find(isEmail)?.field_key
  const email = answers.find((answer) => answer.field_key === emailKey)?.value
  await completeResponse(tx, response, typeof email === 'string' ? email : null, now)
  await beginAnalysis(tx, workspaceId, responseId, now)
  const respondent = await lockRespondent(tx, workspaceId, respondentId)
  await setRespondentStatus(tx, workspaceId, respondentId, 'surveyed', now)
  emit('response.submitted', { linkId, responseId, respondentId, channel })
  if (respondent && respondent.status !== 'surveyed') {
    emit('respondent.statusChanged', { linkId, respondentId, from: respondent.status, to: 'surveyed' })
  }
  return true
}
