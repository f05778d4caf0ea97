import { type Issue, ValidationError } from '../../platform/errors.ts'
import { type LinkRow, listQuestions, type QuestionRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { linkDeleted, linkFull, sessionResponse } from './open-session.ts'
import { shownQuestions } from './shown.ts'
import {
  completeResponse,
  countResponse,
  deleteAnswers,
  discardUploads,
  listAnswers,
  lockRespondent,
  lockResponse,
  setRespondentStatus,
} from './store.ts'
import type { TokenSigner } from './tokens.ts'

/**
 * Completes a response. Every required question that is shown must be answered; answers to questions that ended up
 * hidden are removed. Submitting again changes nothing and succeeds, since the first answer may have been lost on its
 * way. Throws VALIDATION_FAILED (one issue per unanswered question, rule `required`, path `[fieldKey]`), NOT_FOUND,
 * LINK_DELETED, LINK_FULL.
 */
export async function submitResponse(
  world: World,
  signer: TokenSigner,
  link: LinkRow,
  { token }: { token: string },
): Promise<{ responseId: string }> {
  const found = await sessionResponse(world, signer, link, token)
  if (found.status === 'completed') return { responseId: found.id }
  const { workspace_id: workspaceId } = found
  const now = world.clock.now()
  return world.events.write(workspaceId, async (tx, emit) => {
    const response = await lockResponse(tx, found.session_id)
    if (!response) throw linkDeleted()
    if (response.status === 'completed') return { responseId: response.id }
    const { id: responseId, link_id: linkId, respondent_id: respondentId, channel } = response

    const questions = await listQuestions(tx, workspaceId, linkId)
    const answers = await listAnswers(tx, workspaceId, responseId)
    const visible = shownQuestions(questions, answers)
    const answered = new Set(answers.map((answer) => answer.field_key))
    const missing = questions
      .filter((question) => question.required && visible.has(question.field_key) && !answered.has(question.field_key))
      .map((question): Issue => ({ path: [question.field_key], rule: 'required', message: 'must be answered' }))
    if (missing.length > 0) throw new ValidationError(missing as [Issue, ...Issue[]])

    const known = new Set(questions.map((question) => question.field_key))
    // An answer to a question that was deleted meanwhile stays; one to a question that is hidden goes.
    const hidden = [...answered].filter((fieldKey) => known.has(fieldKey) && !visible.has(fieldKey))
    await discardUploads(tx, workspaceId, await deleteAnswers(tx, response, hidden), now)

    if (!(await countResponse(tx, workspaceId, linkId))) throw linkFull()
    const isEmail = ({ type, field_key }: QuestionRow) =>
      type === 'email' && visible.has(field_key) && answered.has(field_key)
    const emailKey = questions.find(isEmail)?.field_key
    const email = answers.find((answer) => answer.field_key === emailKey)?.value
    await completeResponse(tx, response, typeof email === 'string' ? email : null, now)
    const respondent = await lockRespondent(tx, workspaceId, respondentId)
    await setRespondentStatus(tx, workspaceId, respondentId, 'surveyed', now)
    emit('response.submitted', { linkId, responseId, respondentId, channel })
    if (respondent && respondent.status !== 'surveyed') {
      emit('respondent.statusChanged', { linkId, respondentId, from: respondent.status, to: 'surveyed' })
    }
    return { responseId }
  })
}
