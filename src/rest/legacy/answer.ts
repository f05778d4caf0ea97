import type { z } from 'zod'

/** What is sent. `body` is any JSON value; without it and `items`: nothing. */
export interface Answer {
  status: number
  body?: unknown
  /** Instead of a body: the elements of a JSON array, written as they come, so that no list is ever whole in memory. */
  items?: AsyncIterable<unknown>
  headers?: Readonly<Record<string, string>>
}

/** One of the answers that an operation can give, for the document. */
export interface AnswerDescription {
  status: number
  description: string
  /** Absent: no body. */
  schema?: z.ZodType
  example?: unknown
  headers?: Readonly<Record<string, { description: string; schema: object }>>
}
