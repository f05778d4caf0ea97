import { z } from 'zod'
import { line, text, webAddress } from '../../platform/validation.ts'

/** The eleven ways a question can be answered (contract/sayify.md 7). */
export const QUESTION_TYPES = [
  'voice',
  'voice_text_fallback',
  'text',
  'multiple_choice',
  'number',
  'rating',
  'image_choice',
  'email',
  'date',
  'yes_no',
  'file_upload',
] as const

export type QuestionType = (typeof QUESTION_TYPES)[number]

export const MAX_RECORDING_SECONDS = 3_600
export const MAX_TEXT_CHARACTERS = 20_000
const MAX_OPTIONS = 200
/** The scales of a rating with the highest value of each when `max_value` is absent. */
export const RATING_SCALES = { stars: 5, emojis: 5, nps: 10, numbers: 10 } as const
export type RatingScale = keyof typeof RATING_SCALES

const seconds = z.int().min(1).max(MAX_RECORDING_SECONDS)
const unique = (message: string) => ({ message, params: { rule: 'duplicate' } })

/**
 * The configuration of each type. Keys that are not known are kept as sent, since legacy clients may read them back;
 * keys that are known must be right. Nothing is filled in.
 */
export const CONFIGURATIONS = {
  voice: z.looseObject({ max_duration: seconds.optional(), enable_ai_evaluation: z.boolean().optional() }),
  voice_text_fallback: z.looseObject({
    max_duration: seconds.optional(),
    max_characters: z.int().min(1).max(MAX_TEXT_CHARACTERS).optional(),
  }),
  text: z.looseObject({ max_characters: z.int().min(1).max(MAX_TEXT_CHARACTERS).optional() }),
  multiple_choice: z.looseObject({
    options: z
      .array(line(500))
      .min(1, 'must have at least one option')
      .max(MAX_OPTIONS)
      .refine((options) => new Set(options).size === options.length, unique('must not repeat an option')),
    allow_multiple: z.boolean().optional(),
  }),
  number: z
    .looseObject({ min: z.number().optional(), max: z.number().optional(), step: z.number().positive().optional() })
    .refine(({ min, max }) => min === undefined || max === undefined || min <= max, {
      path: ['max'],
      message: 'must not be below min',
      params: { rule: 'too_small' },
    }),
  rating: z
    .looseObject({
      scale_type: z.enum(Object.keys(RATING_SCALES) as [RatingScale, ...RatingScale[]]).optional(),
      max_value: z.int().min(2).max(100).optional(),
    })
    .refine(
      ({ scale_type, max_value }) => scale_type !== 'nps' || max_value === undefined || max_value === RATING_SCALES.nps,
      {
        path: ['max_value'],
        message: 'must be 10 for the scale nps, or absent',
        params: { rule: 'invalid' },
      },
    ),
  image_choice: z.looseObject({
    cards: z
      .array(
        z.looseObject({
          id: line(200),
          label: text(500).optional(),
          media_url: webAddress().optional(),
          media_type: z.enum(['image', 'video']).optional(),
        }),
      )
      .min(1, 'must have at least one card')
      .max(MAX_OPTIONS)
      .refine((cards) => new Set(cards.map((card) => card.id)).size === cards.length, unique('must not repeat an id')),
  }),
  email: z.looseObject({}),
  date: z.looseObject({}),
  yes_no: z.looseObject({}),
  file_upload: z.looseObject({
    /** Extensions without the dot, such as `pdf`. Absent or empty: any type. */
    allowed_types: z
      .array(z.string().regex(/^\.?[A-Za-z0-9]{1,10}$/, 'must be a file extension such as pdf'))
      .max(50)
      .optional(),
    max_size_mb: z.number().positive().max(1_024).optional(),
  }),
} as const satisfies Record<QuestionType, z.ZodType>

export type Configuration<Type extends QuestionType> = z.output<(typeof CONFIGURATIONS)[Type]>

/** Types whose answer is, or may be, a recording. */
export function isVoice(type: QuestionType): type is 'voice' | 'voice_text_fallback' {
  return type === 'voice' || type === 'voice_text_fallback'
}
