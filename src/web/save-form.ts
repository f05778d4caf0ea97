import type { LinkRow, QuestionRow } from '../domains/links/index.ts'
import { clearAnswer, recordAnswer, type SessionState, uploadAnswer } from '../domains/responses/index.ts'
import type { IncomingFile } from './body.ts'
import type { Fault } from './client/fault.ts'
import type { Web } from './deps.ts'
import { faultOf } from './faults.ts'
import { FIELD, type FormFields } from './form.ts'
import { takesFile, toValue } from './form-values.ts'

/** What was refused, by question id, and what was entered there. */
export type Faults = Map<string, { fault: Fault; entered: readonly string[] }>

/**
 * Saves what a page's form says about the questions that it showed: what is new, what is now empty. An empty file
 * input says nothing, and neither does empty text beside a recording. Returns what the domain refused.
 */
export async function saveFields(
  { world, signer }: Web,
  link: LinkRow,
  token: string,
  before: SessionState,
  fields: FormFields,
): Promise<Faults> {
  const faults: Faults = new Map()
  for (const question of shownQuestions(before.questions, fields)) {
    const { field_key: fieldKey } = question
    const saved = before.answers.get(fieldKey)
    if (takesFile(question)) {
      if (fields.one(FIELD.remove(question.id)) && saved) await clearAnswer(world, signer, link, { token, fieldKey })
      continue
    }
    const entered = fields.all(FIELD.answer(question.id))
    const value = toValue(question, entered)
    if (value === undefined) {
      if (saved && saved.upload_id === null) await clearAnswer(world, signer, link, { token, fieldKey })
      continue
    }
    if (saved && JSON.stringify(saved.value) === JSON.stringify(value)) continue
    try {
      await recordAnswer(world, signer, link, { token, fieldKey, value })
    } catch (error) {
      const fault = faultOf(question, error)
      if (!fault) throw error
      faults.set(question.id, { fault, entered })
    }
  }
  return faults
}

/** Saves a file of a page's form; returns what is wrong with it, if anything. */
export async function saveFile(
  web: Web,
  link: LinkRow,
  token: string,
  question: QuestionRow,
  file: IncomingFile,
): Promise<Fault | undefined> {
  try {
    await uploadAnswer(web, link, { token, fieldKey: question.field_key, ...file })
    return undefined
  } catch (error) {
    const fault = faultOf(question, error)
    if (!fault) throw error
    return fault
  }
}

export function shownQuestions(questions: readonly QuestionRow[], fields: FormFields): QuestionRow[] {
  const shown = new Set(fields.all(FIELD.shown))
  return questions.filter((question) => shown.has(question.id))
}
