import { type QuestionRow, visibleFieldKeys } from '../links/index.ts'
import type { AnswerRow } from './store.ts'

/** The field keys of the questions that are shown, in their order, given these answers. */
export function shownQuestions(questions: readonly QuestionRow[], answers: readonly AnswerRow[]): Set<string> {
  return visibleFieldKeys(
    questions.map((question) => ({ fieldKey: question.field_key, condition: question.condition })),
    new Map(answers.map((answer) => [answer.field_key, answer.value])),
  )
}
