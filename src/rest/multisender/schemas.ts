import { z } from 'zod'

/** Parts of answers, for the document. */
export const dateTime = z
  .string()
  .meta({ pattern: '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$', description: '`YYYY-MM-DD HH:MM:SS`, UTC.' })

export const id = z.string().meta({ pattern: '^[1-9][0-9]*$', description: 'A number, as a text.' })
export const numericId = z.int().meta({ minimum: 1 })

/** A text that is null when it is not set. */
export const optionalText = z.string().nullable()

export const failure = z
  .object({
    status: z.int().meta({ description: 'The HTTP status again.' }),
    message: z.string(),
    errors: z
      .record(z.string(), z.array(z.string()))
      .optional()
      .meta({ description: 'Messages by field, with status 400 only.' }),
  })
  .meta({ id: 'Failure', description: 'The envelope of every failure.' })
