import type { QuestionRow } from '../domains/links/index.ts'
import { ExpectedError, ValidationError } from '../platform/errors.ts'
import { takesFile } from './form-values.ts'
import type { Fault } from './texts.ts'

/** What the page says when the domain refuses an answer; undefined when it was not the answer that was refused. */
export function faultOf(question: QuestionRow, error: unknown): Fault | undefined {
  if (!(error instanceof ExpectedError)) return undefined
  const isAnswer = error instanceof ValidationError ? error.path[0] === 'value' : error.code === 'UPLOAD_REJECTED'
  return isAnswer ? byRule(question, String(error.details.rule)) : undefined
}

function byRule(question: QuestionRow, rule: string): Fault {
  if (takesFile(question)) {
    if (rule === 'too_large') return 'fileTooLarge'
    return rule === 'empty' ? 'fileEmpty' : 'fileType'
  }
  if (rule === 'too_long') return 'tooLong'
  if (rule === 'step' || rule === 'required') return rule
  if (rule === 'unknown_option') return 'option'
  switch (question.type) {
    case 'number':
      return rule === 'too_small' || rule === 'too_large' ? 'range' : 'number'
    case 'email':
    case 'date':
      return question.type
    default:
      return 'invalid'
  }
}
