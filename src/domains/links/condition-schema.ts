import { z } from 'zod'
import { asSent, jsonObject, jsonValue, line } from '../../platform/validation.ts'
import { CONDITION_OPERATORS } from './condition.ts'

const MAX_JSON_BYTES = 5_000

/** `{}`, null and absence mean "always". Kept as sent, unknown keys included. */
export const conditionSchema = z.union([
  z.custom<Record<string, never>>(isEmptyObject, { abort: true }),
  asSent(
    z
      .looseObject({
        show_if: z.literal('field_value').optional(),
        field: line(200),
        operator: z.enum(CONDITION_OPERATORS, 'must be less_than, equals or contains'),
        value: jsonValue(2_000),
      })
      .transform((condition): Record<string, unknown> => condition)
      .pipe(jsonObject(MAX_JSON_BYTES)),
  ),
])

function isEmptyObject(value: unknown): boolean {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0
}
