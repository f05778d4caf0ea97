import { violatedConstraint } from '../../db/sql.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { type LinkRow, listQuestions, type QuestionRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { parseAnswerValue } from './answer-value.ts'
import { linkDeleted, sessionCompleted, sessionResponse } from './open-session.ts'
import { shownQuestions } from './shown.ts'
import {
  deleteAnswers,
  discardUploads,
  listAnswers,
  lockResponse,
  type PlacedQuestion,
  type ResponseRow,
  touchResponse,
  upsertAnswer,
} from './store.ts'
import type { TokenSigner } from './tokens.ts'

export interface SavedAnswer {
  answerId: string
  /** The field keys of the questions that are shown from now on. */
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
  const asked = await questionOf(world, link, fieldKey)
  const parsed = parseAnswerValue(asked.question, value)
  return saveAnswer(world, response, asked, { value: parsed, uploadId: null })
}

/** Takes an answer back. Nothing happens when there is none. Throws as `recordAnswer`. */
export async function clearAnswer(
  world: World,
  signer: TokenSigner,
  link: LinkRow,
  { token, fieldKey }: { token: string; fieldKey: string },
): Promise<Pick<SavedAnswer, 'visible'>> {
  const found = await sessionResponse(world, signer, link, token)
  checkChangeable(found, link)
  const { questions } = await questionOf(world, link, fieldKey)
  const { session_id, workspace_id } = found
  return world.events.write(workspace_id, async (tx) => {
    const response = await lockResponse(tx, session_id)
    if (!response) throw linkDeleted()
    if (response.status === 'completed') throw sessionCompleted()
    const now = world.clock.now()
    await discardUploads(tx, workspace_id, await deleteAnswers(tx, response, [fieldKey]), now)
    await touchResponse(tx, response, now)
    return { visible: shownQuestions(questions, await listAnswers(tx, workspace_id, response.id)) }
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

export async function questionOf(world: World, link: LinkRow, fieldKey: string): Promise<AskedQuestion> {
  const questions = await listQuestions(world.db, link.workspace_id, link.id)
  const place = questions.findIndex((each) => each.field_key === fieldKey)
  if (place < 0) throw new NotFoundError(`question "${fieldKey}"`, ['fieldKey'])
  return { question: { ...questions[place]!, place }, questions }
}

/** The answer, the fate of what it replaces and the event, in one transaction. `also` runs first, within it. */
export async function saveAnswer(
  world: World,
  { session_id, workspace_id }: ResponseRow,
  { question, questions }: AskedQuestion,
  reply: { value: unknown; uploadId: string | null },
  also: (tx: Parameters<Parameters<World['events']['write']>[1]>[0]) => Promise<void> = async () => {},
): Promise<SavedAnswer> {
  const now = world.clock.now()
  try {
    return await world.events.write(workspace_id, async (tx, emit) => {
      const response = await lockResponse(tx, session_id)
      if (!response) throw linkDeleted()
      if (response.status === 'completed') throw sessionCompleted()
      await also(tx)
      const { id, replacedUpload } = await upsertAnswer(tx, {
        id: world.newId(),
        response,
        question,
        ...reply,
        text: asText(reply.value),
        now,
      })
      if (replacedUpload) await discardUploads(tx, workspace_id, [replacedUpload], now)
      emit('response.answered', {
        linkId: response.link_id,
        responseId: response.id,
        answerId: id,
        fieldKey: question.field_key,
      })
      return { answerId: id, visible: shownQuestions(questions, await listAnswers(tx, workspace_id, response.id)) }
    })
  } catch (error) {
    // The question was deleted between reading and saving.
    if (violatedConstraint(error) === 'answer_workspace_id_question_id_fkey') {
      throw new NotFoundError(`question "${question.field_key}"`, ['fieldKey'])
    }
    throw error
  }
}

/** What search finds an answer by: text as it is, options and cards by name, numbers and dates as written. */
function asText(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return Array.isArray(value) ? value.join('\n') : String(value)
}
