import { z } from 'zod'
import { readDateTime } from './date-times.ts'
import { idField, integerField, listField, objectField, textField } from './fields.ts'
import { readId } from './ids.ts'

/** Fields that campaigns of several kinds have (contract/multisender.md 5.4 to 5.9). */

const DATE_TIME = 'must be a date and time such as 2017-01-31 12:00:00'
const HINT = { description: '`YYYY-MM-DD HH:MM:SS`, UTC.', example: '2017-01-31 12:00:00' }

const dateTimeOf = (text: string, context: z.RefinementCtx): Date => {
  const instant = readDateTime(text)
  if (instant) return instant
  context.addIssue({ code: 'custom', message: DATE_TIME })
  return z.NEVER
}

export const requiredDateTime = () => z.string(DATE_TIME).transform(dateTimeOf).meta(HINT)

/** A moment; null and blank ones are none. */
export const dateTimeField = () =>
  z
    .string(DATE_TIME)
    .nullish()
    .transform((text, context) => {
      if (text === undefined || text === null) return text
      return text.trim() === '' ? null : dateTimeOf(text, context)
    })
    .meta(HINT)

/** A web address; null and blank ones are none. The domain judges it. */
export const urlField = () => textField().meta({ example: 'http://example.com/webhook/' })

export const metaField = () =>
  z
    .record(z.string(), z.unknown(), 'must be an object')
    .nullish()
    .meta({ description: 'Client meta data, which is passed, as is, in the webhook body.' })

/** The first call is none; the domain counts it. */
const MAX_REDIALS = 19

export const maxRedialsField = () =>
  integerField()
    .refine((value) => value == null || (value >= 0 && value <= MAX_REDIALS), `must be 0 to ${MAX_REDIALS}`)
    .meta({ description: 'Redials of a receiver who has not answered.', default: 3 })

/** Attempts as the domain counts them; absent and null: its default, or what was before. */
export function attemptsOf(maxRedials: number | null | undefined): { maxAttempts?: number } {
  return maxRedials == null ? {} : { maxAttempts: maxRedials + 1 }
}

export const actionButtonsField = () =>
  listField(
    objectField({
      button: z
        .union([z.string(), z.number()], { error: 'must be a string' })
        .transform((button) => String(button).trim())
        .meta({ description: 'One digit.', example: '5' }),
      action: z.enum(['accept', 'decline'], 'must be accept or decline'),
    }),
  ).meta({ description: 'Which key is understood as which reply.' })

/** What is called by the number `readId` makes of an id; null and blank ones are none. */
const optionalId = () =>
  z
    .union([z.string(), z.number()], { error: 'must be an id' })
    .nullish()
    .transform((value) => (value == null || String(value).trim() === '' ? null : readId(value)))

export interface GivenReceiver {
  accountId: number | null
  groupId: number | null
  phone?: string | null | undefined
  email?: string | null | undefined
}

const receiversField = (address: 'phone' | 'email', shape: Record<string, z.ZodType>) =>
  listField(
    objectField({ accountId: optionalId(), groupId: optionalId(), ...shape }).superRefine((receiver, context) => {
      const { accountId, groupId, phone, email } = receiver as unknown as GivenReceiver
      const given = [accountId, groupId, phone, email].filter((value) => value != null)
      if (given.length === 1) return
      const message = `must have exactly one of accountId, groupId and ${address}`
      context.addIssue({ code: 'custom', message })
    }),
  ).transform((receivers) => receivers as unknown as GivenReceiver[])

/** Each by one of three ways; a telephone number that no account has becomes one (contract/multisender.md 6). */
export const calledReceivers = () =>
  receiversField('phone', { phone: textField().meta({ description: 'E.164.' }) }).meta({
    description:
      'Each has exactly one of `accountId`, `groupId` and `phone`. A number that no account has becomes one.',
  })

/** The same with an e-mail address in the place of the number. */
export const mailedReceivers = () =>
  receiversField('email', { email: textField() }).meta({
    description:
      'Each has exactly one of `accountId`, `groupId` and `email`. An address that no account has becomes one.',
  })

export const voiceFileField = () => idField().meta({ description: 'Of a voice file that is `ready`.' })
