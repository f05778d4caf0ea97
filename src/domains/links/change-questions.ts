import type { Tx } from '../../db/database.ts'
import { NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { MAX_QUESTIONS, parseQuestion, type QuestionInput } from './question-input.ts'
import {
  deleteQuestionRows,
  insertQuestions,
  linkOfQuestion,
  listQuestions,
  lockLink,
  type QuestionRow,
  reorderQuestionRows,
  touchLink,
  updateQuestionRow,
} from './store.ts'

/**
 * Adds a question, last unless `order` says otherwise. Throws INSUFFICIENT_SCOPE (`links:write`), NOT_FOUND,
 * VALIDATION_FAILED, FIELD_KEY_CONFLICT.
 */
export async function addQuestion(
  world: World,
  viewer: Viewer,
  linkId: string,
  input: QuestionInput,
): Promise<{ id: string }> {
  requireScope(viewer, 'links:write')
  const id = world.newId()
  await changeQuestions(world, viewer, { linkId }, async (tx, questions, now) => {
    if (questions.length >= MAX_QUESTIONS) {
      const message = `the link has ${MAX_QUESTIONS} questions, which is the most it can have`
      throw new ValidationError([{ path: ['question'], rule: 'too_long', message }])
    }
    const last = Math.max(-1, ...questions.map((question) => question.order))
    const asked = { ...input, order: input.order ?? last + 1 }
    const fields = parseQuestion(asked, ['question'], new Set(questions.map((question) => question.field_key)))
    await insertQuestions(tx, viewer.workspaceId, linkId, [{ ...fields, id }], now)
  })
  return { id }
}

/**
 * Changes a question; absent keys stay. Answers already given keep what was asked when they were given. A new type
 * without a configuration starts from an empty one. Throws as `addQuestion`.
 */
export async function updateQuestion(
  world: World,
  viewer: Viewer,
  id: string,
  input: Partial<QuestionInput>,
): Promise<void> {
  requireScope(viewer, 'links:write')
  await changeQuestions(world, viewer, { questionId: id }, async (tx, questions, now) => {
    const present = questions.find((question) => question.id === id)
    if (!present) throw new NotFoundError('question', ['id'])
    const keepsType = input.type === undefined || input.type === present.type
    const asked = {
      ...asInput(present),
      ...(keepsType ? {} : { configuration: {} }),
      ...Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)),
    }
    const others = questions.filter((question) => question.id !== id).map((question) => question.field_key)
    await updateQuestionRow(tx, viewer.workspaceId, id, parseQuestion(asked, ['question'], new Set(others)), now)
  })
}

/** Removes a question; its answers stay. Throws INSUFFICIENT_SCOPE (`links:write`), NOT_FOUND. */
export async function deleteQuestion(world: World, viewer: Viewer, id: string): Promise<void> {
  requireScope(viewer, 'links:write')
  await changeQuestions(world, viewer, { questionId: id }, (tx) => deleteQuestionRows(tx, viewer.workspaceId, [id]))
}

/**
 * Puts the questions of a link into the order of `questionIds`, which names each of them once. Throws
 * INSUFFICIENT_SCOPE (`links:write`), NOT_FOUND, VALIDATION_FAILED.
 */
export async function reorderQuestions(
  world: World,
  viewer: Viewer,
  linkId: string,
  questionIds: readonly string[],
): Promise<void> {
  requireScope(viewer, 'links:write')
  await changeQuestions(world, viewer, { linkId }, async (tx, questions, now) => {
    const known = new Set(questions.map((question) => question.id))
    const unknown = questionIds.findIndex((id) => !known.has(id))
    if (unknown >= 0) throw new NotFoundError('question', ['questionIds', unknown])
    if (new Set(questionIds).size !== questionIds.length || questionIds.length !== known.size) {
      const message = `must name each of the link's ${known.size} questions once`
      throw new ValidationError([{ path: ['questionIds'], rule: 'incomplete', message }])
    }
    await reorderQuestionRows(tx, viewer.workspaceId, questionIds, now)
  })
}

/** Locks the link, so that changes to its questions happen one after another, and reports one `link.updated`. */
async function changeQuestions(
  world: World,
  { workspaceId }: Viewer,
  target: { linkId: string } | { questionId: string },
  change: (tx: Tx, questions: QuestionRow[], now: Date) => Promise<void>,
): Promise<void> {
  const byQuestion = 'questionId' in target
  const missing = () => (byQuestion ? new NotFoundError('question', ['id']) : new NotFoundError('link', ['linkId']))
  if (!isUuid(byQuestion ? target.questionId : target.linkId)) throw missing()
  await world.events.write(workspaceId, async (tx, emit) => {
    const linkId = byQuestion ? await linkOfQuestion(tx, workspaceId, target.questionId) : target.linkId
    if (linkId === undefined || !(await lockLink(tx, workspaceId, linkId))) throw missing()
    const now = world.clock.now()
    await change(tx, await listQuestions(tx, workspaceId, linkId), now)
    await touchLink(tx, workspaceId, linkId, now)
    emit('link.updated', { linkId })
  })
}

function asInput(row: QuestionRow): QuestionInput {
  return {
    prompt: row.prompt,
    type: row.type,
    fieldKey: row.field_key,
    order: row.order,
    required: row.required,
    configuration: row.configuration,
    condition: row.condition,
    enableDynamicProbing: row.enable_dynamic_probing,
    fallbackToText: row.fallback_to_text,
    evaluatorConfig: row.evaluator_config,
  }
}
