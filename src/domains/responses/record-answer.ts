import type { Tx } from '../../db/database.ts'
import { violatedConstraint } from '../../db/sql.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { type LinkRow, listQuestions, type QuestionRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { parseAnswerValue } from './answer-value.ts'
import { followUpQuestion, listFollowUps, settleWithoutReplies, withShownFollowUps } from './follow-ups.ts'
import { keepAnswer } from './keep-answer.ts'
import { linkDeleted, lockSession, sessionCompleted, sessionResponse } from './open-session.ts'
import { shownQuestions } from './shown.ts'
import {
  deleteAnswers,
  discardUploads,
  listAnswers,
  type PlacedQuestion,
  type ResponseRow,
  touchResponse,
} from './store.ts'
import type { TokenSigner } from './tokens.ts'

export interface SavedAnswer {
  answerId: string
  /** The field keys of the questions that are shown from now on, follow-ups among them. */
  visible: Set<string>
}

/**
 * Saves one answer of an open session, in place of an earlier one. Throws VALIDATION_FAILED at `value`, NOT_FOUND
 * (session or field key), SESSION_COMPLETED, LINK_DELETED.
 */
export async function recordAnswer(
  world: World,
  signer: TokenSigner,
  link: LinkRow,
  { token, fieldKey, value }: { token: string; fieldKey: string; value: unknown },
): Promise<SavedAnswer> {
  const response = await sessionResponse(world, signer, link, token)
  checkChangeable(response, link)
  const asked = await questionOf(world, response, fieldKey)
  const parsed = parseAnswerValue(asked.question, value)
  return saveAnswer(world, response, asked, { value: parsed, uploadId: null })
}

/**
 * Takes an answer back, with what was asked about it and replied. Nothing happens when there is none. Throws as
 * `recordAnswer`.
 */
export async function clearAnswer(
  world: World,
  signer: TokenSigner,
  link: LinkRow,
  { token, fieldKey }: { token: string; fieldKey: string },
): Promise<Pick<SavedAnswer, 'visible'>> {
  const found = await sessionResponse(world, signer, link, token)
  checkChangeable(found, link)
  const { questions } = await questionOf(world, found, fieldKey)
  const { session_id, workspace_id } = found
  return world.events.write(workspace_id, async (tx) => {
    const response = await lockSession(tx, session_id)
    if (response.status === 'completed') throw sessionCompleted()
    const now = world.clock.now()
    await discardUploads(tx, workspace_id, await deleteAnswers(tx, response, [fieldKey]), now)
    await settleWithoutReplies(tx, workspace_id, response.id)
    await touchResponse(tx, response, now)
    return { visible: await shownNow(tx, response, questions) }
  })
}

/** Throws unless answers of this response may still change. */
export function checkChangeable(response: ResponseRow, link: LinkRow): void {
  if (link.deleted_at !== null) throw linkDeleted()
  if (response.status === 'completed') throw sessionCompleted()
}

export interface AskedQuestion {
  question: PlacedQuestion
  /** All of the link, in their order. */
  questions: QuestionRow[]
}

/** What a field key asks in a response: a question of its link, or a follow-up. Throws NOT_FOUND. */
export async function questionOf(
  world: World,
  { workspace_id: workspaceId, link_id: linkId, id }: ResponseRow,
  fieldKey: string,
): Promise<AskedQuestion> {
  const questions = await listQuestions(world.db, workspaceId, linkId)
  const place = questions.findIndex((each) => each.field_key === fieldKey)
  if (place >= 0) return { question: { ...questions[place]!, place }, questions }
  const followUp = (await listFollowUps(world.db, workspaceId, id)).find((each) => each.field_key === fieldKey)
  const question = followUp && followUpQuestion(followUp, questions)
  if (!question) throw new NotFoundError(`question "${fieldKey}"`, ['fieldKey'])
  return { question, questions }
}

/** The answer, the fate of what it replaces and the event, in one transaction. `also` runs first, within it. */
export async function saveAnswer(
  world: World,
  { session_id, workspace_id }: ResponseRow,
  { question, questions }: AskedQuestion,
  reply: { value: unknown; uploadId: string | null },
  also: (tx: Parameters<Parameters<World['events']['write']>[1]>[0]) => Promise<void> = async () => {},
): Promise<SavedAnswer> {
  try {
    return await world.events.write(workspace_id, async (tx, emit) => {
      const response = await lockSession(tx, session_id)
      if (response.status === 'completed') throw sessionCompleted()
      await also(tx)
      const answerId = await keepAnswer(world, tx, emit, response, question, { ...reply, text: asText(reply.value) })
      return { answerId, visible: await shownNow(tx, response, questions) }
    })
  } catch (error) {
    // The question was deleted between reading and saving, or the answer replaced that the follow-up was about.
    const violated = violatedConstraint(error)
    if (violated === 'answer_workspace_id_question_id_fkey' || violated === 'answer_workspace_id_follow_up_id_fkey') {
      throw new NotFoundError(`question "${question.field_key}"`, ['fieldKey'])
    }
    throw error
  }
}

async function shownNow(
  tx: Tx,
  { workspace_id: workspaceId, id }: ResponseRow,
  questions: readonly QuestionRow[],
): Promise<Set<string>> {
  const visible = shownQuestions(questions, await listAnswers(tx, workspaceId, id))
  return withShownFollowUps(visible, questions, await listFollowUps(tx, workspaceId, id))
}

/** What search finds an answer by: text as it is, options and cards by name, numbers and dates as written. */
export function asText(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return Array.isArray(value) ? value.join('\n') : String(value)
}
