import type { z } from 'zod'

/** What is sent. `body` is any JSON value; absent: nothing. */
export interface Answer {
  status: number
  body?: unknown
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
