import { type Configuration, isVoice, type QuestionRow } from '../domains/links/index.ts'

/** Whether the page asks for this with a file input: the domain takes no text for it. */
export function takesFile(question: QuestionRow): boolean {
  return question.type === 'file_upload' || (question.type === 'voice' && !question.fallback_to_text)
}

/** Whether the page asks for this with a text area. */
export function takesLongText(question: QuestionRow): boolean {
  return question.type === 'text' || (isVoice(question.type) && !takesFile(question))
}

/** Whether several options may be ticked. */
export function takesSeveral({ type, configuration }: QuestionRow): boolean {
  return type === 'multiple_choice' && (configuration as Configuration<'multiple_choice'>).allow_multiple === true
}

/**
 * What was entered, in the shape the domain expects of the question's type; undefined for nothing. What does not fit is
 * passed on as text: whether it is right is for the domain to say.
 */
export function toValue(question: QuestionRow, entered: readonly string[]): unknown {
  const filled = entered.filter((text) => text.trim() !== '')
  const [first] = filled
  if (first === undefined) return undefined
  switch (question.type) {
    case 'number':
    case 'rating':
      return toNumber(first.trim())
    case 'yes_no':
      return first === 'yes' ? true : first === 'no' ? false : first
    case 'multiple_choice':
      return takesSeveral(question) ? filled.map((text) => toOption(question, text)) : toOption(question, first)
    case 'email':
    case 'date':
      return first.trim()
    default:
      return first
  }
}

/** How an answer is entered: the reverse of `toValue`. */
export function toEntered(value: unknown): string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value.map(String)
  if (typeof value === 'boolean') return [value ? 'yes' : 'no']
  return [String(value)]
}

/** Half of the world writes a decimal comma, and old browsers let them. */
function toNumber(text: string): number | string {
  const number = Number(/^[-+]?\d+,\d+$/.test(text) ? text.replace(',', '.') : text)
  return Number.isFinite(number) ? number : text
}

/** Browsers send every line break as CR LF, also one within an option. */
function toOption({ configuration }: QuestionRow, text: string): string {
  const { options } = configuration as Configuration<'multiple_choice'>
  return options.find((option) => option === text || toLineFeeds(option) === text) ?? text
}

export function toLineFeeds(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}
