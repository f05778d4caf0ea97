import { type Condition, type Configuration, isVoice, probingOf, type QuestionRow } from '../domains/links/index.ts'
import type { ClientQuestion } from './client/model.ts'
import { takesFile, takesLongText, takesSeveral } from './form-values.ts'

/** What the page's script is told of a question; `follows`: the field key of the answer that it asks about. */
export function clientQuestion(question: QuestionRow, follows: string | undefined): ClientQuestion {
  const { type, condition, configuration, required } = question
  const { max_duration: seconds } = configuration as Configuration<'voice'>
  const { max_size_mb: megabytes } = configuration as Configuration<'file_upload'>
  return {
    key: question.field_key,
    type,
    required: required || undefined,
    condition: 'field' in condition ? (condition as Condition) : undefined,
    several: takesSeveral(question) || undefined,
    speaks: isVoice(type) || undefined,
    writes: takesLongText(question) || undefined,
    attaches: takesFile(question) || undefined,
    seconds: isVoice(type) ? seconds : undefined,
    megabytes: type === 'file_upload' ? megabytes : undefined,
    probes: probingOf(question) !== null || follows !== undefined || undefined,
    follows,
  }
}
