import type { QuestionRow } from '../domains/links/index.ts'
import type { Field } from './fields.ts'

/** Stands where the follow-up's field key comes (client/follow-up.ts). */
const PLACEHOLDER = 'follow-up'

/** The markup of a question that does not exist yet, for the script to fill in when an answer brings one up. */
export function followUpField(): Field {
  const question: QuestionRow = {
    id: PLACEHOLDER,
    prompt: '',
    type: 'text',
    field_key: PLACEHOLDER,
    order: 0,
    required: false,
    configuration: {},
    condition: {},
    enable_dynamic_probing: false,
    fallback_to_text: true,
    evaluator_config: {},
  }
  return { question, entered: [], answer: undefined, fault: undefined }
}
