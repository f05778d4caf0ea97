import { z } from 'zod'
import { readId } from './ids.ts'

/**
 * The fields of requests. They are lenient where clients of a loosely typed API are: a number is a text, `""` is none,
 * an id is a number or its digits. Rules are the domains'.
 */

/** A text; null and blank ones are none. */
export const textField = () =>
  z
    .union([z.string(), z.number()], { error: 'must be a string' })
    .nullish()
    .transform((value) => {
      if (value === null || value === undefined) return value
      const text = String(value)
      return text.trim() === '' ? null : text
    })

/** A text that must be there, which may be blank for all that this field knows. */
export const requiredText = () =>
  z.union([z.string(), z.number()], { error: 'must be a string' }).transform((value) => String(value))

const INTEGER = 'must be an integer'

/** A whole number or its digits; null and blank ones are none. */
export const integerField = () =>
  z
    .union([z.int(INTEGER), z.string(INTEGER).regex(/^\s*([+-]?\d{1,9})?\s*$/, INTEGER), z.null()], { error: INTEGER })
    .optional()
    .transform((value) => {
      if (typeof value !== 'string') return value
      return value.trim() === '' ? null : Number(value)
    })

/** An id in either form, as the number that it stands for; NaN when nothing can have it. */
export const idField = () =>
  z.union([z.string(), z.number()], { error: 'must be an id' }).transform((value) => readId(value))

/** An object of known keys; others are ignored. */
export const objectField = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.object(shape, { error: 'must be an object' })

export const listField = <Item extends z.ZodType>(item: Item) => z.array(item, { error: 'must be an array' })
