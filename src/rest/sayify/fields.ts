import { z } from 'zod'
import { NAME_REQUIRED, NULL, notAChoice, notADictionary, notAList, notAnObject, REQUIRED } from './words.ts'

/**
 * The fields of requests. They judge types only, in the words of Django REST framework; rules are the domains'. Nothing
 * is converted: `"5"` is no integer.
 */
const said = (wrong: string | ((value: unknown) => string)) => (issue: { input?: unknown }) => {
  if (issue.input === undefined) return REQUIRED
  if (issue.input === null) return NULL
  return typeof wrong === 'string' ? wrong : wrong(issue.input)
}

export const textField = () => z.string({ error: said('Not a valid string.') })
export const integerField = () => z.int({ error: said('A valid integer is required.') })
export const booleanField = () => z.boolean({ error: said('Must be a valid boolean.') })
export const choiceField = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: said(notAChoice) })
export const listField = <Item extends z.ZodType>(item: Item) => z.array(item, { error: said(notAList) })
/** An object of whatever keys, kept as sent. */
export const dictionaryField = () => z.record(z.string(), z.unknown(), { error: said(notADictionary) })
/** An object of known keys; others are ignored. */
export const objectField = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.object(shape, { error: ({ input }) => (input === undefined ? REQUIRED : notAnObject(input)) })

/** Missing, null and blank are one case with an error of its own. */
export const nameField = () =>
  z
    .string({ error: ({ input }) => (input === undefined || input === null ? NAME_REQUIRED : 'Not a valid string.') })
    .refine((name) => name.trim() !== '', { error: NAME_REQUIRED })
