import { z } from 'zod'
import { line, parse, text } from '../../platform/validation.ts'
import { type Configuration, MAX_TEXT_CHARACTERS, type QuestionRow, RATING_SCALES } from '../links/index.ts'

/** A step of 0.1 from 0 reaches 0.30000000000000004; values this close to a step are on it. */
const STEP_TOLERANCE = 1e-9

const rule = (name: string, message: string) => ({ message, params: { rule: name } })

/**
 * The value of an answer in the shape its question's type defines: text; a number; true or false; an option, or a list
 * of options; the id of a card; a date as `YYYY-MM-DD`; an e-mail address. Throws VALIDATION_FAILED at `value`.
 * Recordings and files are not values: they arrive as uploads.
 */
export function parseAnswerValue(question: QuestionRow, value: unknown): unknown {
  return parse(z.object({ value: schemaOf(question) }), { value }).value
}

function schemaOf(question: QuestionRow): z.ZodType {
  switch (question.type) {
    case 'text': {
      const { max_characters } = question.configuration as Configuration<'text'>
      return filled(max_characters)
    }
    case 'voice_text_fallback': {
      const { max_characters } = question.configuration as Configuration<'voice_text_fallback'>
      return filled(max_characters)
    }
    case 'voice':
      return question.fallback_to_text ? filled() : uploadOnly('a recording')
    case 'file_upload':
      return uploadOnly('a file')
    case 'multiple_choice':
      return choice(question.configuration as Configuration<'multiple_choice'>)
    case 'number':
      return numberWithin(question.configuration as Configuration<'number'>)
    case 'rating':
      return rating(question.configuration as Configuration<'rating'>)
    case 'image_choice':
      return card(question.configuration as Configuration<'image_choice'>)
    case 'email':
      return line(320).pipe(z.email('must be an e-mail address'))
    case 'date':
      return z.iso.date('must be a date such as 2026-02-28')
    case 'yes_no':
      return z.boolean('must be true or false')
  }
}

function filled(maxCharacters: number = MAX_TEXT_CHARACTERS) {
  return text(maxCharacters).refine((value) => value.trim() !== '', rule('required', 'must not be blank'))
}

function uploadOnly(what: string) {
  return z.unknown().refine(() => false, rule('needs_upload', `is answered with ${what}, not with a value`))
}

function choice({ options, allow_multiple }: Configuration<'multiple_choice'>) {
  const one = z.string().refine((value) => options.includes(value), rule('unknown_option', 'is not one of the options'))
  if (!allow_multiple) return one
  return z
    .array(one)
    .min(1, 'must have at least one option')
    .max(options.length, 'must not repeat an option')
    .refine((values) => new Set(values).size === values.length, rule('duplicate', 'must not repeat an option'))
}

function numberWithin({ min, max, step }: Configuration<'number'>) {
  let schema = z.number('must be a number')
  if (min !== undefined) schema = schema.min(min, `must be at least ${min}`)
  if (max !== undefined) schema = schema.max(max, `must be at most ${max}`)
  if (step === undefined) return schema
  return schema.refine(
    (value) => {
      const steps = (value - (min ?? 0)) / step
      return Math.abs(steps - Math.round(steps)) <= STEP_TOLERANCE * Math.max(1, Math.abs(steps))
    },
    rule('step', `must be in steps of ${step}${min === undefined ? '' : ` from ${min}`}`),
  )
}

function rating(configuration: Configuration<'rating'>) {
  const { lowest, highest } = ratingBounds(configuration)
  return z
    .int('must be a whole number')
    .min(lowest, `must be at least ${lowest}`)
    .max(highest, `must be at most ${highest}`)
}

/** The lowest and highest value of a rating: NPS counts from 0, the others from 1 (contract/sayify.md 7). */
export function ratingBounds({ scale_type = 'stars', max_value }: Configuration<'rating'>): {
  lowest: number
  highest: number
} {
  return { lowest: scale_type === 'nps' ? 0 : 1, highest: max_value ?? RATING_SCALES[scale_type] }
}

function card({ cards }: Configuration<'image_choice'>) {
  return z
    .string()
    .refine((id) => cards.some((each) => each.id === id), rule('unknown_option', 'is not the id of a card'))
}
