import type { Scope, Viewer } from '../../domains/auth/index.ts'
import type { Answer, AnswerDescription } from './answer.ts'
import type { AnyOperation } from './operation.ts'
import type { Refusal } from './refusal.ts'
import type { LegacyRequest, ReadingRules } from './request.ts'

/**
 * One legacy API: its operations as data, and the parts in which the APIs differ. From it come the routes
 * (`legacyPlugin`), the OpenAPI document and its page.
 */
export interface LegacyApi extends ReadingRules {
  /** Lower case; `/{name}` is the prefix below which everything is served as well. */
  name: string
  title: string
  version: string
  /** Markdown, for the document. */
  description: string
  operations: readonly AnyOperation[]
  /** What the groups of operations (`tag`) are, in the order of the document. */
  tags: Readonly<Record<string, string>>
  /**
   * Beginnings of paths, such as `/api/v1/links`, that belong to this API alone: what no operation has below them is
   * refused in its own words. The rest of the server's paths may be other APIs'.
   */
  owns: readonly string[]
  /** Further paths for a documented one, with the same parameters; by default none. */
  aliases?(path: string): readonly string[]
  /** Of documented paths that end in one: `redirect` answers 301 to the path without it, for every method. */
  trailingSlash: 'redirect' | 'either' | 'exact'

  /** Which media types of `parsers` the document names; the others are only tolerated. By default all. */
  mediaTypes?: readonly string[]
  /** The security schemes of OpenAPI, by name; a request needs one of them. */
  credentials: Readonly<Record<string, object>>
  /** What is asked of every request before anything else, such as a header. Throws `Refused`. */
  admit?(request: LegacyRequest): void
  /** Who asks, by whatever form of credential this API has. Throws `Refused` or UNAUTHENTICATED. */
  authenticate(request: LegacyRequest): Promise<Viewer>
  /** Counts a request of this viewer. Throws RATE_LIMITED. By default there is no limit. */
  limit?(viewer: Viewer): Promise<void>

  /** What an operation's `body` describes; by default the parsed body. For APIs that also take it from the query. */
  input?(request: LegacyRequest): Promise<unknown>

  /** The answer to whatever cannot be answered otherwise, in this API's envelope. */
  refuse(refusal: Refusal): Answer
  /** The answers that operations share, for the document: refusals above all. */
  commonAnswers(operation: { scope: Scope | null; anonymous: boolean; path: string }): readonly AnswerDescription[]
}
