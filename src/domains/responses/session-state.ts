import { type LinkRow, listQuestions, type QuestionRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { type FollowUpRow, listFollowUps, withFollowUps, withShownFollowUps } from './follow-ups.ts'
import { linkDeleted, sessionResponse } from './open-session.ts'
import { shownQuestions } from './shown.ts'
import { type AnswerRow, listAnswers, type ResponseStatus } from './store.ts'
import type { TokenSigner } from './tokens.ts'

export interface SessionState {
  responseId: string
  status: ResponseStatus
  /** Those of the link, each with the follow-ups to its answer after it; of a follow-up the id is its own. */
  questions: QuestionRow[]
  /** By field key, replies to follow-ups among them. */
  answers: Map<string, AnswerRow>
  /** The field keys of the questions that are shown, given these answers, follow-ups among them. */
  visible: Set<string>
  /** Those of `questions` that are follow-ups, in their order. */
  followUps: (FollowUpRow & { type: QuestionRow['type']; isAnswered: boolean })[]
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
  const { workspace_id: workspaceId } = link
  const [own, rows] = await Promise.all([
    listQuestions(world.db, workspaceId, link.id),
    listAnswers(world.db, workspaceId, response.id),
  ])
  // After the answers: of one that is settled nobody may miss what it is settled with.
  const asked = await listFollowUps(world.db, workspaceId, response.id)
  const questions = withFollowUps(own, asked)
  const types = new Map(questions.map(({ id, type }) => [id, type]))
  const answers = new Map(rows.map((answer) => [answer.field_key, answer]))
  return {
    ...{ responseId: response.id, status: response.status, questions, answers },
    visible: withShownFollowUps(shownQuestions(own, rows), own, asked),
    followUps: asked.flatMap((followUp) => {
      const type = types.get(followUp.id)
      return type === undefined ? [] : { ...followUp, type, isAnswered: answers.has(followUp.field_key) }
    }),
  }
}
