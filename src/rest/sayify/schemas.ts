import { z } from 'zod'
import { QUESTION_TYPES } from '../../domains/links/index.ts'

/** What is answered, for the document and for the tests that hold every answer against it. */
const uuid = () => z.string().meta({ format: 'uuid' })
const instant = (description: string) => z.string().meta({ format: 'date-time', description })
const dictionary = () => z.record(z.string(), z.unknown())

export const SETTINGS = {
  description: { type: ['string', 'null'], description: "Header text of the link's page." },
  thankYouMessage: {
    type: ['string', 'null'],
    description: 'Shown after submission; when absent "Thanks for your response!".',
  },
  redirectUrl: { type: ['string', 'null'], description: 'Where the respondent goes after submission.' },
  tts_enabled: { type: ['boolean', 'null'], description: 'Read questions aloud.' },
  live_transcription: { type: ['boolean', 'null'], description: 'Show a live transcription while recording.' },
}

const question = z
  .object({
    uuid: uuid(),
    prompt: z.string(),
    field_key: z.string().meta({ description: 'Identifier of the answer in structured output.' }),
    response_type: z.enum(QUESTION_TYPES).meta({ description: 'What was sent as `type`.' }),
    configuration: dictionary().meta({ description: 'As sent; `{}` when nothing was.' }),
    order: z.int(),
    required: z.boolean(),
    condition: dictionary().meta({ description: 'As sent; `{}`: always shown.' }),
    enable_dynamic_probing: z.boolean(),
    fallback_to_text: z.boolean(),
    evaluator_config: dictionary().meta({ description: 'As sent; `{}` when nothing was.' }),
    date_created: instant('When it was made, to the microsecond.'),
    date_updated: instant('When it was last changed.'),
  })
  .meta({ id: 'Question' })

export const link = z
  .object({
    uuid: uuid(),
    name: z.string(),
    slug: z.string().meta({ description: 'Unique per workspace.' }),
    status: z.enum(['active', 'paused']),
    settings: dictionary().meta({ description: 'As sent, unknown keys included; nothing is filled in.' }),
    questions: z.array(question).meta({ description: 'By `order`, then as they were sent.' }),
    response_count: z.int().meta({ description: 'Completed responses.' }),
    public_url: z.string().meta({ format: 'uri', description: 'The page where people answer.' }),
    date_created: instant('When it was made, to the microsecond.'),
    date_updated: instant('When it was last changed.'),
  })
  .meta({ id: 'Link' })

const insights = z
  .object({
    sentiment: z.enum(['positive', 'neutral', 'negative', 'mixed']).nullable(),
    sentiment_score: z
      .number()
      .nullable()
      .meta({ description: 'From 0, as negative as can be, to 1, as positive as can be.' }),
    actionable: z.boolean().nullable(),
    key_topics: z.array(z.string()),
    summary: z.string().nullable(),
  })
  .meta({ id: 'AiInsights' })

const file = z
  .object({
    file_name: z.string().nullable(),
    media_type: z.string(),
    size: z.int().meta({ description: 'Bytes.' }),
    url: z.string().meta({ format: 'uri' }),
  })
  .meta({ id: 'File' })

const answer = z
  .object({
    uuid: uuid(),
    question_text: z.string().meta({ description: 'The prompt when it was answered.' }),
    audio_url: z.string().nullable().meta({ description: 'Of a recording; does not expire. Otherwise null.' }),
    transcription: z.string().nullable().meta({
      description: 'Of a recording, once there is one; of a text answer the text itself; otherwise null.',
    }),
    duration: z.number().nullable().meta({ description: 'Seconds, of a recording, as far as known.' }),
    ai_insights: insights.nullable(),
    field_key: z.string(),
    follow_up_to: z.string().optional().meta({
      description:
        'Of a reply to a follow-up question: the `field_key` of the answer that was unclear. Otherwise absent.',
    }),
    response_type: z.enum(QUESTION_TYPES),
    value: z
      .union([z.string(), z.number(), z.boolean(), z.array(z.string()), file])
      .nullable()
      .meta({ description: 'In the shape of its type; null for a recording, a file for `file_upload`.' }),
  })
  .meta({ id: 'Answer' })

export const response = z
  .object({
    uuid: uuid(),
    session_id: uuid(),
    answers: z.array(answer).meta({ description: 'One per answered question.' }),
    respondent_email: z.string().nullable(),
    submitted_at: instant('Null for a session that is not finished.').nullable(),
    status: z.enum(['completed', 'started']),
  })
  .meta({ id: 'Response' })

export const webhook = z
  .object({
    uuid: uuid(),
    url: z.string().meta({ format: 'uri' }),
    events: z.array(z.enum(['response.started', 'response.submitted'])),
    enabled: z.boolean(),
    date_created: instant('When it was made.'),
    date_updated: instant('When it was last changed.'),
  })
  .meta({ id: 'Webhook' })

export const token = z
  .object({
    uuid: uuid(),
    name: z.string(),
    key: z
      .string()
      .meta({ description: 'Whole when the token is made, and never again: then its last four characters.' }),
    date_created: instant('When it was made.'),
    last_used: instant('Exact to a minute; null: never.').nullable(),
  })
  .meta({ id: 'Token' })

export const message = z.object({ message: z.string() }).meta({ id: 'Message' })

export const envelopeOf = (name: string, item: z.ZodType) =>
  z
    .object({
      count: z.int(),
      next: z.string().nullable().meta({ description: 'Absolute address of the next page.' }),
      previous: z.string().nullable(),
      results: z.array(item),
    })
    .meta({ id: name })

export const businessError = z
  .object({ error: z.string(), code: z.string() })
  .meta({ id: 'BusinessError', description: 'A rule of the product was broken.' })

export const detailError = z.object({ detail: z.string() }).meta({
  id: 'DetailError',
  description: 'Credentials, unknown objects, throttling, methods, bodies that cannot be read.',
})

export const fieldErrors = z.record(z.string(), z.unknown()).meta({
  id: 'FieldErrors',
  description:
    'Messages by field. Of nested objects the same again; of a list of objects one entry per item, `{}` for those that are well.',
})
