import { z } from 'zod'
import { ExpectedError, type Issue, ValidationError } from '../../platform/errors.ts'
import { asSent, issuesOf, jsonObject, line, parse, text } from '../../platform/validation.ts'
import type { Condition } from './condition.ts'
import { conditionSchema } from './condition-schema.ts'
import { CONFIGURATIONS, QUESTION_TYPES, type QuestionType } from './question-types.ts'
import { fieldKeyOf, firstFree } from './slug.ts'

export const MAX_QUESTIONS = 200
const MAX_FIELD_KEY = 200

/** A question as it is asked for; every key but `prompt` has a default (contract/sayify.md 6.1). */
export interface QuestionInput {
  prompt: string
  /** Default `voice`. */
  type?: QuestionType
  /** Default: made from the prompt. */
  fieldKey?: string | null
  /** Display order, ties by position. Default 0. */
  order?: number
  /** Default false. */
  required?: boolean
  /** By type. Default `{}`. */
  configuration?: Record<string, unknown> | null
  /** Default `{}`: always shown. */
  condition?: Condition | Record<string, never> | null
  /** Default false. */
  enableDynamicProbing?: boolean
  /** Default true. */
  fallbackToText?: boolean
  /** Default `{}`. */
  evaluatorConfig?: Record<string, unknown> | null
}

/** A question that satisfies every rule, with all defaults filled in but its configuration as sent. */
export interface QuestionFields {
  prompt: string
  type: QuestionType
  fieldKey: string
  order: number
  required: boolean
  configuration: Record<string, unknown>
  condition: Condition | Record<string, never>
  enableDynamicProbing: boolean
  fallbackToText: boolean
  evaluatorConfig: Record<string, unknown>
}

const MAX_JSON_BYTES = 100_000
const evaluatorConfig = asSent(
  z
    .looseObject({
      clarity_threshold: z.number().min(0).max(100).optional(),
      max_follow_ups: z.int().min(0).max(10).optional(),
      custom_fields: z.array(line(200)).max(50).optional(),
    })
    .pipe(jsonObject(MAX_JSON_BYTES)),
)

const schema = z.object({
  prompt: text(5_000).refine((value) => value.trim() !== '', {
    message: 'must not be blank',
    params: { rule: 'required' },
  }),
  type: z.enum(QUESTION_TYPES, `must be one of ${QUESTION_TYPES.join(', ')}`).default('voice'),
  fieldKey: line(MAX_FIELD_KEY).nullish(),
  order: z.int().min(-1_000_000).max(1_000_000).default(0),
  required: z.boolean().default(false),
  configuration: jsonObject(MAX_JSON_BYTES).nullish(),
  condition: conditionSchema.nullish(),
  enableDynamicProbing: z.boolean().default(false),
  fallbackToText: z.boolean().default(true),
  evaluatorConfig: evaluatorConfig.nullish(),
})

/**
 * Judges the questions of one link together, so that every fault is reported at once. `taken` holds the field keys of
 * the link's other questions. Throws VALIDATION_FAILED, or FIELD_KEY_CONFLICT for a field key given twice.
 */
export function parseQuestions(
  inputs: unknown,
  at: readonly (string | number)[],
  taken: ReadonlySet<string> = new Set(),
): QuestionFields[] {
  const list = parse(z.array(z.unknown()).max(MAX_QUESTIONS, `must be at most ${MAX_QUESTIONS}`), inputs, at)
  const issues: Issue[] = []
  const parsed = list.map((input, index) => {
    const path = [...at, index]
    const result = schema.safeParse(input)
    if (!result.success) {
      issues.push(...issuesOf(result.error, path))
      return undefined
    }
    const configuration = result.data.configuration ?? {}
    const judged = CONFIGURATIONS[result.data.type].safeParse(configuration)
    if (!judged.success) issues.push(...issuesOf(judged.error, [...path, 'configuration']))
    return { ...result.data, configuration }
  })
  if (issues.length > 0) throw new ValidationError(issues as [Issue, ...Issue[]])
  return withFieldKeys(parsed as NonNullable<(typeof parsed)[number]>[], at, taken)
}

/** The same for one question on its own, with its path being `at` itself. */
export function parseQuestion(
  input: unknown,
  at: readonly (string | number)[],
  taken: ReadonlySet<string>,
): QuestionFields {
  const strip = (path: readonly (string | number)[]) => [...at, ...path.slice(at.length + 1)]
  try {
    return parseQuestions([input], at, taken)[0]!
  } catch (error) {
    if (error instanceof ValidationError) {
      const issues = error.issues.map((issue) => ({ ...issue, path: strip(issue.path) }))
      throw new ValidationError(issues as unknown as [Issue, ...Issue[]])
    }
    if (error instanceof ExpectedError) {
      throw new ExpectedError(error.code, error.message, { path: strip(error.path), details: error.details })
    }
    throw error
  }
}

function withFieldKeys(
  questions: z.output<typeof schema>[],
  at: readonly (string | number)[],
  taken: ReadonlySet<string>,
): QuestionFields[] {
  const used = new Set(taken)
  // Keys that were asked for come first: a generated one yields to them, wherever it stands.
  for (const [index, { fieldKey }] of questions.entries()) {
    if (!fieldKey) continue
    if (used.has(fieldKey)) {
      throw new ExpectedError(
        'FIELD_KEY_CONFLICT',
        `The field key "${fieldKey}" is used by another question of this link.`,
        {
          path: [...at, index, 'fieldKey'],
        },
      )
    }
    used.add(fieldKey)
  }
  return questions.map((question) => {
    const fieldKey =
      question.fieldKey ?? firstFree(fieldKeyOf(question.prompt), (key) => used.has(key), '_', MAX_FIELD_KEY)
    used.add(fieldKey)
    return {
      ...question,
      fieldKey,
      configuration: question.configuration ?? {},
      condition: (question.condition ?? {}) as QuestionFields['condition'],
      evaluatorConfig: question.evaluatorConfig ?? {},
    }
  })
}
