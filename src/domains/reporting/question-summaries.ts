import type { QuestionType } from '../links/index.ts'
import { ratingBounds } from '../responses/index.ts'
import { npsOfValues } from './nps.ts'
import type { QuestionSummary, ValueCount } from './summary.ts'
import type { SummaryRows } from './summary-store.ts'

/** More questions than a link ever had, and more values than anybody reads. */
export const MAX_QUESTIONS_SUMMED = 1_000
export const MAX_VALUES = 500

interface Counted {
  questions: readonly SummaryRows['question'][]
  answers: readonly SummaryRows['answer'][]
  values: readonly SummaryRows['value'][]
  numbers: readonly SummaryRows['number'][]
}

/**
 * The questions that the link asks, in their order, and after them those it does not ask any more, or asks in another
 * way by now, by field key. An answer belongs to the question of its field key and type.
 */
export function questionSummaries({ questions, answers, values, numbers }: Counted): QuestionSummary[] {
  const key = ({ fieldKey, type }: { fieldKey: string; type: QuestionType }) => JSON.stringify([fieldKey, type])
  const answersOf = new Map(answers.map((row) => [key(row), row]))
  const numbersOf = new Map(numbers.map((row) => [key(row), row]))
  const valuesOf = Map.groupBy(values, key)
  const asked = new Set(questions.map(key))
  const gone = answers
    .filter((row) => !asked.has(key(row)))
    .sort((one, other) => (key(one) < key(other) ? -1 : 1))
    .map(({ fieldKey, type, prompt }) => ({ id: null, fieldKey, type, prompt, configuration: null }))
  return [...questions, ...gone].slice(0, MAX_QUESTIONS_SUMMED).map(({ id, fieldKey, type, prompt, configuration }) => {
    const of = key({ fieldKey, type })
    const answered = answersOf.get(of)?.count ?? 0
    const given = valuesOf.get(of) ?? []
    const { average = null, median = null, min = null, max = null } = numbersOf.get(of) ?? {}
    return {
      ...{ fieldKey, type, prompt, questionId: id, answered, average, median, min, max },
      nps: type === 'rating' && configuration?.scale_type === 'nps' ? npsOfValues(given) : null,
      distribution: distributionOf(type, configuration ?? {}, id !== null, given).map(
        (each): ValueCount => ({ ...each, share: answered === 0 ? null : each.count / answered }),
      ),
    }
  })
}

function distributionOf(
  type: QuestionType,
  configuration: Record<string, unknown>,
  isAsked: boolean,
  given: readonly { value: string; count: number }[],
): Omit<ValueCount, 'share'>[] {
  const counts = new Map(given.map(({ value, count }) => [value, count]))
  const offered = isAsked ? offeredBy(type, configuration) : []
  const known = new Set(offered.map(({ value }) => value))
  const others = given
    .filter(({ value }) => !known.has(value))
    .sort((one, other) => other.count - one.count || (one.value < other.value ? -1 : 1))
    .slice(0, MAX_VALUES - offered.length)
    .map(({ value }) => value)
    .sort(type === 'rating' ? (one, other) => Number(one) - Number(other) : undefined)
  return [...offered, ...others.map((value) => ({ value, label: value }))].map(({ value, label }) => ({
    ...{ value, label, count: counts.get(value) ?? 0 },
  }))
}

/** What can be chosen, in its order. */
function offeredBy(type: QuestionType, configuration: Record<string, unknown>): { value: string; label: string }[] {
  const plain = (value: string) => ({ value, label: value })
  switch (type) {
    case 'multiple_choice':
      return ((configuration.options ?? []) as string[]).map(plain)
    case 'image_choice':
      return ((configuration.cards ?? []) as { id: string; label?: string }[]).map(({ id, label }) => ({
        ...{ value: id, label: label || id },
      }))
    case 'yes_no':
      return ['true', 'false'].map(plain)
    case 'rating': {
      const { lowest, highest } = ratingBounds(configuration)
      return Array.from({ length: highest - lowest + 1 }, (_, n) => plain(String(lowest + n)))
    }
    default:
      return []
  }
}
