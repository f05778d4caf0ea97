// The page's script judges by this file, too (src/web/client): it imports nothing.

export const CONDITION_OPERATORS = ['less_than', 'equals', 'contains'] as const
export type ConditionOperator = (typeof CONDITION_OPERATORS)[number]

/** When a question is shown (contract/sayify.md 8): its `field` names another question by field key. */
export interface Condition {
  show_if?: 'field_value'
  field: string
  operator: ConditionOperator
  value: unknown
}

/** What is needed of a question to say whether it is shown. */
export interface Conditional {
  fieldKey: string
  condition: Condition | Record<string, never>
}

/**
 * The field keys of the questions that are shown, given the answers so far (by field key). This one function judges
 * conditions for the page, the phone, submission and every API. A question that refers to an unanswered, unknown or
 * itself hidden question is hidden; so is a ring of questions that refer to each other.
 */
export function visibleFieldKeys(
  questions: readonly Conditional[],
  answers: ReadonlyMap<string, unknown>,
): Set<string> {
  const byKey = new Map(questions.map((question) => [question.fieldKey, question]))
  const verdicts = new Map<string, boolean>()

  function isVisible(fieldKey: string): boolean {
    const known = verdicts.get(fieldKey)
    if (known !== undefined) return known
    verdicts.set(fieldKey, false) // what a ring of references meets when it comes back here
    const question = byKey.get(fieldKey)
    const verdict = question !== undefined && holds(question.condition)
    verdicts.set(fieldKey, verdict)
    return verdict
  }

  function holds(condition: Conditional['condition']): boolean {
    if (!isCondition(condition)) return true
    return isVisible(condition.field) && judge(condition, answers.get(condition.field))
  }

  // Deep chains of references must not exhaust the stack, so each is resolved from its far end.
  for (const question of questions) {
    const chain: string[] = []
    let next: string | undefined = question.fieldKey
    while (next !== undefined && !verdicts.has(next) && !chain.includes(next)) {
      chain.push(next)
      const condition: Conditional['condition'] | undefined = byKey.get(next)?.condition
      next = condition && isCondition(condition) ? condition.field : undefined
    }
    const ring = next !== undefined && chain.includes(next)
    if (ring) for (const fieldKey of chain) verdicts.set(fieldKey, false)
    else for (const fieldKey of chain.reverse()) isVisible(fieldKey)
  }
  return new Set(questions.map((question) => question.fieldKey).filter((fieldKey) => verdicts.get(fieldKey)))
}

function isCondition(condition: Conditional['condition']): condition is Condition {
  return typeof (condition as Partial<Condition>).field === 'string'
}

/** Whether one answer satisfies a condition. An absent answer never does. */
export function judge({ operator, value }: Pick<Condition, 'operator' | 'value'>, answer: unknown): boolean {
  if (answer === undefined || answer === null) return false
  switch (operator) {
    case 'less_than': {
      const left = toNumber(answer)
      const right = toNumber(value)
      return left !== undefined && right !== undefined && left < right
    }
    case 'equals':
      return Array.isArray(answer) ? answer.some((item) => item === value) : answer === value
    case 'contains': {
      const keyword = toText(value)
      if (keyword === undefined) return false
      if (Array.isArray(answer)) return answer.some((item) => toText(item)?.toLowerCase() === keyword.toLowerCase())
      return toText(answer)?.toLowerCase().includes(keyword.toLowerCase()) ?? false
    }
  }
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}
