import { z } from 'zod'
import { readInstant } from '../../platform/instants.ts'
import { NOT_ISO_8601, required, shouldBe } from './words.ts'

/** The fields of requests. They judge types only, in the words of this API; rules are the domains'. */
const said = (name: string, what: string) => (issue: { input?: unknown }) =>
  issue.input === undefined || issue.input === null ? required(name) : shouldBe(name, what)

export const textField = (name: string) => z.string({ error: said(name, 'a string') })

/** Null and blank say nothing, like absence. */
export const optionalText = (name: string) =>
  textField(name)
    .transform((text) => (text.trim() === '' ? null : text))
    .nullish()

/** An object of whatever keys, kept as sent. */
export const objectField = (name: string) => z.record(z.string(), z.unknown(), { error: said(name, 'an object') })

export const instantField = (name: string) =>
  textField(name)
    .transform((text, context) => {
      const read = readInstant(text)
      if (read) return read
      context.addIssue({ code: 'custom', message: NOT_ISO_8601 })
      return z.NEVER
    })
    .nullish()

/** A list of tags; of an object, which the documentation calls it, the values (contract/saysimple.md 5.1). */
export const tagsField = z
  .preprocess(
    (value) => (value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.values(value) : value),
    z.array(z.string({ error: said('tags', 'an array of strings') }), { error: said('tags', 'an array of strings') }),
  )
  .nullish()
  .meta({
    type: 'array',
    items: { type: 'string' },
    description:
      '`user:VIP`, or without a prefix, labels the message; of `team:Sales` only the first counts; `system:paid_template`, `system:free_template` and `system:automatic_reply` say what it is.',
  })

/** A body that is no object at all. */
export const bodyOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.object(shape, { error: 'Body should be a JSON object' })
