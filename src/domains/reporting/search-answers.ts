import { z } from 'zod'
import { type Sql, sql } from '../../db/sql.ts'
import { line, parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { type Fragment, fragmentsOf, wordsOf } from './fragments.ts'
import { meets, type ResponseFilter } from './response-filter.ts'
import { formsOf, type SearchTerm, searchTerms } from './search-terms.ts'
import { hasWords, rank, stemsOf } from './words.ts'

/** So many of the newest answers that have the words are put in the order of their rank. */
export const MAX_RANKED = 10_000
const MAX_QUERY = 500

export interface AnswerSearch {
  /** As for a web search: words, "in this order", -without, or. 1 to 500 characters. */
  query: string
  /** Absent: of all links, deleted ones included. */
  linkId?: string | null | undefined
  filter?: ResponseFilter | null | undefined
}

/** Where a match stands in the list: by rank, the best first, ties by id, the newest first. */
export interface MatchPlace {
  score: number
  id: string
}

export interface AnswerMatch {
  /** Of the answer. */
  id: string
  /** Millionths: from 0 to 1,000,000. */
  score: number
  fragments: Fragment[]
}

const schema = z.object({ query: line(MAX_QUERY) })

/**
 * Answers in people's own words, spoken (by their newest transcript) or written, that have what is looked for, the best
 * first; of more than MAX_RANKED the newest. Throws INSUFFICIENT_SCOPE (`responses:read`), VALIDATION_FAILED.
 */
export async function searchAnswers(
  world: World,
  viewer: Viewer,
  search: AnswerSearch,
  page: { limit: number; after: MatchPlace | null; before: MatchPlace | null; backward: boolean },
): Promise<AnswerMatch[]> {
  requireScope(viewer, 'responses:read')
  const terms = termsOf(search)
  if (terms.length === 0) return []
  const { limit, after, before, backward } = page
  const rows = await world.db.query<{ id: string; text: string; score: number }>(
    sql`WITH found AS MATERIALIZED (
          SELECT w.answer_id AS id, floor(${rank(terms)} * 1000000)::int AS score FROM (
            SELECT w.answer_id, w.words ${from(viewer.workspaceId, search, terms)}
            ORDER BY w.answer_id DESC LIMIT ${MAX_RANKED}::int) w
        )
        SELECT a.id, a.text, page.score FROM (
          SELECT * FROM found
          WHERE ${after ? sql`(score, id) < (${after.score}::int, ${after.id}::uuid)` : sql`true`}
            AND ${before ? sql`(score, id) > (${before.score}::int, ${before.id}::uuid)` : sql`true`}
          ORDER BY ${backward ? sql`score, id` : sql`score DESC, id DESC`} LIMIT ${limit}::int) page
        JOIN answer a ON a.workspace_id = ${viewer.workspaceId}::uuid AND a.id = page.id
        ORDER BY ${backward ? sql`page.score, a.id` : sql`page.score DESC, a.id DESC`}`,
  )
  const stems = rows.length > 0 ? await stemsFor(world, terms, rows) : new Map()
  return rows.map(({ id, text, score }) => ({ id, score, fragments: fragmentsOf(text, terms, stems) }))
}

/**
 * Of the words that are looked for, with the stems of their other forms, and of those that may be the same: a stem begins
 * as its word does, so most words of a text need not be asked about.
 */
async function stemsFor({ db }: World, terms: readonly SearchTerm[][], texts: readonly { text: string }[]) {
  const of = (all: readonly { text: string }[]) => all.flatMap(({ text }) => wordsOf(text).map((word) => word.text))
  const sought = of(terms.flat())
  const initials = new Set(sought.map((word) => word[0]))
  const alike = of(texts).filter((word) => initials.has(word[0]))
  const stems = await stemsOf(db, [...new Set([...alike, ...sought.flatMap(formsOf)])])
  for (const word of sought) stems.set(word, new Set(formsOf(word).flatMap((form) => [...(stems.get(form) ?? [])])))
  return stems
}

/** How many answers have it, ranked or not. Throws as `searchAnswers`. */
export async function countMatches(world: World, viewer: Viewer, search: AnswerSearch): Promise<number> {
  requireScope(viewer, 'responses:read')
  const terms = termsOf(search)
  if (terms.length === 0) return 0
  const [row] = await world.db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count ${from(viewer.workspaceId, search, terms)}`,
  )
  return row!.count
}

function termsOf(search: AnswerSearch): SearchTerm[][] {
  return searchTerms(parse(schema, search).query)
}

function from(workspaceId: string, { linkId, filter }: AnswerSearch, terms: readonly SearchTerm[][]): Sql {
  const words = hasWords(workspaceId, terms)
  const narrows = linkId != null || Object.values(filter ?? {}).some((value) => value != null)
  if (!narrows) return sql`FROM answer_words w WHERE ${words}`
  return sql`FROM answer_words w
    JOIN answer a ON a.workspace_id = w.workspace_id AND a.id = w.answer_id
    JOIN response r ON r.workspace_id = a.workspace_id AND r.id = a.response_id
    WHERE ${words} AND ${linkId == null ? sql`true` : sql`r.link_id = ${linkId}::uuid`} AND ${meets(filter)}`
}
