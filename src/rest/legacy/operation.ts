import type { z } from 'zod'
import type { Scope, Viewer } from '../../domains/auth/index.ts'
import type { Answer, AnswerDescription } from './answer.ts'
import type { LegacyRequest, ReadingRules } from './request.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A request on its way through an operation. */
export interface Call<Query = unknown, Body = unknown> {
  /** Who asks. Of an anonymous operation there is none, and reading it throws. */
  viewer: Viewer
  /** From the path, decoded. Any text: a malformed id is an unknown one. */
  params: Readonly<Record<string, string>>
  query: Query
  body: Body
  request: LegacyRequest
}

/** Documentation of a parameter in a path or a query. */
export interface ParameterDescription {
  description: string
  /** JSON Schema. */
  schema: object
  example?: unknown
}

export interface OperationFacts {
  /** Unique within the API. */
  id: string
  method: Method
  /** The documented path from the root, with `{parameter}`. */
  path: string
  /** Further paths of this operation alone, with the same parameters; not in the document. */
  aliases?: readonly string[]
  tag: string
  summary: string
  /** Markdown. */
  description?: string
  /** What the credential must be allowed; null: any credential will do. */
  scope: Scope | null
  /** Answered without a credential. */
  anonymous?: true
  /** Served for the sake of old clients, but not in the document. */
  undocumented?: true
  params?: Readonly<Record<string, ParameterDescription>>
  /** An example of the body. */
  example?: unknown
  /** What the domain calls a field, and what this API calls it, so that faults are told in its names. */
  names?: Readonly<Record<string, string>>
  /** The successes, and refusals of this operation's own. */
  answers: readonly AnswerDescription[]
  /** Whether a body must be sent. Default true where `body` is. */
  bodyRequired?: boolean
  /** Instead of the API's, for a body of another kind, such as files. */
  parsers?: ReadingRules['parsers']
}

export interface Operation<Query extends z.ZodType, Body extends z.ZodType> extends OperationFacts {
  /** Of the query as an object of texts (or what the API's `parseQuery` makes). Absent: nothing is looked at. */
  query?: Query
  /** Of the body, or of what the API's `input` makes. Absent: nothing is read. */
  body?: Body
  /** Finds what the path names. Throws NOT_FOUND, before query and body are judged. */
  locate?(call: Call): Promise<void>
  handle(call: Call<z.output<Query>, z.output<Body>>): Promise<Answer>
}

/** An operation whose types of query and body are forgotten. */
export interface AnyOperation extends OperationFacts {
  query?: z.ZodType
  body?: z.ZodType
  locate?(call: Call): Promise<void>
  handle(call: Call): Promise<Answer>
}

/** Describes an operation; the schemas give `handle` its types. */
export function operation<Query extends z.ZodType = z.ZodUndefined, Body extends z.ZodType = z.ZodUndefined>(
  described: Operation<Query, Body>,
): AnyOperation {
  return described as unknown as AnyOperation
}
