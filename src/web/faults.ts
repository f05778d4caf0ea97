import type { QuestionRow } from '../domains/links/index.ts'
import { ExpectedError, ValidationError } from '../platform/errors.ts'
import { type Fault, faultOf as faultBy } from './client/fault.ts'
import { takesFile } from './form-values.ts'

/** What the page says when the domain refuses an answer; undefined when it was not the answer that was refused. */
export function faultOf(question: QuestionRow, error: unknown): Fault | undefined {
  if (!(error instanceof ExpectedError)) return undefined
  const isAnswer = error instanceof ValidationError ? error.path[0] === 'value' : error.code === 'UPLOAD_REJECTED'
  return isAnswer ? faultBy(question.type, String(error.details.rule), takesFile(question)) : undefined
}
