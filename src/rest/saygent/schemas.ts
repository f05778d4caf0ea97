import { z } from 'zod'

/** What is answered, for the document and for the tests that hold every answer against it. */
const messages = z
  .record(z.string(), z.string())
  .meta({ id: 'Messages', description: 'What is wrong, by the name of the field.' })

const echoed = {
  phone: z.string().optional().meta({ description: 'As it was sent.' }),
  first_name: z.string().optional(),
  last_name: z.string().optional(),
  email: z.string().optional(),
}
/** What was sent comes back even when it is no number. */
const id = z.union([z.number(), z.string()])

const status = z.enum(['success', 'warning', 'failure']).meta({
  id: 'Status',
  description: '`warning`: some entries failed; `failure`: all of them, or the request as a whole.',
})

const listOf = (name: string, entry: z.ZodType) => z.object({ status, respondents: z.array(entry) }).meta({ id: name })

export const added = listOf(
  'AddedRespondents',
  z
    .object({
      id: z.int().optional().meta({ description: 'Of those that were created.' }),
      ...echoed,
      status: z.enum(['created', 'failed']),
      messages: messages.optional(),
    })
    .meta({ id: 'AddedRespondent' }),
)

export const read = listOf(
  'Respondents',
  z
    .object({ id, ...echoed, status: z.literal('invalid').optional(), messages: messages.optional() })
    .meta({ id: 'Respondent', description: 'With `status` and `messages` only when there is none with this id.' }),
)

export const states = listOf(
  'RespondentStates',
  z
    .object({
      id,
      status: z.enum(['created', 'queued', 'called', 'surveyed', 'analyzed', 'invalid']),
      messages: messages.optional(),
    })
    .meta({ id: 'RespondentState' }),
)

export const failure = z
  .object({ status: z.literal('failure'), messages })
  .meta({ id: 'Failure', description: 'The request as a whole was refused.' })
