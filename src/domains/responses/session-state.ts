import { type LinkRow, listQuestions, type QuestionRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { linkDeleted, sessionResponse } from './open-session.ts'
import { shownQuestions } from './shown.ts'
import { type AnswerRow, listAnswers, type ResponseStatus } from './store.ts'
import type { TokenSigner } from './tokens.ts'

export interface SessionState {
  responseId: string
  status: ResponseStatus
  questions: QuestionRow[]
  /** By field key. */
  answers: Map<string, AnswerRow>
  /** The field keys of the questions that are shown, given these answers. */
  visible: Set<string>
}

/** Where a session stands, for a page that was loaded again. Throws NOT_FOUND, LINK_DELETED. */
export async function sessionState(
  world: World,
  signer: TokenSigner,
  link: LinkRow,
  token: string,
): Promise<SessionState> {
  const response = await sessionResponse(world, signer, link, token)
  if (link.deleted_at !== null) throw linkDeleted()
  const [questions, rows] = await Promise.all([
    listQuestions(world.db, link.workspace_id, link.id),
    listAnswers(world.db, link.workspace_id, response.id),
  ])
  const answers = new Map(rows.map((answer) => [answer.field_key, answer]))
  const visible = shownQuestions(questions, rows)
  return { responseId: response.id, status: response.status, questions, answers, visible }
}
